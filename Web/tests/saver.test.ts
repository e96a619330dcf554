import assert from "node:assert/strict";
import { test } from "node:test";
import { setParameter } from "../src/core/commands";
import { decide } from "../src/core/decide";
import { Editor } from "../src/core/editor";
import { indexOf, type FlowDocument } from "../src/core/flow";
import { merge } from "../src/core/merge";
import { sameContent, Saver, type Version } from "../src/core/saver";
import { chain, node } from "./fixtures";

/** A gateway of one canvas, and a clock that a test turns. */
function world(first: FlowDocument) {
  let stored: Version = { document: first, etag: "1" };
  const timers: { at: number; then: () => void; off: boolean }[] = [];
  let now = 0;
  const saves: FlowDocument[] = [], kept: FlowDocument[] = [];
  const gate: { fail: boolean; refuse: boolean; hold: Promise<void> | null; keeps: Promise<void> | null } = { fail: false, refuse: false, hold: null, keeps: null };
  const here: { document: FlowDocument | null; base: string | null; forgotten: number } = { document: null, base: null, forgotten: 0 };
  const put = (document: FlowDocument) => { stored = { document, etag: String(Number(stored.etag) + 1) }; };
  return {
    saves, kept, gate, here, put, stored: () => stored,
    turn(milliseconds: number) {
      now += milliseconds;
      for (const timer of [...timers]) if (!timer.off && timer.at <= now) { timer.off = true; timer.then(); }
    },
    settle: async () => { for (let i = 0; i < 20; i += 1) await Promise.resolve(); },
    make: {
      async save(document: FlowDocument, over: string | null) {
        if (gate.hold) await gate.hold;
        if (gate.refuse) throw new Error("refused");
        if (gate.fail) throw new Error("away");
        if (over !== stored.etag) return { stale: stored };
        put(document);
        saves.push(document);
        return { saved: stored };
      },
      async keep(document: FlowDocument) { if (gate.keeps) await gate.keeps; if (gate.fail) throw new Error("away"); kept.push(document); },
      keepHere(document: FlowDocument, base: string | null) { here.document = document; here.base = base; return true; },
      forgetHere() { here.document = null; },
      async forget() { here.forgotten += 1; },
      isFinal: (error: unknown) => error instanceof Error && error.message === "refused",
      later(milliseconds: number, then: () => void) {
        const timer = { at: now + milliseconds, then, off: false };
        timers.push(timer);
        return () => { timer.off = true; };
      },
    },
  };
}

function open(first: FlowDocument) {
  const around = world(first), editor = new Editor(first);
  const saver = new Saver({ document: first, etag: "1" }, { document: () => editor.document, adopt: (document, from) => editor.rebase(document, (earlier) => merge(from, earlier, document).document) }, around.make);
  editor.subscribe(() => saver.touched());
  const type = (id: string, name: string, value: string) => editor.edit("edit", (document) => setParameter(document, id, name, value));
  return { around, editor, saver, type };
}
const parameter = (document: FlowDocument, id: string, name: string) => (indexOf(document).nodes.get(id)?.data.parameters as Record<string, unknown>)[name];

test("work is kept a moment later and saved when it rests, once", async () => {
  const { around, saver, type } = open(chain());
  type("a", "prompt", "one");
  around.turn(500);
  type("a", "prompt", "two");
  around.turn(900);
  await around.settle();
  assert.equal(saver.state, "kept");
  assert.equal(around.kept.length, 1);
  assert.equal(around.saves.length, 0);
  around.turn(8000);
  await around.settle();
  assert.equal(saver.state, "saved");
  assert.equal(around.saves.length, 1);
  assert.equal(parameter(around.stored().document, "a", "prompt"), "two");
});

test("undoing back to what is saved is nothing to save", () => {
  const { saver, editor, type } = open(chain());
  type("a", "prompt", "one");
  assert.equal(saver.state, "dirty");
  editor.undo();
  assert.equal(saver.state, "saved");
});

