import { t } from "../strings";
import type { FunctionPort, PortKind, StudioFunction } from "../api/types";
import { indexOf, reaches, text, type FlowDocument, type FlowEdge, type FlowNode } from "./flow";
import { isNumber, type Json, type JsonObject } from "./json";

/** What a connection begins or ends at. */
export interface Port { handle: string | null; name: string; kind: PortKind | "any"; list: boolean; required: boolean; parameter?: string }

/** The functions by name. */
export type Catalogue = ReadonlyMap<string, StudioFunction>;

/** What stands before the name of a parameter that a value is connected to. */
const parameterPrefix = "parameter:";

/** The handle of a parameter. */
export function parameterHandle(name: string): string { return parameterPrefix + name; }

const extensions: Record<string, PortKind> = {};
for (const [kind, names] of [
  ["image", "png jpg jpeg tif tiff exr dpx webp hdr tga bmp heic"], ["video", "mp4 mov mkv webm mxf avi m4v mpg mpeg ts gif"],
  ["audio", "wav flac mp3 aif aiff m4a aac ogg opus"], ["model", "safetensors ckpt pt pth onnx gguf bin"],
  ["text", "txt md srt vtt edl csv"], ["json", "json"],
] as const) for (const name of names.split(" ")) extensions[name] = kind;

/** What a file is by its name; null where that says nothing. */
export function kindOfFile(name: string): PortKind | null {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? null : extensions[name.slice(dot + 1).toLowerCase()] ?? null;
}

/** Whether an input takes what an output makes; the gateway's own rule. */
export function takes(input: PortKind | "any", output: PortKind | "any"): boolean {
  if (input === "any" || output === "any" || input === output) return true;
  switch (input) {
    case "image": case "mask": return output === "image" || output === "mask";
    case "video": return output === "audio" || output === "image" || output === "mask";
    case "audio": return output === "video";
    case "text": return output === "json";
    case "number": return output === "text" || output === "json";
    case "json": case "model": return false;
  }
}

/** What a value is to a port. */
export function kindOfValue(value: Json | undefined): { kind: PortKind | "any"; list: boolean } {
  if (Array.isArray(value)) return { kind: kindOfValue(value[0]).kind, list: true };
  if (isNumber(value)) return { kind: "number", list: false };
  if (typeof value === "string") return { kind: "text", list: false };
  if (typeof value === "boolean") return { kind: "json", list: false };
  return { kind: "any", list: false };
}

/** The parameters of a function, by name. */
export function parametersOf(entry: StudioFunction | undefined): Record<string, JsonObject> {
  return (entry?.parameters.properties ?? {}) as Record<string, JsonObject>;
}

function kindOfParameter(schema: JsonObject | undefined): PortKind | "any" {
  switch (schema?.type) {
    case "string": return "text";
    case "number": case "integer": return "number";
    case undefined: return "any";
    default: return "json";
  }
}

/** Where a node takes something: its function's inputs, and the parameters that are shown as inputs or connected. */
export function inputsOf(document: FlowDocument, node: FlowNode, catalogue: Catalogue): Port[] {
  if (node.type === "output") return [{ handle: "in", name: t.canvas.ownPorts.in, kind: "any", list: false, required: true }];
  if (node.type !== "function") return [];
  const entry = catalogue.get(text(node.data.function));
  const ports = Object.entries(entry?.inputs ?? {}).map(([name, port]) => fromPort(name, port));
  const shown = new Set(Array.isArray(node.data.pinned) ? node.data.pinned.map(String) : []);
  for (const edge of indexOf(document).incoming.get(node.id) ?? []) {
    const handle = edge.targetHandle ?? "";
    if (handle.startsWith(parameterPrefix)) shown.add(handle.slice(parameterPrefix.length));
    // A canvas may be connected to what this studio's function does not have: it is shown, and validation names it.
    else if (handle && !ports.some((port) => port.handle === handle)) ports.push({ handle, name: handle, kind: "any", list: true, required: false });
  }
  const schemas = parametersOf(entry);
  for (const name of Object.keys(schemas)) if (shown.delete(name)) ports.push(parameterPort(name, schemas[name]));
  for (const name of shown) ports.push(parameterPort(name, undefined));
  return ports;
}

