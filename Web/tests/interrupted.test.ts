import assert from "node:assert/strict";
import { test } from "node:test";
import { InterruptedUploads, isSameFile, printOf, type Shelf } from "../src/core/interrupted";

class FakeShelf implements Shelf {
  readonly kept = new Map<string, string>();
  getItem(key: string) { return this.kept.get(key) ?? null; }
  setItem(key: string, value: string) { this.kept.set(key, value); }
  removeItem(key: string) { this.kept.delete(key); }
}

const place = { project: "film", folder: "01_Assets", name: "large.mov" }, print = { size: 50, modified: 7, head: "ab" };

test("an upload is found again by its place and its file, until it has come", () => {
  const shelf = new FakeShelf();
  const uploads = new InterruptedUploads(shelf, "mine", () => 1000);
  uploads.remember({ ...place, ...print });
  uploads.remember({ ...place, name: "other.mov", ...print });
  assert.ok(uploads.find(place, print));
  // Another file of that name, or the same in another place, is another upload.
  for (const other of [{ ...print, size: 51 }, { ...print, modified: 8 }, { ...print, head: "ac" }]) assert.equal(uploads.find(place, other), null);
  assert.equal(uploads.find({ ...place, folder: "01_Assets/Media" }, print), null);
  assert.equal(new InterruptedUploads(shelf, "theirs", () => 1000).find(place, print), null);
  uploads.forget(place);
  assert.deepEqual(uploads.list().map((one) => one.name), ["other.mov"]);
  uploads.forget({ ...place, name: "other.mov" });
  assert.equal(shelf.kept.size, 0);
});

test("what the gateway keeps no longer, what is damaged, and what is too much is not offered", () => {
  const shelf = new FakeShelf();
  let now = 1000;
  const uploads = new InterruptedUploads(shelf, "mine", () => now);
  uploads.remember({ ...place, ...print });
  now += 86_400_000;
  assert.deepEqual(uploads.list(), []);
  shelf.kept.set("mine", JSON.stringify([{ project: 1 }, null, "x", { ...place, ...print, at: now }]));
  assert.equal(uploads.list().length, 1);
  shelf.kept.set("mine", "{");
  assert.deepEqual(uploads.list(), []);
  for (let number = 0; number < 60; number += 1) uploads.remember({ ...place, name: `${number}`, ...print });
  assert.deepEqual([uploads.list().length, uploads.list()[0]?.name], [50, "59"]);
  const full = new InterruptedUploads({ getItem: () => null, setItem: () => { throw new Error("full"); }, removeItem: () => undefined }, "mine");
  full.remember({ ...place, ...print });
});

test("a file is told from others by size, time and beginning", async () => {
  const file = (text: string, lastModified = 7) => Object.assign(new Blob([text]), { lastModified });
  const one = await printOf(file("a".repeat(2_000_000)));
  assert.equal(one?.head.length, 64);
  assert.ok(one && isSameFile(one, (await printOf(file("a".repeat(2_000_000)))) ?? one));
  assert.ok(one && !isSameFile(one, (await printOf(file("b" + "a".repeat(1_999_999)))) ?? one));
  assert.ok(one && !isSameFile(one, (await printOf(file("a".repeat(2_000_000), 8))) ?? one));
  assert.equal(await printOf(file("a"), undefined as never) === null, globalThis.crypto?.subtle === undefined);
});