test("what somebody else saved is merged and saved with mine, never overwritten", async () => {
  const { around, editor, saver, type } = open(chain());
  type("a", "prompt", "mine");
  around.put({ ...setParameter(chain(), "b", "inFrame", 3), nodes: [...setParameter(chain(), "b", "inFrame", 3).nodes, node("theirs", "sound")] });
  await saver.save();
  const { document } = around.stored();
  assert.equal(parameter(document, "a", "prompt"), "mine");
  assert.equal(parameter(document, "b", "inFrame"), 3);
  assert.ok(indexOf(document).nodes.has("theirs"));
  assert.ok(sameContent(editor.document, document));
  assert.equal(saver.state, "saved");
  editor.undo();
  assert.ok(indexOf(editor.document).nodes.has("theirs"), "undo takes back my step and not theirs");
  assert.equal(parameter(editor.document, "a", "prompt"), undefined);
});

test("where both changed one thing nothing is saved before somebody decides", async () => {
  const { around, editor, saver, type } = open(chain());
  type("a", "prompt", "mine");
  const theirs = setParameter(chain(), "a", "prompt", "theirs");
  around.put(theirs);
  await saver.save();
  assert.equal(saver.state, "conflict");
  assert.deepEqual(saver.conflict?.conflicts.map(({ id, field }) => `${id} ${field}`), ["a data.parameters.prompt"]);
  assert.equal(parameter(around.stored().document, "a", "prompt"), "theirs");
  type("b", "inFrame", "7");
  around.turn(60_000);
  await around.settle();
  assert.equal(around.saves.length, 0);
  await saver.resolve(decide(chain(), editor.document, theirs, [false]));
  assert.equal(parameter(around.stored().document, "a", "prompt"), "theirs");
  assert.equal(parameter(around.stored().document, "b", "inFrame"), "7");
  assert.equal(saver.state, "saved");
});

test("what is typed while it is being saved is saved next", async () => {
  const { around, saver, type } = open(chain());
  let go = () => undefined as void;
  around.gate.hold = new Promise((resolve) => { go = resolve; });
  type("a", "prompt", "one");
  const saving = saver.save();
  type("a", "prompt", "two");
  around.gate.hold = null;
  go();
  await saving;
  assert.equal(parameter(around.stored().document, "a", "prompt"), "one");
  assert.equal(saver.isDirty, true);
  around.turn(9000);
  await around.settle();
  assert.equal(parameter(around.stored().document, "a", "prompt"), "two");
});

test("a gateway that is away is asked again until it is there", async () => {
  const { around, saver, type } = open(chain());
  around.gate.fail = true;
  type("a", "prompt", "kept");
  await saver.save();
  assert.equal(saver.state, "failed");
  around.gate.fail = false;
  around.turn(40_000);
  await around.settle();
  assert.equal(saver.state, "saved");
  assert.equal(parameter(around.stored().document, "a", "prompt"), "kept");
});

test("a node that one removed and the other changed is a conflict; removed by one alone it is gone", () => {
  const base = chain();
  const without = { ...base, nodes: base.nodes.filter((one) => one.id !== "b"), edges: [] };
  assert.equal(merge(base, base, without).document.nodes.length, 2);
  assert.equal(merge(base, without, base).document.nodes.length, 2);
  const { conflicts } = merge(base, setParameter(base, "b", "inFrame", 1), without);
  assert.deepEqual(conflicts.map(({ kind, id, field }) => [kind, id, field]), [["node", "b", ""]]);
});

test("of two places mine counts, and it is no conflict", () => {
  const base = chain(), at = (x: number) => ({ ...base, nodes: base.nodes.map((one) => (one.id === "a" ? { ...one, position: { x, y: 0 } } : one)) });
  const { document, conflicts } = merge(base, at(1), at(2));
  assert.deepEqual(conflicts, []);
  assert.deepEqual(indexOf(document).nodes.get("a")?.position, { x: 1, y: 0 });
});

test("different members of one node, and its place, never conflict", () => {
  const base = chain();
  const mine = { ...base, nodes: base.nodes.map((one) => (one.id === "a" ? { ...one, position: { x: 9, y: 9 } } : one)) };
  const theirs = setParameter(base, "a", "prompt", "theirs");
  const { document, conflicts } = merge(base, mine, theirs);
  assert.deepEqual(conflicts, []);
  assert.deepEqual(indexOf(document).nodes.get("a")?.position, { x: 9, y: 9 });
  assert.equal(parameter(document, "a", "prompt"), "theirs");
});

