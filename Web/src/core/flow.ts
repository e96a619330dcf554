import type { Json, JsonObject } from "./json";

/** A point of the canvas. */
export interface Point { x: number; y: number }
/** What of the canvas is seen: its origin's place in the window, and the zoom. */
export interface Viewport { x: number; y: number; zoom: number }
/** A rectangle of the canvas. */
export interface Rect { x: number; y: number; width: number; height: number }

/** A node as it stands in the document. Members that are not known here are kept. */
export interface FlowNode {
  id: string;
  type: string;
  position: Point;
  data: JsonObject;
  parentId?: string;
  width?: number;
  height?: number;
  [other: string]: unknown;
}

/** A connection; an absent handle means the primary output, or the only input. */
export interface FlowEdge {
  id: string;
  source: string;
  sourceHandle?: string | null;
  target: string;
  targetHandle?: string | null;
  [other: string]: unknown;
}

/** A Production Canvas, in the shape of React Flow and Svelte Flow. */
export interface FlowDocument {
  nodes: FlowNode[];
  edges: FlowEdge[];
  viewport?: Viewport;
  [other: string]: unknown;
}

/** A canvas with nothing on it. */
export const emptyDocument: FlowDocument = { nodes: [], edges: [], viewport: { x: 0, y: 0, zoom: 1 } };

/** What is never saved: what belongs to the moment on one screen. */
const transient = ["selected", "dragging", "measured"];

/** Reads a document that came from the gateway or the clipboard: whatever is missing is empty, everything else is kept. */
export function readDocument(value: unknown): FlowDocument {
  const document = (typeof value === "object" && value !== null ? value : {}) as Partial<FlowDocument>;
  const nodes = (Array.isArray(document.nodes) ? document.nodes : []).filter((node) => node && typeof node.id === "string").map((node) => ({
    ...node, type: typeof node.type === "string" ? node.type : "note",
    position: { x: number(node.position?.x), y: number(node.position?.y) },
    data: typeof node.data === "object" && node.data !== null && !Array.isArray(node.data) ? node.data : {},
  }));
  const edges = (Array.isArray(document.edges) ? document.edges : []).filter((edge) => edge && typeof edge.id === "string" && typeof edge.source === "string" && typeof edge.target === "string");
  return { ...document, nodes, edges };
}

function number(value: unknown): number { return typeof value === "number" && Number.isFinite(value) ? value : 0; }

/** The document as it is saved. */
export function savedForm(document: FlowDocument): FlowDocument {
  return { ...document, nodes: document.nodes.map(strip), edges: document.edges.map(strip) };
}

function strip<T extends { [other: string]: unknown }>(value: T): T {
  if (!transient.some((key) => key in value)) return value;
  const copy: { [other: string]: unknown } = { ...value };
  for (const key of transient) delete copy[key];
  return copy as T;
}

interface Index { nodes: Map<string, FlowNode>; incoming: Map<string, FlowEdge[]>; outgoing: Map<string, FlowEdge[]>; edges: Map<string, FlowEdge>; children: Map<string, FlowNode[]> }
const indexes = new WeakMap<FlowDocument, Index>();

/** Where everything of a document is; made once for each. */
export function indexOf(document: FlowDocument): Index {
  const known = indexes.get(document);
  if (known) return known;
  const index: Index = { nodes: new Map(), incoming: new Map(), outgoing: new Map(), edges: new Map(), children: new Map() };
  for (const node of document.nodes) {
    index.nodes.set(node.id, node);
    if (node.parentId) push(index.children, node.parentId, node);
  }
  for (const edge of document.edges) {
    index.edges.set(edge.id, edge);
    push(index.outgoing, edge.source, edge);
    push(index.incoming, edge.target, edge);
  }
  indexes.set(document, index);
  return index;
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value); else map.set(key, [value]);
}

/** Where a node is on the canvas: its own place is relative to its group's. */
export function absolute(document: FlowDocument, node: FlowNode): Point {
  const { nodes } = indexOf(document);
  let { x, y } = node.position;
  let parent = node.parentId ? nodes.get(node.parentId) : undefined;
  for (let depth = 0; parent && depth < 20; depth += 1) {
    x += parent.position.x;
    y += parent.position.y;
    parent = parent.parentId ? nodes.get(parent.parentId) : undefined;
  }
  return { x, y };
}

/** Whether one node is reached from another along the connections. */
export function reaches(document: FlowDocument, from: string, to: string): boolean {
  const { outgoing } = indexOf(document);
  const seen = new Set<string>(), open = [from];
  while (open.length > 0) {
    const id = open.pop() as string;
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    for (const edge of outgoing.get(id) ?? []) open.push(edge.target);
  }
  return false;
}

/** A short id that no node or edge of the document has. */
export function freshId(document: FlowDocument, stem: string, taken: ReadonlySet<string> = new Set()): string {
  const { nodes, edges } = indexOf(document);
  const clean = stem.replace(/[^A-Za-z0-9-]+/g, "-") || "node";
  for (let number = 1; ; number += 1) {
    const id = `${clean}-${number}`;
    if (!nodes.has(id) && !edges.has(id) && !taken.has(id)) return id;
  }
}

/** A member of a node's data as text. */
export function text(value: Json | undefined): string { return typeof value === "string" ? value : ""; }
