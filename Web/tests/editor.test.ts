import assert from "node:assert/strict";
import { test } from "node:test";
import { addNode, copy, insertOnEdge, paste, remove, setParameter } from "../src/core/commands";
import { adoptAll } from "../src/canvas/actions";
import { Editor } from "../src/core/editor";
import { absolute, indexOf, readDocument, savedForm } from "../src/core/flow";
import { adopt, group, groupAt, ungroup } from "../src/core/groups";
import { catalogue, chain, node } from "./fixtures";

const sizes = { catalogue, hasPreview: () => false };

test("typing in one field is one step, and another field begins another", () => {
  const editor = new Editor(chain());
  const type = (name: string, text: string) => editor.edit("edit", (document) => setParameter(document, "a", name, text), { merge: `a:${name}` });
  for (const text of ["d", "da", "dawn"]) type("prompt", text);
  type("other", "x");
  assert.equal(indexOf(editor.document).nodes.get("a")?.data.parameters && JSON.stringify(indexOf(editor.document).nodes.get("a")?.data.parameters), '{"prompt":"dawn","other":"x"}');
  editor.undo();
  assert.equal(JSON.stringify(indexOf(editor.document).nodes.get("a")?.data.parameters), '{"prompt":"dawn"}');
  editor.undo();
  assert.equal(JSON.stringify(indexOf(editor.document).nodes.get("a")?.data.parameters), "{}");
  assert.equal(editor.undo(), null);
  editor.redo();
  assert.equal(JSON.stringify(indexOf(editor.document).nodes.get("a")?.data.parameters), '{"prompt":"dawn"}');
});

test("leaving a field ends its step", () => {
  const editor = new Editor(chain());
  editor.edit("edit", (document) => setParameter(document, "a", "prompt", "one"), { merge: "a" });
  editor.seal();
  editor.edit("edit", (document) => setParameter(document, "a", "prompt", "two"), { merge: "a" });
  editor.undo();
  assert.equal((indexOf(editor.document).nodes.get("a")?.data.parameters as { prompt: string }).prompt, "one");
});

test("a drag is one step, and one that is given up is none", () => {
  const editor = new Editor(chain());
  editor.setMoving(new Map([["a", { x: 10, y: 10 }]]));
  editor.setMoving(null);
  assert.equal(editor.undoLabel, null);
  editor.setMoving(new Map([["a", { x: 10, y: 10 }]]));
  editor.setMoving(new Map([["a", { x: 40, y: 20 }]]));
  editor.drop("move");
  assert.deepEqual(indexOf(editor.document).nodes.get("a")?.position, { x: 40, y: 20 });
  editor.undo();
  assert.deepEqual(indexOf(editor.document).nodes.get("a")?.position, { x: 0, y: 0 });
  assert.equal(editor.undo(), null);
});

test("undoing a deletion brings back nodes, connections and what was selected", () => {
  const editor = new Editor(chain());
  editor.select(["a"]);
  editor.edit("delete", (document) => remove(document, new Set(["a"])));
  assert.equal(editor.document.edges.length, 0);
  assert.equal(editor.get().selection.size, 0);
  editor.undo();
  assert.deepEqual(editor.document, chain());
  assert.ok(editor.get().selection.has("a"));
});

test("a change that changes nothing is no step", () => {
  const editor = new Editor(chain());
  editor.edit("nothing", (document) => remove(document, new Set(["none"])));
  assert.equal(editor.undoLabel, null);
});

test("what is pasted has ids of its own, its connections, and nothing of the outside", () => {
  const document = chain();
  const clip = copy(document, new Set(["a", "b"]));
  assert.ok(clip);
  const { document: pasted, ids } = paste(document, clip, { x: 500, y: 500 }, 20);
  assert.equal(pasted.nodes.length, 5);
  assert.equal(new Set(pasted.nodes.map((one) => one.id)).size, 5);
  assert.equal(pasted.edges.length, 2);
  assert.equal(new Set(pasted.edges.map((one) => one.id)).size, 2);
  const edge = pasted.edges[1];
  assert.deepEqual([edge?.source, edge?.target], ids);
  assert.deepEqual(indexOf(pasted).nodes.get(ids[0] as string)?.position, { x: 500, y: 500 });
});

test("a group takes its nodes along, and taking it apart leaves them where they are", () => {
  const document = chain();
  const made = group(document, new Set(["a", "b"]), "Scene", sizes);
  assert.ok(made);
  const places = (at: typeof document) => ["a", "b"].map((id) => absolute(at, indexOf(at).nodes.get(id) as never));
  assert.deepEqual(places(made.document), places(document));
  const moved = { ...made.document, nodes: made.document.nodes.map((one) => (one.id === made.id ? { ...one, position: { x: one.position.x + 100, y: one.position.y } } : one)) };
  assert.deepEqual(places(moved), places(document).map((at) => ({ x: at.x + 100, y: at.y })));
  const apart = ungroup(moved, made.id);
  assert.deepEqual(places(apart), places(moved));
  assert.equal(apart.nodes.some((one) => one.parentId), false);
  const order = made.document.nodes.map((one) => one.id);
  assert.ok(order.indexOf(made.id) < order.indexOf("a"), "a parent stands before its children");
});