test("when the gateway answers again, what failed is saved at once and not after the pause", async () => {
  const { around, saver, type } = open(chain());
  around.gate.fail = true;
  type("a", "prompt", "one");
  await saver.save();
  assert.equal(saver.state, "failed");
  around.gate.fail = false;
  saver.again();
  await around.settle();
  assert.equal(saver.state, "saved");
  assert.equal(parameter(around.stored().document, "a", "prompt"), "one");
});

test("what cannot be saved is kept in this browser first, also while the gateway waits", async () => {
  const { around, saver, type } = open(chain());
  // A gateway that does not answer, as one that waits for the password.
  around.gate.keeps = new Promise(() => undefined);
  around.gate.hold = new Promise(() => undefined);
  type("a", "prompt", "one");
  around.turn(900);
  assert.equal(parameter(around.here.document as FlowDocument, "a", "prompt"), "one");
  type("a", "prompt", "two");
  void saver.save();
  assert.equal(parameter(around.here.document as FlowDocument, "a", "prompt"), "two");
  assert.equal(around.here.base, "1");
});

test("a save that fails leaves what was typed meanwhile in this browser, one that succeeds nothing", async () => {
  const { around, saver, type } = open(chain());
  let go = () => undefined as void;
  around.gate.hold = new Promise((resolve) => { go = resolve; });
  around.gate.fail = true;
  type("a", "prompt", "one");
  const saving = saver.save();
  type("a", "prompt", "two");
  go();
  await saving;
  assert.equal(parameter(around.here.document as FlowDocument, "a", "prompt"), "two");
  around.gate.fail = false;
  await saver.save();
  assert.equal(around.here.document, null);
});

test("what was kept is forgotten when it is undone", async () => {
  const { around, editor, saver, type } = open(chain());
  type("a", "prompt", "one");
  around.turn(900);
  await around.settle();
  assert.equal(around.kept.length, 1);
  editor.undo();
  await around.settle();
  assert.deepEqual([saver.state, around.here.document, around.here.forgotten], ["saved", null, 1]);
});

test("what was kept is forgotten after it was kept, however slowly, and not where something new was typed", async () => {
  const { around, editor, type } = open(chain());
  let go = () => undefined as void;
  around.gate.keeps = new Promise((resolve) => { go = resolve; });
  type("a", "prompt", "one");
  around.turn(900);
  await around.settle();
  editor.undo();
  await around.settle();
  assert.equal(around.here.forgotten, 0);
  go();
  await around.settle();
  assert.equal(around.here.forgotten, 1);
  type("a", "prompt", "one");
  around.turn(900);
  editor.undo();
  type("a", "prompt", "two");
  await around.settle();
  assert.equal(around.here.forgotten, 1);
});

test("what is refused is not tried again by itself, and says why", async () => {
  const { around, saver, type } = open(chain());
  around.gate.refuse = true;
  type("a", "prompt", "one");
  await saver.save();
  assert.equal(saver.state, "refused");
  assert.match(String(saver.error), /refused/);
  around.gate.refuse = false;
  around.turn(100_000);
  await around.settle();
  assert.equal(around.saves.length, 0);
  saver.again();
  await around.settle();
  assert.equal(saver.state, "saved");
});

test("a canvas that was left begins nothing more, and keeps here what was not saved", async () => {
  const { around, saver, type } = open(chain());
  around.gate.fail = true;
  type("a", "prompt", "one");
  const saving = saver.save();
  saver.stop();
  await saving;
  around.gate.fail = false;
  around.turn(100_000);
  await around.settle();
  assert.equal(around.saves.length, 0);
  assert.equal(parameter(around.here.document as FlowDocument, "a", "prompt"), "one");
});

