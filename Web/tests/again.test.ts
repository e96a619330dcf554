import assert from "node:assert/strict";
import { test } from "node:test";
import { twice } from "../src/core/again";

function failing(times: number) {
  let asked = 0;
  return { ask: async () => { asked += 1; if (asked <= times) throw new TypeError(`failure ${asked}`); return "the answer"; }, asked: () => asked };
}

test("What was aborted once is asked for again, and no more than that", async () => {
  const once = failing(1), always = failing(Infinity);
  assert.equal(await twice(once.ask), "the answer");
  await assert.rejects(() => twice(always.ask), /failure 2/);
  assert.deepEqual([once.asked(), always.asked()], [2, 2]);
});

test("What somebody gave up is not asked for again", async () => {
  const { ask, asked } = failing(Infinity), stop = new AbortController();
  stop.abort();
  await assert.rejects(() => twice(ask, stop.signal), /failure 1/);
  assert.equal(asked(), 1);
});
