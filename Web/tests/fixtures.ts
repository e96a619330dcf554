import type { StudioFunction } from "../src/api/types";
import type { FlowDocument, FlowNode } from "../src/core/flow";
import type { JsonObject } from "../src/core/json";

function entry(name: string, inputs: StudioFunction["inputs"], outputs: StudioFunction["outputs"], properties: JsonObject = {}): StudioFunction {
  return {
    name, version: "1.0.0", title: name, description: "", category: "Test", parameters: { type: "object", properties }, inputs, outputs, quality: {}, cost: { credits: 1, perSecond: 0 },
    timeoutSeconds: 60, maxAttempts: 1, queue: "studio", runner: "encoder",
  };
}

/** A small catalogue: something that makes film, something that makes sound, something that takes both, and a list. */
export const catalogue = new Map([
  entry("film", {}, { video: { type: "video", required: true, list: false, primary: true } }, { prompt: { type: "string", title: "Prompt" }, seconds: { type: "number" }, flag: { type: "boolean" } }),
  entry("sound", {}, { audio: { type: "audio", required: true, list: false, primary: true } }),
  entry("still", {}, { image: { type: "image", required: true, list: false, primary: true } }),
  entry("trim", { source: { type: "video", required: true, list: false } }, { video: { type: "video", required: true, list: false, primary: true } }),
  entry("concat", { sources: { type: "video", required: true, list: true } }, { video: { type: "video", required: true, list: false, primary: true } }),
  entry("model", {}, { weights: { type: "model", required: true, list: false, primary: true } }),
].map((one) => [one.name, one]));

/** A function node. */
export function node(id: string, name: string, x = 0, y = 0, more: Partial<FlowNode> = {}): FlowNode {
  return { id, type: "function", position: { x, y }, data: { function: name, parameters: {} }, ...more };
}

/** Film into trim, with a value beside them. */
export function chain(): FlowDocument {
  return {
    nodes: [node("a", "film"), node("b", "trim", 300), { id: "v", type: "value", position: { x: -300, y: 0 }, data: { value: "mist" } }],
    edges: [{ id: "e", source: "a", sourceHandle: "video", target: "b", targetHandle: "source" }], viewport: { x: 0, y: 0, zoom: 1 },
  };
}