test("after signing out nothing is sent", async () => {
  const { around, saver, type } = open(chain());
  let go = () => undefined as void;
  around.gate.hold = new Promise((resolve) => { go = resolve; });
  type("a", "prompt", "one");
  const saving = saver.save();
  type("a", "prompt", "two");
  const next = saver.save();
  saver.end();
  go();
  await Promise.all([saving, next]);
  around.turn(100_000);
  await around.settle();
  assert.equal(around.saves.length, 1);
});

test("after signing out nothing is sent either by what waited for its turn when the canvas was left", async () => {
  const { around, saver, type } = open(chain());
  let go = () => undefined as void;
  around.gate.hold = new Promise((resolve) => { go = resolve; });
  type("a", "prompt", "one");
  const saving = saver.save();
  type("a", "prompt", "two");
  // As the page leaves it.
  saver.end();
  const last = saver.save();
  saver.stop();
  go();
  await Promise.all([saving, last]);
  assert.deepEqual(around.saves.map((document) => parameter(document, "a", "prompt")), ["one"]);
});

test("a canvas that is deleted with changes is not saved again, however it is left, and not kept", async () => {
  const { around, saver, type } = open(chain());
  type("a", "prompt", "one");
  around.turn(900);
  await around.settle();
  type("a", "prompt", "two");
  around.turn(900);
  let go = () => undefined as void;
  const asked: string[] = [];
  const removing = saver.remove(async (etag) => { asked.push(etag); await new Promise<void>((resolve) => { go = resolve; }); });
  await around.settle();
  // The pause ends while it is deleted.
  around.turn(10_000);
  await around.settle();
  go();
  await removing;
  void saver.save();
  saver.stop();
  around.turn(100_000);
  await around.settle();
  assert.deepEqual([asked, around.saves.length, around.here.document], [["1"], 0, null]);
});

test("a canvas that could not be deleted is saved as before", async () => {
  const { around, saver, type } = open(chain());
  type("a", "prompt", "one");
  await assert.rejects(() => saver.remove(() => Promise.reject(new Error("changed"))), /changed/);
  around.turn(10_000);
  await around.settle();
  assert.equal(parameter(around.stored().document, "a", "prompt"), "one");
  assert.equal(saver.state, "saved");
});

test("what somebody asked to decide about is kept in this browser, over the version it was made on", async () => {
  const { around, saver, type } = open(chain());
  type("a", "prompt", "mine");
  around.put(setParameter(chain(), "a", "prompt", "theirs"));
  await saver.save();
  assert.equal(saver.state, "conflict");
  assert.equal(parameter(around.here.document as FlowDocument, "a", "prompt"), "mine");
  assert.equal(around.here.base, "1");
});

test("a version that was read before my own save does not take it back", async () => {
  const { around, editor, saver, type } = open(chain());
  let arrive: (version: Version) => void = () => undefined;
  around.put(setParameter(chain(), "b", "inFrame", 3));
  const before = around.stored();
  let reads = 0;
  const looking = saver.look(() => { reads += 1; return reads === 1 ? new Promise((resolve) => { arrive = resolve; }) : Promise.resolve(around.stored()); });
  await around.settle();
  type("a", "prompt", "mine");
  await saver.save();
  assert.equal(parameter(around.stored().document, "a", "prompt"), "mine");
  arrive(before);
  await looking;
  assert.equal(parameter(editor.document, "a", "prompt"), "mine");
  assert.equal(parameter(editor.document, "b", "inFrame"), 3);
  assert.equal(saver.isDirty, false);
});

test("somebody else's save during mine is looked up after it", async () => {
  const { around, editor, saver, type } = open(chain());
  let go = () => undefined as void;
  around.gate.hold = new Promise((resolve) => { go = resolve; });
  type("a", "prompt", "mine");
  const saving = saver.save();
  const looking = saver.look(() => {
    around.put(setParameter(around.stored().document, "b", "inFrame", 3));
    return Promise.resolve(around.stored());
  });
  around.gate.hold = null;
  go();
  await saving;
  assert.equal(await looking, true);
  assert.equal(parameter(editor.document, "b", "inFrame"), 3);
});

