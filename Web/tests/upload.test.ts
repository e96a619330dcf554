import assert from "node:assert/strict";
import { test } from "node:test";

const shelf = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };
const sent: { token: string | undefined; answer: (status: number) => void; isAborted: boolean }[] = [];
class Request {
  status = 0; responseText = ""; upload = {};
  onload: () => void = () => undefined; onabort: () => void = () => undefined;
  private token: string | undefined;
  open() { /* Nothing is sent. */ }
  setRequestHeader(name: string, value: string) { if (name === "authorization") this.token = value; }
  getResponseHeader() { return null; }
  abort() { this.onabort(); }
  send() { sent.push({ token: this.token, isAborted: false, answer: (status) => { this.status = status; this.onload(); } }); }
}
const asks = new Set<string>();
Object.assign(globalThis, { addEventListener: (name: string) => asks.add(name), removeEventListener: (name: string) => asks.delete(name) });
Object.assign(globalThis, { localStorage: shelf, sessionStorage: shelf, XMLHttpRequest: Request });

const { putFile } = await import("../src/api/upload");
const { expired, session, signedIn, signOut } = await import("../src/api/session");
const { upload, uploads } = await import("../src/files/uploading");
const later = "2999-01-01T00:00:00Z";
const file = new Blob(["a film"]) as File;
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

test("an upload waits for the password, and goes on with the new token", async () => {
  signedIn("ann", "first", later, true);
  const done = putFile("/a", file, {}, () => undefined, new AbortController().signal);
  sent.pop()?.answer(401);
  await settle();
  assert.equal(session.get().state, "expired");
  signedIn("ann", "second", later, true);
  await settle();
  const again = sent.pop();
  assert.equal(again?.token, "Bearer second");
  again?.answer(201);
  assert.equal(await done, "done");
});

test("an upload does not go on for whoever signs in after signing out", async () => {
  signedIn("ann", "ann", later, true);
  const done = putFile("/a", file, {}, () => undefined, new AbortController().signal);
  sent.pop()?.answer(401);
  await settle();
  signOut();
  signedIn("bob", "bob", later, true);
  await assert.rejects(() => done);
  assert.equal(sent.length, 0);
});

test("signing out stops and clears what is on its way", async () => {
  signedIn("ann", "ann", later, true);
  upload("film", [{ file: Object.assign(new Blob(["a"]), { name: "a.png" }) as unknown as File, folder: "01_Assets" }, { file: Object.assign(new Blob(["b"]), { name: "b.png" }) as unknown as File, folder: "01_Assets" }, { file: Object.assign(new Blob(["c"]), { name: "c.png" }) as unknown as File, folder: "01_Assets" }]);
  await settle();
  assert.equal(sent.length, 2);
  // Leaving is asked about wherever in the page somebody is, and no longer than need be.
  assert.ok(asks.has("beforeunload"));
  signOut();
  assert.deepEqual(uploads.get(), []);
  assert.ok(!asks.has("beforeunload"));
  signedIn("bob", "bob", later, true);
  await settle();
  assert.equal(sent.length, 2);
  expired();
  signOut();
});
