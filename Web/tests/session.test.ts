import assert from "node:assert/strict";
import { test } from "node:test";
import type { Me } from "../src/api/types";
import type { CutClip } from "../src/core/cut";
import type { FlowDocument } from "../src/core/flow";

const full = new Set<unknown>();
class Shelf {
  getItem(key: string): string | null { return (this as unknown as Record<string, string>)[key] ?? null; }
  setItem(key: string, value: string): void { if (full.has(this)) throw new Error("full"); (this as unknown as Record<string, string>)[key] = String(value); }
  removeItem(key: string): void { delete (this as unknown as Record<string, string>)[key]; }
}
const local = new Shelf(), tab = new Shelf();
let tell: (event: { key: string; newValue: string | null }) => void = () => undefined;
Object.assign(globalThis, { localStorage: local, sessionStorage: tab, window: { addEventListener: (_: string, listener: typeof tell) => { tell = listener; } } });

const { expired, followOtherTabs, known, session, signedIn, signOut } = await import("../src/api/session");
const { leaveNothingBehind } = await import("../src/api/leaving");
const { forgetDraft, keepDraft, keepHere, keptDraft, keptHere } = await import("../src/api/kept");
followOtherTabs();
leaveNothingBehind();

const later = "2999-01-01T00:00:00Z";
const person = (id: string) => ({ user: { id, email: `${id}@studio.local`, displayName: id } }) as Me;
const clip: CutClip = { key: "k", take: "t", file: null, name: "n", shot: "S", in: 0, out: 48, dissolve: 0, fadeOut: 0, frames: 48, rate: 24 };

const chain = (x: number): FlowDocument => ({ nodes: [{ id: "a", type: "note", position: { x, y: 0 }, data: {} }], edges: [] });

function comeIn(id: string) {
  signedIn(`${id}@studio.local`, `token-of-${id}`, later, true);
  known(person(id));
}
/** What another tab does to the browser's storage. */
function elsewhere(key: string, value: string | null) {
  if (value === null) local.removeItem(key); else local.setItem(key, value);
  tell({ key, newValue: value });
}
const tokenOf = (id: string) => JSON.stringify({ token: `new-token-of-${id}`, expiresAt: Date.parse(later), email: `${id}@studio.local` });

test("a token that ends in another tab asks for the password here, and what was kept stays", () => {
  comeIn("ann");
  keepDraft("film", null, { clips: [clip], etag: null });
  elsewhere("studio.session", null);
  const now = session.get();
  assert.equal(now.state, "expired");
  assert.equal(now.state === "expired" && now.email, "ann@studio.local");
  assert.equal(now.state === "expired" && now.wasKept, true);
  assert.equal(keptDraft("film", null)?.clips.length, 1);
  // Signed in again there: here too.
  elsewhere("studio.session", tokenOf("ann"));
  assert.equal(session.get().state, "in");
  assert.equal((session.get() as { me: Me }).me.user.id, "ann");
});

test("what waits for one person is not sent as another who signs in elsewhere", () => {
  comeIn("ann");
  expired();
  elsewhere("studio.session", tokenOf("bob"));
  assert.equal(session.get().state, "expired");
  elsewhere("studio.session", tokenOf("ann"));
  assert.equal(session.get().state, "in");
  elsewhere("studio.session", tokenOf("bob"));
  assert.equal((session.get() as { token: string }).token, "new-token-of-ann");
});

test("signing out in one tab signs the others out, and only one's own is taken away", () => {
  comeIn("ann");
  keepDraft("film", "first", { clips: [clip], etag: "x" });
  local.setItem("studio.kept:film/main_canvas", JSON.stringify({ user: "bob" }));
  local.setItem("studio.kept:film/other", JSON.stringify({ user: "ann" }));
  local.setItem("studio.kept:film/broken", "{");
  elsewhere("studio.signed-out", "1");
  assert.equal(session.get().state, "out");
  assert.deepEqual(Object.keys(local).filter((key) => key.startsWith("studio.kept:")), ["studio.kept:film/main_canvas"]);
  comeIn("ann");
  assert.equal(keptDraft("film", "first"), null);
  signOut();
  assert.notEqual(local.getItem("studio.signed-out"), null);
});

test("a cut that is not saved is there for who made it, until it is saved", () => {
  comeIn("ann");
  keepDraft("film", null, { clips: [clip], etag: null });
  assert.deepEqual(keptDraft("film", null), { clips: [clip], etag: null });
  assert.equal(keptDraft("film", "other"), null);
  known(person("bob"));
  assert.equal(keptDraft("film", null), null);
  known(person("ann"));
  forgetDraft("film", null);
  assert.equal(keptDraft("film", null), null);
  local.setItem("studio.kept:ann/cut:film/", JSON.stringify({ user: "ann", draft: { clips: [{ name: 1 }], etag: null } }));
  assert.equal(keptDraft("film", null), null);
});

test("what two people keep of the same lies beside each other", async () => {
  const canvas = (x: number) => ({ base: "1", document: chain(x) });
  comeIn("ann");
  keepDraft("film", "first", { clips: [clip], etag: "of ann" });
  keepHere("film", "main_canvas", canvas(1));
  comeIn("bob");
  keepDraft("film", "first", { clips: [clip, clip], etag: "of bob" });
  keepHere("film", "main_canvas", canvas(2));
  forgetDraft("film", "second");
  assert.equal(keptDraft("film", "first")?.etag, "of bob");
  comeIn("ann");
  assert.equal(keptDraft("film", "first")?.etag, "of ann");
  assert.equal((await keptHere("film", "main_canvas"))?.document.nodes[0]?.position.x, 1);
  signOut();
  assert.deepEqual(Object.keys(local).filter((key) => /^studio.kept:(ann|bob)/.test(key)).sort(), ["studio.kept:bob/cut:film/first", "studio.kept:bob/film/main_canvas"]);
  // Whoever leaves before it is known who it is takes nothing of others along.
  signedIn("ann@studio.local", "token", later, true);
  signOut();
  comeIn("bob");
  assert.equal((await keptHere("film", "main_canvas"))?.document.nodes[0]?.position.x, 2);
  signOut();
});

test("a browser that is full lets people in, and brings back nothing that is older than what it had no room for", async () => {
  comeIn("ann");
  assert.equal(keepHere("film", "main_canvas", { base: "1", document: chain(1) }), true);
  full.add(local);
  assert.equal(keepHere("film", "main_canvas", { base: "1", document: chain(2) }), false);
  assert.equal(await keptHere("film", "main_canvas"), null);
  comeIn("ann");
  assert.equal(session.get().state, "in");
  assert.match(tab.getItem("studio.session") ?? "", /token-of-ann/);
  full.add(tab);
  comeIn("ann");
  assert.equal(session.get().state, "in");
  full.clear();
  signOut();
});

test("a token of one tab that has ended waits for its own person, whoever signs out elsewhere", () => {
  signedIn("ann@studio.local", "token-of-ann", later, false);
  known(person("ann"));
  expired();
  elsewhere("studio.signed-out", "2");
  assert.equal(session.get().state, "expired");
  comeIn("ann");
  expired();
  elsewhere("studio.signed-out", "3");
  assert.equal(session.get().state, "out");
});

test("a token that ends takes nobody else's away", () => {
  comeIn("ann");
  elsewhere("studio.session", tokenOf("bob"));
  assert.equal((session.get() as { token: string }).token, "token-of-ann");
  expired();
  assert.match(local.getItem("studio.session") ?? "", /new-token-of-bob/);
  signOut();
});
