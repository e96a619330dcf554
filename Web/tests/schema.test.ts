import assert from "node:assert/strict";
import { test } from "node:test";
import { faultOf, fieldsOf, rollSeed } from "../src/core/schema";

const schema = {
  type: "object", required: ["prompt"],
  properties: {
    seconds: { type: "number", title: "Length", minimum: 0.04, maximum: 600, default: 2 }, prompt: { type: "string", minLength: 1, maxLength: 2000 },
    width: { type: "integer", minimum: 64, maximum: 4096, multipleOf: 8 }, format: { type: "string", enum: ["mp4", "mov"] }, seed: { type: "integer", minimum: 0, maximum: 18446744073709551615 },
    frameRate: { type: "string", pattern: "^[1-9][0-9]*$", examples: ["24", "25"] }, bits: { type: "integer", enum: [8, 16] }, opacity: { type: "number", minimum: 0, maximum: 1 },
    colour: { type: "string", default: "#2f6fde", pattern: "^#([0-9a-fA-F]{6})$" }, labels: { type: "boolean" }, cut: { type: "object" }, names: { type: "array", items: { type: "string" } },
  },
} as const;
const fields = fieldsOf(schema as never);
const field = (name: string) => fields.find((one) => one.name === name) as (typeof fields)[number];

test("every kind of parameter has its field, and what is needed comes first", () => {
  assert.equal(fields[0]?.name, "prompt");
  assert.deepEqual(fields.map((one) => `${one.name}:${one.model.kind}`).slice(1), ["seconds:number", "width:number", "frameRate:text", "seed:seed", "format:choice", "bits:choice", "colour:colour", "cut:json", "labels:flag", "names:list", "opacity:number"]);
  const seconds = field("seconds").model, width = field("width").model, opacity = field("opacity").model;
  assert.ok(seconds.kind === "number" && seconds.unit === "s");
  assert.ok(width.kind === "number" && width.unit === "px" && width.step === 8 && width.integer);
  assert.ok(opacity.kind === "number" && opacity.slider && opacity.step === 0.01);
  assert.equal(field("frameRate").title, "Frame rate");
});

test("values are judged as the gateway judges them", () => {
  assert.deepEqual(faultOf(field("prompt"), undefined), { code: "required" });
  assert.deepEqual(faultOf(field("prompt"), ""), { code: "required" });
  assert.equal(faultOf(field("seconds"), undefined), null);
  assert.deepEqual(faultOf(field("seconds"), 601), { code: "maximum", bound: 600 });
  assert.deepEqual(faultOf(field("width"), 65), { code: "multiple", bound: 8 });
  assert.deepEqual(faultOf(field("width"), 72.5), { code: "type" });
  assert.deepEqual(faultOf(field("frameRate"), "24 fps"), { code: "pattern", examples: ["24", "25"] });
  assert.deepEqual(faultOf(field("format"), "avi"), { code: "choice" });
  assert.equal(faultOf(field("bits"), 16), null);
  assert.deepEqual(faultOf(field("labels"), "yes"), { code: "type" });
});

test("a seed is a number that JavaScript holds exactly", () => {
  for (const chance of [0, 0.5, 0.999999999999]) assert.ok(Number.isSafeInteger(rollSeed(undefined, () => chance)));
});