function parameterPort(name: string, schema: JsonObject | undefined): Port {
  return { handle: parameterHandle(name), name: typeof schema?.title === "string" ? schema.title : name, kind: kindOfParameter(schema), list: false, required: false, parameter: name };
}

function fromPort(name: string, port: FunctionPort): Port {
  return { handle: name, name, kind: port.type, list: port.list, required: port.required };
}

/** What a node makes, the primary first. */
export function outputsOf(node: FlowNode, catalogue: Catalogue): Port[] {
  switch (node.type) {
    case "function": {
      const entry = catalogue.get(text(node.data.function));
      const ports = Object.entries(entry?.outputs ?? {}).sort(([, a], [, b]) => Number(b.primary ?? false) - Number(a.primary ?? false));
      return ports.map(([name, port]) => fromPort(name, port));
    }
    case "asset": return [{ handle: null, name: t.canvas.ownPorts.file, kind: kindOfFile(text(node.data.path)) ?? "any", list: false, required: false }];
    case "take": return [{ handle: null, name: t.canvas.ownPorts.take, kind: kindOfFile(text(node.data.fileName)) ?? "any", list: false, required: false }];
    case "value": return [{ handle: null, name: t.canvas.ownPorts.value, ...kindOfValue(node.data.value), required: false }];
    default: return [];
  }
}

/** The port of a node that an edge's handle means. */
export function findPort(ports: readonly Port[], handle: string | null | undefined): Port | undefined {
  if (handle === null || handle === undefined || handle === "") return ports[0];
  return ports.find((port) => port.handle === handle);
}

/** Why two ports are not connected. */
export type Refusal = "same-node" | "no-port" | "kinds" | "loop" | "twice" | "needs-value" | "group";

/** A connection somebody wants to make. */
export interface Wish { source: string; sourceHandle: string | null; target: string; targetHandle: string | null }

/** Whether a connection may be made: null, or why not, with the two kinds where they do not fit. */
export function judge(document: FlowDocument, wish: Wish, catalogue: Catalogue, except?: string): { refusal: Refusal; from?: string; to?: string } | null {
  const { nodes, incoming } = indexOf(document);
  const source = nodes.get(wish.source), target = nodes.get(wish.target);
  if (!source || !target) return { refusal: "no-port" };
  if (source.id === target.id) return { refusal: "same-node" };
  const from = findPort(outputsOf(source, catalogue), wish.sourceHandle);
  const to = findPort(inputsOf(document, target, catalogue), wish.targetHandle);
  if (!from || !to) return { refusal: "no-port" };
  const isValue = source.type === "value";
  if (to.parameter !== undefined && !isValue && !["text", "number", "json", "any"].includes(from.kind)) return { refusal: "needs-value", from: from.kind, to: to.kind };
  if (to.parameter === undefined && isValue && !["text", "number", "json", "any"].includes(to.kind)) return { refusal: "kinds", from: from.kind, to: to.kind };
  const isBooleanOrJson = to.parameter !== undefined && (to.kind === "json" || to.kind === "any");
  if (!isBooleanOrJson && !takes(to.kind, from.kind) && !(to.parameter !== undefined && to.kind === "text" && isValue)) return { refusal: "kinds", from: from.kind, to: to.kind };
  const same = (edge: FlowEdge) => edge.id !== except && edge.source === wish.source && (edge.sourceHandle ?? null) === wish.sourceHandle && (edge.targetHandle ?? null) === wish.targetHandle;
  if ((incoming.get(wish.target) ?? []).some(same)) return { refusal: "twice" };
  if (reaches(document, wish.target, wish.source)) return { refusal: "loop" };
  return null;
}
