/** Any JSON value. Integers that numbers do not hold exactly, as seeds of 64 bits, are bigints; all others are numbers. */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };
/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** Whether two JSON values are the same; members in any order. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const a = left as Record<string, unknown>, b = right as Record<string, unknown>;
  const keys = definedKeys(a);
  if (keys.length !== definedKeys(b).length) return false;
  return keys.every((key) => key in b && sameJson(a[key], b[key]));
}

function definedKeys(value: Record<string, unknown>): string[] {
  return Object.keys(value).filter((key) => value[key] !== undefined);
}

const token = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
// Marks an integer that goes through JSON as text. No document has it: it is another one each time.
const mark = `integer:${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}:`;
const marked = new RegExp(`"${mark}(-?\\d+)"`, "g");

/** Reads JSON without rounding integers. Throws `SyntaxError`. */
export function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  let isMarked = false;
  const safe = text.replace(token, (found) => {
    if (found.length < 16 || !/^-?\d+$/.test(found) || Number.isSafeInteger(Number(found))) return found;
    isMarked = true;
    return `"${mark}${found}"`;
  });
  if (!isMarked) return JSON.parse(text);
  return JSON.parse(safe, (_, value: unknown) => (typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value));
}

/** Writes JSON with integers as they were read. */
export function writeJson(value: unknown, indent?: number): string {
  let isMarked = false;
  const text = JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== "bigint") return member;
    isMarked = true;
    return `${mark}${member}`;
  }, indent);
  return isMarked ? text.replace(marked, "$1") : text;
}

/** The number that a text says, exactly where it is whole; null where it says none. */
export function numberOf(text: string): number | bigint | null {
  const clean = text.trim().replace(",", ".");
  const number = Number(clean);
  if (clean === "" || !Number.isFinite(number)) return null;
  return /^-?\d+$/.test(clean) && !Number.isSafeInteger(number) ? BigInt(clean) : number;
}

/** The entries of a list that is written one a line: numbers where all are. A comma may be part of a text, as of `1,5`. */
export function entriesOf(text: string): Json[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const numbers = lines.map((line) => (line.includes(",") ? null : numberOf(line))).filter(isNumber);
  return numbers.length === lines.length ? numbers : lines;
}

/** Whether a value is a number. */
export function isNumber(value: unknown): value is number | bigint { return typeof value === "number" || typeof value === "bigint"; }
