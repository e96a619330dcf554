import assert from "node:assert/strict";
import { test } from "node:test";
import { fetched } from "../src/ui/part";

function failing(times: number) {
  const pauses: number[] = [];
  let asked = 0;
  const load = async () => { asked += 1; if (asked <= times) throw new TypeError("Failed to fetch"); return "the part"; };
  return { load, pauses, wait: async (milliseconds: number) => { pauses.push(milliseconds); }, asked: () => asked };
}

test("A part that is there is fetched once, without a pause", async () => {
  const { load, wait, pauses, asked } = failing(0);
  assert.equal(await fetched(load, wait), "the part");
  assert.deepEqual([asked(), pauses], [1, []]);
});

test("A part whose request was aborted is fetched again, each time after a longer pause", async () => {
  const { load, wait, pauses } = failing(3);
  assert.equal(await fetched(load, wait), "the part");
  assert.deepEqual(pauses, [250, 500, 1000]);
});

test("A part that stays away is given up with an error of its own", async () => {
  const { load, wait, asked, pauses } = failing(Infinity);
  await assert.rejects(() => fetched(load, wait), /could not be fetched/);
  assert.deepEqual([asked(), pauses.length], [7, 6]);
});