test("deleting a group alone keeps what lay in it where it was", () => {
  const made = group(chain(), new Set(["a"]), "Scene", sizes);
  assert.ok(made);
  const after = remove(made.document, new Set([made.id]));
  assert.deepEqual(indexOf(after).nodes.get("a")?.position, { x: 0, y: 0 });
  assert.equal(indexOf(after).nodes.get("a")?.parentId, undefined);
});

test("a node let go over a group belongs to it, and leaves it again", () => {
  const frame = { id: "g", type: "group", position: { x: 100, y: 100 }, data: {}, width: 500, height: 400 };
  let document = { ...chain(), nodes: [...chain().nodes.map((one) => (one.id === "a" ? { ...one, position: { x: 200, y: 200 } } : one)), frame] };
  assert.equal(groupAt(document, { x: 220, y: 220 }, new Set(["a"])), "g");
  document = adopt(document, new Set(["a"]), "g");
  assert.deepEqual(indexOf(document).nodes.get("a")?.position, { x: 100, y: 100 });
  assert.ok(document.nodes.findIndex((one) => one.id === "g") < document.nodes.findIndex((one) => one.id === "a"));
  document = adopt(document, new Set(["a"]), null);
  assert.deepEqual(indexOf(document).nodes.get("a")?.position, { x: 200, y: 200 });
});

test("a node put on a connection stands between its ends", () => {
  const document = addNode(chain(), node("c", "trim", 150));
  const after = insertOnEdge(document, "e", "c", catalogue);
  assert.ok(after);
  assert.deepEqual(after.edges.map((edge) => `${edge.source}>${edge.target}`).sort(), ["a>c", "c>b"]);
  assert.equal(insertOnEdge(addNode(chain(), node("s", "sound")), "e", "s", catalogue), null);
});

test("what is not known is kept, and what belongs to a screen is not saved", () => {
  const raw = { version: 7, nodes: [{ id: "x", type: "later", position: { x: 1, y: 2 }, data: { odd: [1] }, zIndex: 4, selected: true, measured: { width: 1 } }], edges: [{ id: "e", source: "x", target: "y", animated: true, targetHandle: null }] };
  const document = readDocument(raw);
  const saved = savedForm(document);
  assert.deepEqual(saved.nodes[0], { id: "x", type: "later", position: { x: 1, y: 2 }, data: { odd: [1] }, zIndex: 4 });
  assert.deepEqual(saved.edges[0], raw.edges[0]);
  assert.equal(saved.version, 7);
});

test("each of several nodes that are let go lies in the group below itself", () => {
  const box = (id: string, x: number) => ({ id, type: "group", position: { x, y: 0 }, width: 300, height: 300, data: {} });
  const document = { nodes: [box("g", 0), box("h", 1000), node("a", "film", 40, 40), node("b", "film", 1040, 40), node("c", "film", 5000)], edges: [] };
  const all = new Set(["a", "b", "c"]);
  const { nodes } = indexOf(adoptAll(document, all, all));
  assert.deepEqual(["a", "b", "c"].map((id) => [nodes.get(id)?.parentId, nodes.get(id)?.position.x]), [["g", 40], ["h", 40], [undefined, 5000]]);
});

test("what belongs to a step is taken back with it", () => {
  const editor = new Editor(chain());
  editor.edit("add", (document) => addNode(document, node("new", "film")));
  const mark = editor.lastStep;
  editor.amend({ ...editor.document, edges: [] });
  assert.equal(editor.lastStep, mark);
  assert.equal(editor.undo(), "add");
  assert.equal(editor.undo(), null);
  assert.equal(editor.document.edges.length, 1);
  assert.notEqual(editor.lastStep, mark);
});

test("a step that is given up while it grows has never been", () => {
  const editor = new Editor(chain());
  editor.edit("move", (document) => addNode(document, node("new", "film")));
  const size = (width: number) => editor.edit("resize", (document) => ({ ...document, nodes: document.nodes.map((one) => (one.id === "a" ? { ...one, width } : one)) }), { merge: "resize:a" });
  size(300);
  size(320);
  editor.abandon("resize:a");
  assert.equal(indexOf(editor.document).nodes.get("a")?.width, undefined);
  editor.abandon("resize:a");
  assert.equal(editor.undoLabel, "move");
});
