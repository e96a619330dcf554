import assert from "node:assert/strict";
import { test } from "node:test";
import type { TakeLine } from "../src/core/takes";

const shelf = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };
Object.assign(globalThis, { localStorage: shelf, sessionStorage: shelf, location: { hash: "" } });
const { matched, readCutFile } = await import("../src/cut/useCutDocument");
const { lineOf } = await import("../src/core/takes");

const take = (part: object = {}): TakeLine => lineOf({
  id: "t", job: "j", project: "film", shot: "SHOT-010", version: 1, number: 1, path: "p/a.mov", fileName: "a.mov", mediaType: "video/quicktime", circled: false, revision: 1, createdAt: "2026", links: {},
  probe: { durationSeconds: 2, streams: [{ kind: "video", frameRate: "24", frameCount: 48, ...part }] },
} as never);
const list = (from: string, to: string) => readCutFile("a.edl", `TITLE: a\n001  AX V C ${from} ${to} 00:00:00:00 00:00:01:00\n* FROM CLIP NAME: a.mov\n`, 24);
const cutOf = (from: string, to: string, part: object = {}) => { const { clips, notes } = matched(list(from, to), [take(part)]); return [clips[0]?.in, clips[0]?.out, notes]; };

test("times of a source's clock are frames of the take", () => {
  assert.deepEqual(cutOf("01:00:00:12", "01:00:01:12", { timecode: "01:00:00:00" }), [12, 36, []]);
  // One that counts from its first frame has none of it.
  assert.deepEqual(cutOf("00:00:00:12", "00:00:01:12", { timecode: "01:00:00:00" }), [12, 36, []]);
  assert.deepEqual(cutOf("00:00:00:12", "00:00:01:12"), [12, 36, []]);
});

test("times that lie outside of a take are told, and not made one frame", () => {
  assert.deepEqual(cutOf("01:00:00:12", "01:00:01:12"), [0, 48, ["outside"]]);
});
