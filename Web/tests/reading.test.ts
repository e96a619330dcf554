import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "../src/core/groups";
import { readingOrder } from "../src/core/reading";
import { catalogue, node } from "./fixtures";

test("nodes are read row by row, whatever order they were made in, and a row may be a little uneven", () => {
  const at = (id: string, x: number, y: number) => ({ id, x, y });
  const order = readingOrder([at("d", 0, 300), at("b", 300, 20), at("a", 0, 40), at("e", 300, 310), at("c", 600, 0)]);
  assert.deepEqual(order.map((one) => one.id), ["a", "b", "c", "d", "e"]);
});

test("a node that is bound to its group stays within it, another goes where it is led", () => {
  const sizes = { catalogue, hasPreview: () => false };
  const frame = { id: "g", type: "group", position: { x: 100, y: 100 }, data: {}, width: 400, height: 300 };
  const document = { nodes: [frame, node("bound", "film", 0, 0, { parentId: "g", extent: "parent" }), node("free", "film", 0, 0, { parentId: "g" })], edges: [] };
  const place = within(document, "bound", { x: 900, y: -50 }, sizes);
  assert.deepEqual(place, { x: 160, y: 0 });
  assert.deepEqual(within(document, "free", { x: 900, y: -50 }, sizes), { x: 900, y: -50 });
});
