import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf, clipAt, dissolveOf, layersAt, moved, placed, redone, split, stepped, totalOf, trimIn, trimOut, undone, type CutClip } from "../src/core/cut";
import { framesOf, plainName, readEdl, readOtio } from "../src/core/cutFiles";

const clip = (part: Partial<CutClip>): CutClip => ({ key: "k", take: "t", file: null, name: "n", shot: "S", in: 0, out: 48, dissolve: 0, fadeOut: 0, frames: 48, rate: 24, ...part });

test("clips stand one behind the other, in the film's frames", () => {
  const clips = [clip({ in: 4, out: 30 }), clip({ key: "b", rate: 48, out: 48 }), clip({ key: "c" })];
  assert.deepEqual(placed(clips, 24).map((one) => [one.start, one.length]), [[0, 26], [26, 24], [50, 48]]);
  assert.equal(totalOf(clips, 24), 98);
  assert.equal(clipAt(placed(clips, 24), 0, 24)?.sourceFrame, 4);
  assert.equal(clipAt(placed(clips, 24), 27, 24)?.sourceFrame, 2);
  assert.equal(clipAt(placed(clips, 24), 500, 24)?.place.index, 2);
  assert.equal(clipAt([], 0, 24), null);
});

test("a dissolve mixes as the export does, with what comes behind the out-point before", () => {
  const places = placed([clip({ key: "a", out: 24, frames: 26 }), clip({ key: "b", in: 4, dissolve: 3, fadeOut: 2, rate: 24 })], 24);
  const at = (frame: number) => { const layers = layersAt(places, frame, 24); return layers && [layers.place.clip.key, layers.sourceFrame, layers.weight, layers.below && [layers.below.place.clip.key, layers.below.sourceFrame]]; };
  assert.deepEqual(at(23), ["a", 23, 1, null]);
  assert.deepEqual(at(24), ["b", 4, 0.25, ["a", 24]]);
  assert.deepEqual(at(25), ["b", 5, 0.5, ["a", 25]]);
  // The one before has no more: its last frame stands.
  assert.deepEqual(at(26), ["b", 6, 0.75, ["a", 25]]);
  assert.deepEqual(at(27), ["b", 7, 1, null]);
  // The last two frames fade to black.
  assert.deepEqual([at(65)?.[2], at(66)?.[2], at(67)?.[2]], [1, 2 / 3, 1 / 3]);
  // The first shot's dissolve comes from black; one at another rate is as long in the film.
  const first = placed([clip({ dissolve: 24, rate: 48, out: 96 })], 24);
  assert.deepEqual([0, 11, 12].map((frame) => layersAt(first, frame, 24)).map((one) => [one?.weight, one?.below]), [[1 / 13, null], [12 / 13, null], [1, null]]);
  assert.equal(layersAt([], 0, 24), null);
  assert.deepEqual([dissolveOf(clip({}), null), dissolveOf(clip({}), clip({ out: 44 })), dissolveOf(clip({ out: 5 }), clip({ frames: null })), dissolveOf(clip({}), clip({}))], [12, 4, 5, 0]);
});

test("trimming stays within the source and keeps a frame", () => {
  assert.equal(trimIn(clip({}), -5).in, 0);
  assert.equal(trimIn(clip({}), 60).in, 47);
  assert.equal(trimOut(clip({}), 90).out, 48);
  assert.equal(trimOut(clip({ frames: null }), 90).out, 90);
  assert.equal(trimOut(clip({ dissolve: 20 }), 10).dissolve, 10);
});

test("a clip is split at the playhead, not at its edge", () => {
  const two = split([clip({ dissolve: 5, fadeOut: 6 })], 20, 24, "new");
  assert.deepEqual(two?.map((one) => [one.key, one.in, one.out, one.dissolve, one.fadeOut]), [["k", 0, 20, 5, 0], ["new", 20, 48, 0, 6]]);
  assert.equal(split([clip({})], 0, 24, "new"), null);
});

