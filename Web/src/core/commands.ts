import { absolute, freshId, indexOf, type FlowDocument, type FlowEdge, type FlowNode, type Point } from "./flow";
import type { JsonObject } from "./json";
import { findPort, inputsOf, judge, outputsOf, type Catalogue, type Wish } from "./ports";

/** A document with a node more, in front of all others; a group lies behind. */
export function addNode(document: FlowDocument, node: FlowNode): FlowDocument {
  return { ...document, nodes: node.type === "group" ? [node, ...document.nodes] : [...document.nodes, node] };
}

/** A document with a connection more; an input that takes one file gives up the one it had. */
export function connect(document: FlowDocument, wish: Wish, catalogue: Catalogue): FlowDocument {
  const target = indexOf(document).nodes.get(wish.target);
  const port = target && findPort(inputsOf(document, target, catalogue), wish.targetHandle);
  const edges = port?.list ? document.edges : document.edges.filter((edge) => !(edge.target === wish.target && (edge.targetHandle ?? null) === wish.targetHandle));
  const edge: FlowEdge = { id: freshId(document, "edge"), source: wish.source, target: wish.target };
  if (wish.sourceHandle !== null) edge.sourceHandle = wish.sourceHandle;
  if (wish.targetHandle !== null) edge.targetHandle = wish.targetHandle;
  return { ...document, edges: [...edges, edge] };
}

/** A document whose connection ends elsewhere. */
export function reconnect(document: FlowDocument, id: string, wish: Wish, catalogue: Catalogue): FlowDocument {
  const old = indexOf(document).edges.get(id);
  if (!old) return document;
  const without = { ...document, edges: document.edges.filter((edge) => edge.id !== id) };
  const made = connect(without, wish, catalogue);
  // What else the edge held stays with it, its id too.
  const last = made.edges[made.edges.length - 1] as FlowEdge;
  const { source, sourceHandle, target, targetHandle } = last;
  return { ...made, edges: [...made.edges.slice(0, -1), { ...old, source, sourceHandle, target, targetHandle }] };
}

/** A document without these nodes and edges, and without what hung on them. A group's nodes stay, in its place. */
export function remove(document: FlowDocument, ids: ReadonlySet<string>): FlowDocument {
  const { nodes } = indexOf(document);
  const isGone = (id: string) => ids.has(id);
  const kept = document.nodes.filter((node) => !isGone(node.id)).map((node) => {
    if (!node.parentId || !isGone(node.parentId)) return node;
    const { parentId: _, ...rest } = node;
    void _;
    return { ...rest, position: absolute(document, node) } as FlowNode;
  });
  const edges = document.edges.filter((edge) => !isGone(edge.id) && !isGone(edge.source) && !isGone(edge.target));
  if (kept.length === document.nodes.length && edges.length === document.edges.length) return document;
  void nodes;
  return { ...document, nodes: kept, edges };
}

/** A document in which a node's data is another. */
export function setData(document: FlowDocument, id: string, change: (data: JsonObject) => JsonObject): FlowDocument {
  return changeNode(document, id, (node) => {
    const data = change(node.data);
    return data === node.data ? node : { ...node, data };
  });
}

/** A document in which a node is another. */
export function changeNode(document: FlowDocument, id: string, change: (node: FlowNode) => FlowNode): FlowDocument {
  let isChanged = false;
  const nodes = document.nodes.map((node) => {
    if (node.id !== id) return node;
    const after = change(node);
    if (after !== node) isChanged = true;
    return after;
  });
  return isChanged ? { ...document, nodes } : document;
}

/** A document in which one parameter of a function node is another; `undefined` gives it its default. */
export function setParameter(document: FlowDocument, id: string, name: string, value: JsonObject[string] | undefined): FlowDocument {
  return setData(document, id, (data) => {
    const before = (data.parameters ?? {}) as JsonObject;
    const parameters = { ...before };
    if (value === undefined) delete parameters[name]; else parameters[name] = value;
    return { ...data, parameters };
  });
}

/** Nodes and edges that are copied, with places relative to the first. */
export interface Clip { kind: "studio-canvas-clip"; nodes: FlowNode[]; edges: FlowEdge[] }

