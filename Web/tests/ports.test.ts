import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, firstFit, reconnect } from "../src/core/commands";
import { indexOf } from "../src/core/flow";
import { inputsOf, judge, outputsOf } from "../src/core/ports";
import { catalogue, chain, node } from "./fixtures";

const wish = (source: string, sourceHandle: string | null, target: string, targetHandle: string | null) => ({ source, sourceHandle, target, targetHandle });

test("kinds that do not fit are refused, with both named", () => {
  const document = { ...chain(), nodes: [...chain().nodes, node("m", "model")], edges: [] };
  assert.deepEqual(judge(document, wish("m", "weights", "b", "source"), catalogue), { refusal: "kinds", from: "model", to: "video" });
  assert.equal(judge(document, wish("a", "video", "b", "source"), catalogue), null);
});

test("a picture is a film of one frame, and a film is its sound", () => {
  const document = { nodes: [node("s", "still"), node("t", "trim")], edges: [] };
  assert.equal(judge(document, wish("s", "image", "t", "source"), catalogue), null);
});

test("a loop is refused, however long", () => {
  const document = { nodes: [node("a", "trim"), node("b", "trim"), node("c", "trim")], edges: [{ id: "1", source: "a", target: "b", targetHandle: "source" }, { id: "2", source: "b", target: "c", targetHandle: "source" }] };
  assert.equal(judge(document, wish("c", "video", "a", "source"), catalogue)?.refusal, "loop");
  assert.equal(judge(document, wish("a", "video", "a", "source"), catalogue)?.refusal, "same-node");
});

test("the same connection is not made twice", () => {
  assert.equal(judge(chain(), wish("a", "video", "b", "source"), catalogue)?.refusal, "twice");
});

test("an input for one file gives up the one it had; one for several keeps them", () => {
  const document = { ...chain(), nodes: [...chain().nodes, node("f", "film"), node("l", "concat")] };
  const single = connect(document, wish("f", "video", "b", "source"), catalogue);
  assert.deepEqual(indexOf(single).incoming.get("b")?.map((edge) => edge.source), ["f"]);
  const several = connect(connect(document, wish("a", "video", "l", "sources"), catalogue), wish("f", "video", "l", "sources"), catalogue);
  assert.equal(indexOf(several).incoming.get("l")?.length, 2);
});

test("a value goes into a parameter, and a film does not", () => {
  const document = chain();
  assert.equal(judge(document, wish("v", null, "a", "parameter:prompt"), catalogue)?.refusal, "no-port");
  const pinned = { ...document, nodes: document.nodes.map((one) => (one.id === "a" ? { ...one, data: { ...one.data, pinned: ["prompt", "seconds"] } } : one)) };
  assert.equal(judge(pinned, wish("v", null, "a", "parameter:prompt"), catalogue), null);
  assert.equal(judge(pinned, wish("v", null, "a", "parameter:seconds"), catalogue), null);
  const films = { ...pinned, nodes: [...pinned.nodes, node("z", "film")] };
  assert.equal(judge(films, wish("z", "video", "a", "parameter:prompt"), catalogue)?.refusal, "needs-value");
  assert.equal(judge(pinned, wish("v", null, "b", "source"), catalogue)?.refusal, "kinds");
});

test("ports that a connection names are shown, also where the function here has none", () => {
  const document = { nodes: [node("a", "film"), node("b", "trim")], edges: [{ id: "1", source: "a", target: "b", targetHandle: "later" }, { id: "2", source: "a", target: "b", targetHandle: "parameter:x" }] };
  assert.deepEqual(inputsOf(document, document.nodes[1] as never, catalogue).map((port) => port.handle), ["source", "later", "parameter:x"]);
});

test("the first free input that fits is found", () => {
  const document = { ...chain(), edges: [] };
  assert.deepEqual(firstFit(document, { node: "a", handle: "video" }, "b", catalogue), wish("a", "video", "b", "source"));
  assert.equal(firstFit(chain(), { node: "a", handle: "video" }, "b", catalogue), null);
});

test("a connection that is led elsewhere keeps what it held", () => {
  const document = { ...chain(), nodes: [...chain().nodes, node("d", "trim")], edges: [{ ...chain().edges[0], data: { order: 3 } } as never] };
  const after = reconnect(document, "e", wish("a", "video", "d", "source"), catalogue);
  assert.deepEqual(after.edges, [{ id: "e", source: "a", sourceHandle: "video", target: "d", targetHandle: "source", data: { order: 3 } }]);
});

test("a list of values is a list, and files are what their names say", () => {
  const value = { id: "v", type: "value", position: { x: 0, y: 0 }, data: { value: [1, 2] } };
  assert.deepEqual(outputsOf(value, catalogue).map(({ kind, list }) => ({ kind, list })), [{ kind: "number", list: true }]);
  const file = { id: "f", type: "asset", position: { x: 0, y: 0 }, data: { path: "01_Assets/plate.EXR" } };
  assert.equal(outputsOf(file, catalogue)[0]?.kind, "image");
});