const group = (id: string, x: number, more: object = {}) => ({ id, type: "group", position: { x, y: 0 }, width: 400, height: 300, data: {}, ...more });
const lies = (document: FlowDocument, id: string) => { const found = indexOf(document).nodes.get(id); return found && [found.position.x, found.parentId ?? null]; };
const change = (document: FlowDocument, id: string, part: object): FlowDocument => ({ ...document, nodes: document.nodes.map((one) => (one.id === id ? { ...one, ...part } : one)) });
const drop = (document: FlowDocument, id: string): FlowDocument => ({ ...document, nodes: document.nodes.filter((one) => one.id !== id) });

test("a place comes from the side that put the node into another group", () => {
  const base: FlowDocument = { nodes: [group("g", 1000), node("a", "film", 10), node("b", "film", 1010)], edges: [] };
  const theirs = change(base, "a", { parentId: "g", position: { x: 5, y: 0 } });
  const mine = change(base, "a", { position: { x: 70, y: 0 } });
  const { document, conflicts } = merge(base, mine, theirs);
  assert.deepEqual(conflicts, []);
  assert.deepEqual(lies(document, "a"), [5, "g"]);
  assert.deepEqual(lies(merge(base, theirs, mine).document, "a"), [5, "g"]);
});

test("what lies in a group that somebody deleted stays where it is seen", () => {
  const base: FlowDocument = { nodes: [group("outer", 1000), group("inner", 100, { parentId: "outer" }), node("a", "film", 10, 0, { parentId: "inner" })], edges: [] };
  const theirs: FlowDocument = { nodes: [node("a", "film", 1110)], edges: [] };
  const mine = { ...base, nodes: [...base.nodes, node("new", "film", 20, 0, { parentId: "inner" })] };
  const both = merge(base, mine, theirs);
  assert.deepEqual(both.conflicts, []);
  assert.deepEqual(lies(both.document, "new"), [1120, null]);
  assert.deepEqual(lies(both.document, "a"), [1110, null]);
  // Only the inner one was deleted: what lay in it lies in the outer one.
  const without = drop(change(base, "a", { parentId: "outer", position: { x: 110, y: 0 } }), "inner");
  assert.deepEqual(lies(merge(base, mine, without).document, "new"), [120, "outer"]);
});

test("to delete a node against moving it deletes it; against changing it is asked", () => {
  const base = chain();
  const gone = { ...drop(base, "b"), edges: [] };
  const { document, conflicts } = merge(base, change(base, "b", { position: { x: 9, y: 9 }, width: 300 }), gone);
  assert.deepEqual(conflicts, []);
  assert.equal(indexOf(document).nodes.has("b"), false);
  assert.equal(indexOf(merge(base, gone, change(base, "b", { position: { x: 9, y: 9 } })).document).nodes.has("b"), false);
  assert.equal(merge(base, gone, setParameter(base, "b", "inFrame", 1)).conflicts.length, 1);
});

test("groups stand before what lies in them, and are not put into each other", () => {
  const base: FlowDocument = { nodes: [node("a", "film", 10), group("g", 0), group("h", 500)], edges: [] };
  const theirs = change(base, "g", { parentId: "h" }), mine = change(change(base, "a", { parentId: "g" }), "h", { parentId: "g" });
  const { document } = merge(base, mine, theirs);
  const order = document.nodes.map((one) => one.id);
  assert.ok(order.indexOf("g") < order.indexOf("a"), order.join());
  assert.deepEqual(lies(document, "h"), [500, null]);
  assert.deepEqual(lies(document, "g"), [0, "h"]);
  assert.ok(order.indexOf("h") < order.indexOf("g"), order.join());
});

test("a group that is given up when somebody decides leaves its nodes in sight", () => {
  const base: FlowDocument = { nodes: [group("g", 1000), node("a", "film", 10, 0, { parentId: "g" })], edges: [] };
  const mine = change(base, "g", { data: { label: "mine" } });
  const theirs: FlowDocument = { nodes: [node("a", "film", 1010)], edges: [] };
  assert.equal(merge(base, mine, theirs).conflicts.length, 1);
  const decided = decide(base, { ...mine, nodes: [...mine.nodes, node("new", "film", 20, 0, { parentId: "g" })] }, theirs, [false]);
  assert.deepEqual(lies(decided, "new"), [1020, null]);
});
