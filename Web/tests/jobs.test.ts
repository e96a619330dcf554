import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job } from "../src/api/types";
import { compareJobs, matchesJob, moveOf } from "../src/core/jobs";
import { EventParser } from "../src/core/sse";

const job = (part: Partial<Job>): Job => ({ id: "a", state: "queued", priority: 5, place: "1", function: "noop", project: "film", createdAt: "2026-01-01T00:00:00Z", ...part }) as Job;

test("jobs stand as they run, will run, and were run", () => {
  const list = [
    job({ id: "late", place: "2" }), job({ id: "done", state: "succeeded", finishedAt: "2026-01-02T00:00:00Z" }), job({ id: "urgent", place: "9", priority: 8 }),
    job({ id: "early", place: "1" }), job({ id: "runs", state: "running", startedAt: "2026-01-01T00:00:05Z" }), job({ id: "newest", state: "failed", finishedAt: "2026-01-03T00:00:00Z" }),
  ].sort(compareJobs).map((one) => one.id);
  assert.deepEqual(list, ["runs", "urgent", "early", "late", "newest", "done"]);
});

test("a job that is moved takes the place and, where it must, the priority of its neighbours", () => {
  const list = [{ id: "a", priority: 7 }, { id: "b", priority: 5 }, { id: "c", priority: 5 }, { id: "d", priority: 2 }];
  assert.deepEqual(moveOf(list, 2, 1), { before: "b" });
  assert.deepEqual(moveOf(list, 1, 2), { after: "c" });
  assert.deepEqual(moveOf(list, 2, 0), { priority: 7, before: "a" });
  assert.deepEqual(moveOf(list, 0, 3), { priority: 2, after: "d" });
  assert.deepEqual(moveOf(list, 3, 1), { priority: 5, before: "b" });
  assert.equal(moveOf(list, 1, 1), null);
  assert.equal(moveOf(list, 3, 4), null);
});

test("a job between two of other priorities keeps its own", () => {
  const list = [{ id: "a", priority: 9 }, { id: "b", priority: 1 }, { id: "c", priority: 1 }];
  assert.deepEqual(moveOf([...list, { id: "d", priority: 1 }], 3, 1), { before: "b" });
  assert.equal(moveOf([{ id: "x", priority: 9 }, { id: "y", priority: 5 }, { id: "z", priority: 1 }], 1, 1), null);
});

test("the search looks at shot, function and cause, all words in any order", () => {
  assert.ok(matchesJob(job({ shot: "SHOT-010", function: "mock-video" }), "video shot-01"));
  assert.ok(!matchesJob(job({ shot: "SHOT-010" }), "shot-02"));
  assert.ok(matchesJob(job({}), ""));
});

test("server-sent events are read wherever they are cut", () => {
  const text = "id: 1.1\nevent: log\ndata: {\"lines\":\"a\"}\n\n: still here\n\nid: 1.2\r\nevent: log\r\ndata: one\r\ndata: two\r\n\r\nevent: end\ndata: {}\n\n";
  for (const size of [1, 2, 7, text.length]) {
    const parser = new EventParser(), found = [];
    for (let at = 0; at < text.length; at += size) found.push(...parser.push(text.slice(at, at + size)));
    assert.deepEqual(found, [{ id: "1.1", event: "log", data: "{\"lines\":\"a\"}" }, { id: "1.2", event: "log", data: "one\ntwo" }, { id: "1.2", event: "end", data: "{}" }]);
  }
});
