import assert from "node:assert/strict";
import { test } from "node:test";
import type { Take } from "../src/api/types";
import { everyTake, lineOf, makerOf, selectTakes, shotsOf, spritesOf, stillAt, stillsOf, type TakeLine } from "../src/core/takes";
import { arrive, frameAt, press, pressOf, timeOf, transportOf } from "../src/core/transport";

const line = (part: Partial<TakeLine>): TakeLine => ({
  id: "a", job: "j", project: "film", shot: "SHOT-010", version: 1, number: 1, kind: "video", mediaType: "video/mp4", fileName: "f.mp4", path: "p", hasThumbnail: true, circled: false, rating: 0, revision: 1, createdAt: "2026-01-01", made: "mock-video", prompt: "", sources: [], ...part,
});

test("a take's line has what its probe and provenance say", () => {
  const take = {
    id: "t", job: "j", project: "film", shot: "SHOT-010", version: 2, number: 3, path: "p/f.mp4", fileName: "f.mp4", mediaType: "video/mp4", circled: true, revision: 4, createdAt: "2026", rating: 5,
    probe: { durationSeconds: 2, streams: [{ kind: "video", isCover: true, width: 1 }, { kind: "video", frameRate: "24000/1001", frameCount: 48, width: 640, height: 360 }] },
    provenance: { function: { name: "proxy" }, parameters: { prompt: "dawn" }, inputs: [{ port: "source", reference: "take:x" }, { port: "more", reference: "01_Assets/a.png" }] }, links: { self: "", media: "", job: "" },
  } as unknown as Take;
  const made = lineOf(take);
  assert.equal(made.frames, 48);
  assert.ok(Math.abs((made.rate ?? 0) - 23.976) < 0.001);
  assert.deepEqual([made.width, made.kind, made.prompt, made.made, made.rating, made.hasThumbnail], [640, "video", "dawn", "proxy", 5, false]);
  assert.deepEqual(made.sources, ["x"]);
});

test("what a canvas has published was made by its node", () => {
  const origin = { function: { name: "transcode" }, parameters: { width: 320 } };
  const published = makerOf({ function: { name: "publish" }, parameters: { origin }, seed: 7 });
  assert.deepEqual([published.function, published.parameters, published.seed], [{ name: "transcode" }, { width: 320 }, 7]);
  assert.deepEqual(makerOf({ function: { name: "publish" }, parameters: {} }).function, { name: "publish" });
  assert.deepEqual(makerOf(undefined), {});
});

test("takes are chosen by all filters and stand by shot, newest version and take first", () => {
  const all = [line({ id: "1", shot: "SHOT-020" }), line({ id: "2", number: 1 }), line({ id: "3", number: 2, circled: true, rating: 3 }), line({ id: "4", version: 2, prompt: "Dawn over a harbour" }), line({ id: "5", kind: "image", made: "sprite", sources: ["2"] })];
  const ids = (part: object) => selectTakes(all, { ...everyTake, ...part }).map((one) => one.id);
  assert.deepEqual(ids({}), ["4", "3", "2", "1"]);
  assert.deepEqual(ids({ circled: true }), ["3"]);
  assert.deepEqual(ids({ rating: 4 }), []);
  assert.deepEqual(ids({ search: "harbour dawn" }), ["4"]);
  assert.deepEqual(ids({ shot: "SHOT-010", version: 1 }), ["3", "2"]);
  assert.equal(ids({ order: "rating" })[0], "3");
  assert.deepEqual(shotsOf(all), [{ shot: "SHOT-010", count: 3, circled: 1, versions: [2, 1] }, { shot: "SHOT-020", count: 1, circled: 0, versions: [1] }]);
  assert.deepEqual([...spritesOf(all)], [["2", "5"]]);
});

test("the still of a moment is found on its sheet", () => {
  const stills = stillsOf("WEBVTT\n\n00:00:00.000 --> 00:00:00.250\nimage#xywh=0,0,160,90\n\n00:00:00.250 --> 00:01:00.500\nimage#xywh=160,0,160,90\n");
  assert.deepEqual(stillAt(stills, 0.1), { start: 0, end: 0.25, x: 0, y: 0, width: 160, height: 90 });
  assert.equal(stillAt(stills, 0.25)?.x, 160);
  assert.equal(stillAt(stills, 99)?.x, 160);
  assert.equal(stillAt([], 1), null);
});

test("J, K and L play backwards, stop and play, each time faster", () => {
  let state = press(transportOf(100), "forward");
  assert.equal(state.speed, 1);
  state = press(press(state, "forward"), "forward");
  assert.equal(state.speed, 4);
  state = press(state, "back");
  assert.equal(state.speed, -1);
  assert.equal(press(state, "back").speed, -2);
  assert.equal(press(state, "stop").speed, 0);
});

test("a film stands at its end, or begins again between its marks", () => {
  let state = { ...transportOf(100), frame: 99, speed: 1 };
  assert.deepEqual([arrive(state, 100).speed, arrive(state, 100).frame], [0, 99]);
  state = press(press(press(press({ ...state, frame: 20 }, "mark-in"), { to: 40 }), "mark-out"), "loop");
  assert.deepEqual([arrive(state, 41).speed, arrive(state, 41).frame], [1, 20]);
  assert.equal(arrive({ ...state, speed: -1 }, 19).frame, 40);
  // From the end it plays from the beginning.
  assert.equal(press({ ...transportOf(10), frame: 9 }, "play").frame, 0);
  assert.equal(press({ ...transportOf(10), frame: 0 }, "back").frame, 9);
});

test("a mark beyond the other takes it away, and steps stay within the film", () => {
  const state = press(press({ ...transportOf(50), frame: 30 }, "mark-out"), { to: 40 });
  assert.deepEqual([press(state, "mark-in").start, press(state, "mark-in").end], [40, null]);
  assert.equal(press(state, { step: -100 }).frame, 0);
  assert.equal(press(state, { step: 100 }).frame, 49);
});

test("every frame's time leads back to it, at every rate", () => {
  for (const rate of [24, 25, 30, 24000 / 1001, 60000 / 1001]) for (let frame = 0; frame < 5000; frame += 7) assert.equal(frameAt(timeOf(frame, rate), rate), frame);
  for (let frame = 0; frame < 1000; frame += 1) assert.equal(frameAt(frame / 24, 24), frame);
});

test("keys are those of an editing table", () => {
  assert.deepEqual(pressOf("J", false), "back");
  assert.deepEqual(pressOf("ArrowRight", true), { step: 10 });
  assert.equal(pressOf("q", false), null);
});