/** What is selected, with the nodes of selected groups and the edges between all of them. */
export function copy(document: FlowDocument, selection: ReadonlySet<string>): Clip | null {
  const { children } = indexOf(document);
  const ids = new Set<string>();
  const take = (node: FlowNode) => {
    if (ids.has(node.id)) return;
    ids.add(node.id);
    for (const child of children.get(node.id) ?? []) take(child);
  };
  for (const node of document.nodes) if (selection.has(node.id)) take(node);
  if (ids.size === 0) return null;
  const nodes = document.nodes.filter((node) => ids.has(node.id)).map((node) => {
    if (node.parentId && ids.has(node.parentId)) return node;
    const { parentId: _, ...rest } = node;
    void _;
    return { ...rest, position: absolute(document, node) } as FlowNode;
  });
  return { kind: "studio-canvas-clip", nodes, edges: document.edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target)) };
}

/** A document with what was copied, its middle at a point, under ids of its own; and those ids. */
export function paste(document: FlowDocument, clip: Clip, at: Point, step = 1): { document: FlowDocument; ids: string[] } {
  const tops = clip.nodes.filter((node) => !node.parentId);
  const left = Math.min(...tops.map((node) => node.position.x)), top = Math.min(...tops.map((node) => node.position.y));
  const names = new Map<string, string>(), taken = new Set<string>();
  for (const node of clip.nodes) {
    const id = freshId(document, node.id.replace(/-\d+$/, ""), taken);
    taken.add(id);
    names.set(node.id, id);
  }
  const snap = (value: number) => Math.round(value / step) * step;
  const nodes = clip.nodes.map((node) => ({
    ...node, id: names.get(node.id) as string, ...(node.parentId ? { parentId: names.get(node.parentId) as string } : {}),
    position: node.parentId ? node.position : { x: snap(node.position.x - left + at.x), y: snap(node.position.y - top + at.y) },
  }));
  const edges = clip.edges.map((edge) => {
    const id = freshId(document, "edge", taken);
    taken.add(id);
    return { ...edge, id, source: names.get(edge.source) as string, target: names.get(edge.target) as string };
  });
  const groups = nodes.filter((node) => node.type === "group"), others = nodes.filter((node) => node.type !== "group");
  return { document: { ...document, nodes: [...groups, ...document.nodes, ...others], edges: [...document.edges, ...edges] }, ids: nodes.map((node) => node.id) };
}

/** The first connection between two nodes that fits; inputs that have one already come last, where they take several. */
export function firstFit(document: FlowDocument, source: { node: string; handle: string | null }, target: string, catalogue: Catalogue): Wish | null {
  const node = indexOf(document).nodes.get(target);
  if (!node) return null;
  const used = new Set((indexOf(document).incoming.get(target) ?? []).map((edge) => edge.targetHandle ?? null));
  for (const port of inputsOf(document, node, catalogue)) {
    if (used.has(port.handle) && !port.list) continue;
    const wish = { source: source.node, sourceHandle: source.handle, target, targetHandle: port.handle };
    if (!judge(document, wish, catalogue)) return wish;
  }
  return null;
}

/** The same from an input backwards: the first output of a node that fits it. */
export function firstFitBack(document: FlowDocument, target: { node: string; handle: string | null }, source: string, catalogue: Catalogue): Wish | null {
  const node = indexOf(document).nodes.get(source);
  if (!node) return null;
  for (const port of outputsOf(node, catalogue)) {
    const wish = { source, sourceHandle: port.handle, target: target.node, targetHandle: target.handle };
    if (!judge(document, wish, catalogue)) return wish;
  }
  return null;
}

/** A document in which a node stands between the two that an edge connected; null where it does not fit there. */
export function insertOnEdge(document: FlowDocument, edgeId: string, nodeId: string, catalogue: Catalogue): FlowDocument | null {
  const edge = indexOf(document).edges.get(edgeId);
  if (!edge || edge.source === nodeId || edge.target === nodeId) return null;
  const without = { ...document, edges: document.edges.filter((one) => one.id !== edgeId) };
  const into = firstFit(without, { node: edge.source, handle: edge.sourceHandle ?? null }, nodeId, catalogue);
  if (!into) return null;
  const half = connect(without, into, catalogue);
  const out = firstFitBack(half, { node: edge.target, handle: edge.targetHandle ?? null }, nodeId, catalogue);
  return out ? connect(half, out, catalogue) : null;
}
