import assert from "node:assert/strict";
import { test } from "node:test";
import type { StudioFunction } from "../src/api/types";
import { indexOf, type FlowDocument } from "../src/core/flow";
import { leavesOf, nextShot, outputsAfter, publishLeaves, seededBefore, starterFunction, withShots } from "../src/core/starter";
import { catalogue as small, node } from "./fixtures";

const film = small.get("film") as StudioFunction, still = small.get("still") as StudioFunction;
const prompted = (entry: StudioFunction, name: string, credits: number, required: string[] = ["prompt"]): StudioFunction =>
  ({ ...entry, name, cost: { credits, perSecond: 0 }, parameters: { type: "object", required, properties: { prompt: { type: "string" }, seed: { type: "integer" } } } });
const catalogue = new Map([...small, ...[prompted(film, "dear", 9), prompted(film, "cheap", 2), prompted(still, "picture", 1), prompted(film, "asks-more", 0, ["prompt", "style"])].map((one) => [one.name, one] as const)]);
const output = (id: string, shot: string) => ({ id, type: "output", position: { x: 0, y: 0 }, data: { shot, version: 1 } });

test("shots follow each other in tens, in the way of the last", () => {
  assert.equal(nextShot({ nodes: [], edges: [] }), "SHOT-010");
  assert.equal(nextShot({ nodes: [output("a", "SHOT-010"), output("b", "SHOT-035")], edges: [] }), "SHOT-040");
  assert.equal(nextShot({ nodes: [output("a", "SC2-0090")], edges: [] }), "SC2-0100");
});

test("what to start with needs nothing but words, makes film where it can, and is the least dear", () => {
  assert.equal(starterFunction(new Map([...catalogue].filter(([name]) => name !== "film")))?.name, "cheap");
  assert.equal(starterFunction(new Map([["picture", catalogue.get("picture") as StudioFunction]]))?.name, "picture");
  assert.equal(starterFunction(new Map([["trim", small.get("trim") as StudioFunction]])), null);
});

test("shots to start from are connected, each to a shot of its own, beside what is there", () => {
  const before: FlowDocument = { nodes: [output("x", "SHOT-010")], edges: [] };
  const after = withShots(before, catalogue.get("cheap") as StudioFunction, [{ label: "A", prompt: "a" }, { label: "B", prompt: "b" }], "Read me", { x: 0, y: 0 });
  assert.deepEqual(after.nodes.filter((one) => one.type === "output").map((one) => one.data.shot), ["SHOT-010", "SHOT-020", "SHOT-030"]);
  assert.equal(after.edges.length, 2);
  for (const edge of after.edges) assert.equal(indexOf(after).nodes.get(edge.source)?.data.function, "cheap");
  assert.equal(new Set(after.nodes.map((one) => one.id)).size, after.nodes.length);
});

test("only media that goes nowhere is led to outputs", () => {
  const document: FlowDocument = { nodes: [node("a", "film"), node("b", "trim", 300), node("m", "model"), node("s", "sound", 0, 300)], edges: [{ id: "e", source: "a", sourceHandle: "video", target: "b", targetHandle: "source" }] };
  assert.deepEqual(leavesOf(document, catalogue).map((one) => one.id), ["b", "s"]);
  const after = publishLeaves(document, catalogue);
  assert.deepEqual(after.edges.slice(1).map((edge) => [edge.source, edge.sourceHandle, edge.targetHandle]), [["b", "video", "in"], ["s", "audio", "in"]]);
  assert.deepEqual(leavesOf(after, catalogue), []);
});

test("another take changes the nearest seeds, not those of what others share", () => {
  const document: FlowDocument = {
    nodes: [node("far", "cheap"), node("near", "cheap"), node("t", "trim"), output("out", "SHOT-010"), output("other", "SHOT-020")],
    edges: [{ id: "1", source: "far", target: "near", targetHandle: "parameter:prompt" }, { id: "2", source: "near", target: "t", targetHandle: "source" }, { id: "3", source: "t", target: "out", targetHandle: "in" }, { id: "4", source: "far", target: "other", targetHandle: "in" }],
  };
  assert.deepEqual(seededBefore(document, "out", catalogue), ["near"]);
  assert.deepEqual(seededBefore(document, "other", catalogue), ["far"]);
  assert.deepEqual(outputsAfter(document, "near"), ["out"]);
  assert.deepEqual(outputsAfter({ ...document, edges: [] }, "near"), ["near"]);
  // A seed that is given from elsewhere is not rolled.
  assert.deepEqual(seededBefore({ ...document, edges: [...document.edges, { id: "5", source: "v", target: "near", targetHandle: "parameter:seed" }] }, "out", catalogue), ["far"]);
});
