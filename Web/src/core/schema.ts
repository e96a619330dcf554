import { t } from "../strings";
import { isNumber, type Json, type JsonObject } from "./json";

/** How a parameter is asked for. */
export type FieldModel =
  | { kind: "text"; long: boolean; pattern?: string; maxLength?: number; minLength?: number; examples: string[] }
  | { kind: "number"; integer: boolean; minimum?: number; maximum?: number; step: number; unit: string | null; slider: boolean }
  | { kind: "seed"; maximum: bigint }
  | { kind: "choice"; options: Json[] }
  | { kind: "flag" }
  | { kind: "colour" }
  | { kind: "list"; item: "text" | "number" }
  | { kind: "json" };

/** A parameter of a function, as the inspector shows it. */
export interface ParameterField { name: string; title: string; description: string; required: boolean; standard: Json | undefined; schema: JsonObject; model: FieldModel }

/** The fields of a function's JSON Schema, those that must be filled first, then those that people set most. */
export function fieldsOf(schema: JsonObject): ParameterField[] {
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const fields = Object.entries((schema.properties ?? {}) as Record<string, JsonObject>).map(([name, property]): ParameterField => ({
    name, title: typeof property.title === "string" ? property.title : spaced(name),
    description: typeof property.description === "string" ? property.description : "",
    required: required.has(name), standard: property.default, schema: property, model: modelOf(name, property),
  }));
  return fields.sort((a, b) => Number(b.required) - Number(a.required) || weight(a) - weight(b) || a.title.localeCompare(b.title));
}

/** What people set most; the members of an object come in no order over the wire. */
const usual = ["prompt", "negative", "seconds", "width", "height", "frameRate", "seed", "text", "container", "format", "videoCodec", "audioCodec", "steps", "guidance", "strength"];

function weight(field: ParameterField): number {
  const place = usual.indexOf(field.name);
  return place < 0 ? usual.length : place;
}

