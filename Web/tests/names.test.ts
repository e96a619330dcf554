import assert from "node:assert/strict";
import { test } from "node:test";
import { nameOf } from "../src/core/names";

test("a folder's name is made of a title", () => {
  assert.equal(nameOf("Ünder the <b>Bridge</b>"), "under-the-b-bridge-b");
  assert.equal(nameOf("  --  "), "");
});