test("what is sent has a fade of the last shot alone", () => {
  assert.deepEqual(bodyOf([clip({ fadeOut: 4 }), clip({ take: null, file: "01_Assets/a.mp4", dissolve: 6, fadeOut: 4 })]), [{ take: "t", in: 0, out: 48 }, { file: "01_Assets/a.mp4", in: 0, out: 48, dissolve: 6, fadeOut: 4 }]);
  assert.deepEqual(moved(["a", "b", "c"], 0, 2), ["b", "c", "a"]);
});

test("steps are undone and done again", () => {
  let steps = stepped(stepped({ past: [], now: "a", future: [] }, "b"), "c");
  steps = undone(steps);
  assert.equal(steps.now, "b");
  assert.equal(redone(steps).now, "c");
  assert.deepEqual(stepped(steps, "d").future, []);
  assert.equal(undone({ past: [], now: "a", future: [] }).now, "a");
});

const edl = `TITLE: first
FCM: NON-DROP FRAME

001  SHOT050V V     C        00:00:00:04 00:00:01:06 00:00:00:00 00:00:01:02
* FROM CLIP NAME:  SHOT-050_v01_take01
* FROM CLIP: 03_Renders/SHOT-050/SHOT-050_v01_take01.mp4
002  SHOT050V V     C        00:00:01:06 00:00:01:06 00:00:01:02 00:00:01:02
002  SHOT040V V     D 006    00:00:00:06 00:00:01:16 00:00:01:02 00:00:02:12
* FROM CLIP NAME:  SHOT-050_v01_take01
* FROM CLIP: 03_Renders/SHOT-050/SHOT-050_v01_take01.mp4
* TO CLIP NAME:  SHOT-040_v01_take01
* TO CLIP: 03_Renders/SHOT-040/SHOT-040_v01_take01.mp4
003  SHOT040V V     C        00:00:01:16 00:00:01:16 00:00:02:12 00:00:02:12
003  BL       V     D 010    00:00:00:00 00:00:00:10 00:00:02:12 00:00:02:22
`;

test("an EDL's cuts, dissolves and fades are read with their sources", () => {
  const cut = readEdl(edl, 24);
  assert.equal(cut.name, "first");
  assert.deepEqual(cut.shots.map((shot) => [shot.names[0], shot.in, shot.out, shot.dissolve, shot.fadeOut]), [
    ["03_Renders/SHOT-050/SHOT-050_v01_take01.mp4", 4, 30, 0, 0], ["03_Renders/SHOT-040/SHOT-040_v01_take01.mp4", 6, 50, 6, 10]]);
  assert.deepEqual(cut.notes, []);
  assert.throws(() => readEdl("hello", 24));
  assert.equal(framesOf("00:01:00;02", 29.97), 1800);
  assert.equal(plainName("file:///a/SHOT%20010_v01.MOV"), "shot 010_v01");
});

test("an OTIO timeline's clips and transitions are read", () => {
  const time = (value: number) => ({ OTIO_SCHEMA: "RationalTime.1", rate: 24, value });
  const shot = (name: string, start: number, length: number) => ({ OTIO_SCHEMA: "Clip.2", name, active_media_reference_key: "DEFAULT_MEDIA", media_references: { DEFAULT_MEDIA: { target_url: `03_Renders/${name}.mp4`, available_range: { start_time: time(0), duration: time(48) } } }, source_range: { start_time: time(start), duration: time(length) } });
  const fade = (into: number, from: number) => ({ OTIO_SCHEMA: "Transition.1", in_offset: time(from), out_offset: time(into) });
  const cut = readOtio(JSON.stringify({ OTIO_SCHEMA: "Timeline.1", name: "x", tracks: { OTIO_SCHEMA: "Stack.1", children: [{ OTIO_SCHEMA: "Track.1", kind: "Video", children: [shot("a", 4, 26), fade(6, 0), shot("b", 6, 34), fade(0, 10)] }] } }));
  assert.deepEqual(cut.shots, [{ names: ["03_Renders/a.mp4", "a"], in: 4, out: 30, dissolve: 0, fadeOut: 0 }, { names: ["03_Renders/b.mp4", "b"], in: 6, out: 40, dissolve: 6, fadeOut: 10 }]);
  assert.equal(cut.rate, 24);
  assert.throws(() => readOtio("{}"));
});