function spaced(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/[_-]+/g, " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function modelOf(name: string, schema: JsonObject): FieldModel {
  if (Array.isArray(schema.enum)) return { kind: "choice", options: schema.enum };
  switch (schema.type) {
    case "boolean": return { kind: "flag" };
    case "integer": case "number": {
      const maximum = bound(schema.maximum), minimum = bound(schema.minimum);
      if (/^seed$|seed$/i.test(name) && schema.type === "integer") return { kind: "seed", maximum: isNumber(schema.maximum) ? BigInt(typeof schema.maximum === "bigint" ? schema.maximum : Math.floor(schema.maximum)) : 2n ** 64n - 1n };
      const span = maximum !== undefined && minimum !== undefined ? maximum - minimum : Infinity;
      const step = bound(schema.multipleOf) ?? (schema.type === "integer" ? 1 : span <= 2 ? 0.01 : span <= 100 ? 0.1 : 0.01);
      return { kind: "number", integer: schema.type === "integer", minimum, maximum, step, unit: unitOf(name, schema), slider: span <= 100 && span > 0 };
    }
    case "string": {
      const pattern = typeof schema.pattern === "string" ? schema.pattern : undefined;
      if (pattern && typeof schema.default === "string" && /^#[0-9a-f]{6}/i.test(schema.default)) return { kind: "colour" };
      const maxLength = bound(schema.maxLength);
      const examples = Array.isArray(schema.examples) ? schema.examples.map(String) : [];
      const long = !pattern && (/prompt|text|script|negative/i.test(name) ? (maxLength ?? 1000) > 300 : (maxLength ?? 0) >= 1000);
      return { kind: "text", long, pattern, maxLength, minLength: bound(schema.minLength), examples };
    }
    case "array": {
      const item = (schema.items as JsonObject | undefined)?.type;
      if (item === "string" || item === "number" || item === "integer") return { kind: "list", item: item === "string" ? "text" : "number" };
      return { kind: "json" };
    }
    default: return { kind: "json" };
  }
}

function bound(value: Json | undefined): number | undefined { return isNumber(value) ? Number(value) : undefined; }

type Unit = keyof typeof t.canvas.units;

const units: [RegExp, Unit][] = [
  [/seconds|^length$|duration/i, "seconds"], [/milliseconds/i, "milliseconds"], [/bitrate/i, "bitrate"], [/samplerate/i, "samplerate"], [/^(tile)?(width|height)$|crop/i, "pixels"],
  [/loudness$/i, "loudness"], [/truepeak/i, "truepeak"], [/loudnessrange/i, "loudnessRange"], [/frame(s|step|count)?$/i, "frames"], [/degrees|angle/i, "degrees"], [/percent/i, "percent"],
];

/** The unit of a number: what the schema says of it, or what its name tells. */
function unitOf(name: string, schema: JsonObject): string | null {
  if (typeof schema["x-unit"] === "string") return schema["x-unit"];
  if (/milliseconds/i.test(name)) return t.canvas.units.milliseconds;
  const unit = units.find(([rule]) => rule.test(name))?.[1];
  return unit ? t.canvas.units[unit] : null;
}

/** What is wrong with a value, as the gateway would see it; null where nothing is. */
export type Fault = { code: "required" } | { code: "type" } | { code: "minimum" | "maximum" | "multiple"; bound: number | bigint } | { code: "short" | "long"; bound: number } | { code: "pattern"; examples: string[] } | { code: "choice" };

/** Judges a value against its schema. */
export function faultOf(field: ParameterField, value: Json | undefined): Fault | null {
  if (value === undefined || value === null) return field.required && field.standard === undefined ? { code: "required" } : null;
  const { schema } = field;
  if (Array.isArray(schema.enum)) return schema.enum.some((option) => option === value) ? null : { code: "choice" };
  switch (schema.type) {
    case "string": return textFault(field, value);
    case "integer": case "number": return numberFault(schema, value);
    case "boolean": return typeof value === "boolean" ? null : { code: "type" };
    case "array": return Array.isArray(value) ? null : { code: "type" };
    case "object": return typeof value === "object" && !Array.isArray(value) ? null : { code: "type" };
    default: return null;
  }
}

function textFault(field: ParameterField, value: Json): Fault | null {
  if (typeof value !== "string") return { code: "type" };
  const { schema } = field;
  const length = [...value].length, shortest = bound(schema.minLength), longest = bound(schema.maxLength);
  if (shortest !== undefined && length < shortest) return length === 0 ? { code: "required" } : { code: "short", bound: shortest };
  if (longest !== undefined && length > longest) return { code: "long", bound: longest };
  if (typeof schema.pattern === "string" && !matches(schema.pattern, value)) return { code: "pattern", examples: Array.isArray(schema.examples) ? schema.examples.map(String) : [] };
  return null;
}

function numberFault(schema: JsonObject, value: Json): Fault | null {
  if (!isNumber(value) || (typeof value === "number" && !Number.isFinite(value))) return { code: "type" };
  if (schema.type === "integer" && typeof value === "number" && !Number.isInteger(value)) return { code: "type" };
  const { minimum, maximum } = schema, multiple = bound(schema.multipleOf);
  if (isNumber(minimum) && value < minimum) return { code: "minimum", bound: minimum };
  if (isNumber(maximum) && value > maximum) return { code: "maximum", bound: maximum };
  if (typeof value === "bigint") return null;
  if (multiple !== undefined && Math.abs(value / multiple - Math.round(value / multiple)) > 1e-9) return { code: "multiple", bound: multiple };
  return null;
}

function matches(pattern: string, value: string): boolean {
  try { return new RegExp(pattern, "u").test(value); } catch { return true; }
}

/** Another seed, short enough to be told to somebody, and no larger than the function takes. */
export function rollSeed(maximum: bigint = seedOf32, chance: () => number = Math.random): number { return Math.floor(chance() * (Number(maximum < seedOf32 ? maximum : seedOf32) + 1)); }

const seedOf32 = 2n ** 32n - 1n;

/** The largest seed that a function takes, by the schema of its parameters. */
export function largestSeed(schema: JsonObject): bigint {
  const model = fieldsOf(schema).find((field) => field.name === "seed")?.model;
  return model?.kind === "seed" ? model.maximum : seedOf32;
}
