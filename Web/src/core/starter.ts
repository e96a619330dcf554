import type { StudioFunction } from "../api/types";
import { connect } from "./commands";
import { absolute, freshId, indexOf, text, type FlowDocument, type FlowNode, type Point } from "./flow";
import { nodeWidth } from "./geometry";
import type { JsonObject } from "./json";
import { parameterHandle, parametersOf, type Catalogue } from "./ports";

const pictures = new Set(["video", "image"]);
const media = new Set(["video", "image", "audio", "mask"]);

function primaryOf(entry: StudioFunction): { name: string; type: string } | null {
  const all = Object.entries(entry.outputs);
  const [name, port] = all.find(([, one]) => one.primary) ?? all[0] ?? [];
  return name !== undefined && port ? { name, type: port.type } : null;
}

/** The shot after the last of a canvas. Shots are numbered in tens, so that others find room between. */
export function nextShot(document: FlowDocument): string {
  let stem = "SHOT-", width = 3, last = 0;
  for (const node of document.nodes) {
    const [, before, digits] = /^(.*?)(\d+)$/.exec(node.type === "output" ? text(node.data.shot) : "") ?? [];
    if (before === undefined || digits === undefined || Number(digits) < last) continue;
    [stem, width, last] = [before, digits.length, Number(digits)];
  }
  return `${stem}${String(Math.floor(last / 10) * 10 + 10).padStart(width, "0")}`;
}

/** The function that a canvas to start from is made with: moving pictures from words alone, the least dear; null where there is none. */
export function starterFunction(catalogue: Catalogue): StudioFunction | null {
  const able = [...catalogue.values()].filter((entry) => {
    const prompt = parametersOf(entry).prompt;
    const asks = Array.isArray(entry.parameters.required) ? entry.parameters.required : [];
    return prompt?.type === "string" && asks.every((name) => name === "prompt") && Object.values(entry.inputs).every((port) => !port.required) && pictures.has(primaryOf(entry)?.type ?? "");
  });
  const rank = (entry: StudioFunction) => (primaryOf(entry)?.type === "video" ? 0 : 1);
  return able.sort((a, b) => rank(a) - rank(b) || a.cost.credits - b.cost.credits || a.name.localeCompare(b.name))[0] ?? null;
}

/** A document with shots to start from: each a function with its words, connected to where it becomes a take. */
export function withShots(document: FlowDocument, entry: StudioFunction, shots: readonly { label: string; prompt: string }[], note: string, at: Point): FlowDocument {
  const made = primaryOf(entry);
  let result = document;
  const add = (node: Omit<FlowNode, "id">, stem: string): string => {
    const id = freshId(result, stem);
    result = { ...result, nodes: [...result.nodes, { ...node, id } as FlowNode] };
    return id;
  };
  shots.forEach(({ label, prompt }, index) => {
    const y = at.y + index * 300;
    const source = add({ type: "function", position: { x: at.x, y }, data: { function: entry.name, label, parameters: { prompt } } }, entry.name);
    const target = add({ type: "output", position: { x: at.x + nodeWidth + 100, y }, data: { shot: nextShot(result), version: 1 } }, "output");
    result = { ...result, edges: [...result.edges, { id: freshId(result, "edge"), source, ...(made ? { sourceHandle: made.name } : {}), target, targetHandle: "in" }] };
  });
  add({ type: "note", position: { x: at.x + nodeWidth * 2 + 200, y: at.y }, width: 260, height: 220, data: { text: note } }, "note");
  return result;
}

/** The functions whose pictures or sounds go nowhere: they are made, and become no take. */
export function leavesOf(document: FlowDocument, catalogue: Catalogue): FlowNode[] {
  const { outgoing } = indexOf(document);
  return document.nodes.filter((node) => {
    const entry = node.type === "function" ? catalogue.get(text(node.data.function)) : undefined;
    return entry !== undefined && !outgoing.has(node.id) && media.has(primaryOf(entry)?.type ?? "");
  });
}

/** A document in which what went nowhere becomes takes of shots. */
export function publishLeaves(document: FlowDocument, catalogue: Catalogue): FlowDocument {
  return leavesOf(document, catalogue).reduce((before, leaf) => {
    const entry = catalogue.get(text(leaf.data.function)), at = absolute(before, leaf);
    const id = freshId(before, "output");
    const node: FlowNode = { id, type: "output", position: { x: at.x + (leaf.width ?? nodeWidth) + 100, y: at.y }, data: { shot: nextShot(before), version: 1 } };
    const made = entry ? primaryOf(entry) : null;
    return connect({ ...before, nodes: [...before.nodes, node] }, { source: leaf.id, sourceHandle: made?.name ?? null, target: id, targetHandle: "in" }, catalogue);
  }, document);
}

/** The nearest functions before a node, or the node itself, whose seed is what makes another take another. */
export function seededBefore(document: FlowDocument, id: string, catalogue: Catalogue): string[] {
  const { nodes, incoming } = indexOf(document);
  const found = new Set<string>(), seen = new Set<string>(), open = [id];
  while (open.length > 0) {
    const node = nodes.get(open.pop() as string);
    if (!node || seen.has(node.id)) continue;
    seen.add(node.id);
    const entry = node.type === "function" ? catalogue.get(text(node.data.function)) : undefined;
    const edges = incoming.get(node.id) ?? [];
    const isGiven = edges.some((edge) => edge.targetHandle === parameterHandle("seed")) || (node.data.fanOut as JsonObject | undefined)?.parameter === "seed";
    if (parametersOf(entry).seed?.type === "integer" && !isGiven) found.add(node.id);
    else for (const edge of edges) open.push(edge.source);
  }
  return [...found];
}

/** The outputs that a node's work ends in; itself where it ends in none. */
export function outputsAfter(document: FlowDocument, id: string): string[] {
  const { nodes, outgoing } = indexOf(document);
  const found = new Set<string>(), seen = new Set<string>(), open = [id];
  while (open.length > 0) {
    const one = open.pop() as string;
    if (seen.has(one)) continue;
    seen.add(one);
    if (nodes.get(one)?.type === "output") found.add(one);
    for (const edge of outgoing.get(one) ?? []) open.push(edge.target);
  }
  return found.size > 0 ? [...found] : [id];
}
