import assert from "node:assert/strict";
import { test } from "node:test";
import { entriesOf, numberOf, parseJson, sameJson, writeJson } from "../src/core/json";
import { faultOf, fieldsOf, rollSeed } from "../src/core/schema";

test("integers of 64 bits are read and written as they are", () => {
  const text = '{"seed":18446744073709551615,"least":-9223372036854775808,"list":[9007199254740993,1],"near":9007199254740991}';
  const value = parseJson(text) as { seed: unknown; near: unknown };
  assert.equal(value.seed, 18446744073709551615n);
  assert.equal(value.near, 9007199254740991);
  assert.equal(writeJson(value), text);
  assert.ok(sameJson(value, parseJson(text)));
  assert.ok(!sameJson(value, parseJson(text.replace("615", "614"))));
});

test("what only looks like an integer is left alone", () => {
  const text = '{"a":"18446744073709551615, \\"18446744073709551615\\"","b":0.12345678901234567,"c":12345678901234567890.5,"d":1e30,"e":"\\\\","f":18446744073709551615}';
  const value = parseJson(text) as Record<string, unknown>;
  assert.equal(value.a, '18446744073709551615, "18446744073709551615"');
  assert.equal(value.b, 0.12345678901234567);
  assert.equal(value.c, 12345678901234567890.5);
  assert.equal(value.d, 1e30);
  assert.equal(value.e, "\\");
  assert.equal(value.f, 18446744073709551615n);
  assert.throws(() => parseJson("{12345678901234567890"), /JSON/);
});

test("a seed that is typed is what it says, and no more than the function takes", () => {
  const [field] = fieldsOf(parseJson('{"properties":{"seed":{"type":"integer","minimum":0,"maximum":18446744073709551615}}}') as never);
  assert.ok(field);
  const typed = numberOf("18446744073709551615");
  assert.equal(typed, 18446744073709551615n);
  assert.equal(faultOf(field, typed), null);
  assert.deepEqual(faultOf(field, numberOf("18446744073709551616") as bigint), { code: "maximum", bound: 18446744073709551615n });
  assert.equal(numberOf("12,5"), 12.5);
  assert.equal(numberOf("one"), null);
  assert.equal(numberOf(" "), null);
});

test("another seed is one that the function takes", () => {
  assert.equal(rollSeed(99n, () => 0.999999999999), 99);
  assert.equal(rollSeed(2n ** 64n - 1n, () => 0.999999999999), 2 ** 32 - 1);
});

test("a list that is written line by line holds numbers where all are, and texts with commas as they are", () => {
  assert.deepEqual(entriesOf("1\n\n 2.5 \n-3\n12345678901234567890"), [1, 2.5, -3, 12345678901234567890n]);
  assert.deepEqual(entriesOf("1,5\n2"), ["1,5", "2"]);
  assert.deepEqual(entriesOf("1\ntwo"), ["1", "two"]);
  assert.deepEqual(entriesOf("\n"), []);
});
