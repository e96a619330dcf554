import assert from "node:assert/strict";
import { test } from "node:test";
import { byNode, shareDone, targetsOf, withJobState, type Run, type RunNode } from "../src/core/runs";
import { chain, node } from "./fixtures";

const job = (name: string, state: RunNode["state"], more: Partial<RunNode> = {}): RunNode => ({ node: name, state, job: `job-${name}-${more.index ?? 0}`, ...more });

test("a node that was fanned out is as far as the furthest behind of its jobs", () => {
  const nodes = byNode([job("a", "succeeded", { index: 0 }), job("a", "running", { index: 1 }), job("b", "succeeded", { cached: true }), job("c", "queued"), job("c", "failed", { index: 1, failure: { code: "timeout", message: "too long", retryable: false } })]);
  assert.deepEqual([...nodes].map(([name, run]) => [name, run.state, run.done, run.total]), [["a", "running", 1, 2], ["b", "cached", 1, 1], ["c", "failed", 1, 2]]);
  assert.equal(nodes.get("c")?.failure?.message, "too long");
});

test("news of a job change its node, and news of other runs nothing", () => {
  const run: Run = { id: "r", project: "film", canvas: "main_canvas", state: "running", credits: 2, createdAt: "", nodes: [job("a", "queued"), job("b", "waiting")] };
  const next = withJobState(run, { run: "r", node: "a", job: "job-a-0", state: "running" });
  assert.equal(byNode(next.nodes ?? []).get("a")?.state, "running");
  assert.equal(withJobState(run, { run: "other", node: "a", job: "job-a-0", state: "running" }), run);
  assert.equal(withJobState(run, { run: "r", node: "z", job: "unknown", state: "running" }), run);
  assert.equal(shareDone({ ...run, nodes: [job("a", "succeeded"), job("b", "running")] }), 0.5);
});

test("what can be made is made: of a group what lies in it, of notes and values nothing", () => {
  const document = { ...chain(), nodes: [{ id: "g", type: "group", position: { x: 0, y: 0 }, data: {} }, ...chain().nodes.map((one) => (one.id === "b" ? { ...one, parentId: "g" } : one)), node("c", "film")] };
  assert.deepEqual(targetsOf(document, ["g", "v"]), ["b"]);
  assert.deepEqual(targetsOf(document, ["c", "b"]), ["c", "b"]);
});
