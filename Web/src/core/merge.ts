import { indexOf, type FlowDocument, type FlowNode } from "./flow";
import { type Json, sameJson, writeJson } from "./json";

/** A place that two people changed in two ways. */
export interface MergeConflict { kind: "node" | "edge" | "document"; id: string; field: string; base: unknown; mine: unknown; theirs: unknown }

type Fields = Record<string, unknown>;

/**
 * Three documents made one: what only one of two changed is as they changed it. Nodes and edges are told apart by id,
 * and within one each field, and each member of `data` and of its parameters, stands for itself. Where both changed the
 * same in two ways it is a conflict, and mine stays.
 */
export function merge(base: FlowDocument, mine: FlowDocument, theirs: FlowDocument): { document: FlowDocument; conflicts: MergeConflict[] } {
  const conflicts: MergeConflict[] = [];
  const nodes = mergeList("node", base.nodes as unknown as Fields[], mine.nodes as unknown as Fields[], theirs.nodes as unknown as Fields[], conflicts);
  const edges = mergeList("edge", base.edges as unknown as Fields[], mine.edges as unknown as Fields[], theirs.edges as unknown as Fields[], conflicts);
  const seen = inSight(nodes as unknown as FlowNode[], base, mine, theirs);
  const there = new Set<unknown>(seen.map((node) => node.id));
  const rest = mergeFields("document", "", without(base), without(mine), without(theirs), "", conflicts);
  const document = { ...rest, nodes: seen, edges: edges.filter((edge) => there.has(edge.source) && there.has(edge.target)) } as unknown as FlowDocument;
  // Where somebody looks is their own.
  if (mine.viewport) document.viewport = mine.viewport;
  return { document, conflicts: conflicts.filter((conflict) => conflict.field !== "viewport") };
}

function without(document: FlowDocument): Fields {
  const { nodes: _, edges: __, viewport: ___, ...rest } = document;
  void _; void __; void ___;
  return rest;
}

function mergeList(kind: "node" | "edge", base: Fields[], mine: Fields[], theirs: Fields[], conflicts: MergeConflict[]): Fields[] {
  const byId = (list: Fields[]) => new Map(list.map((item) => [item.id as string, item]));
  const inBase = byId(base), inMine = byId(mine), inTheirs = byId(theirs);
  const result: Fields[] = [];
  const add = (id: string) => {
    const before = inBase.get(id), own = inMine.get(id), other = inTheirs.get(id);
    if (own && other) {
      const merged = mergeFields(kind, id, before ?? {}, own, other, "", conflicts);
      result.push(kind === "node" ? placeWithGroup(merged, before, own, other) : merged);
    }
    else if (own) {
      // Theirs removed it: gone, unless I changed it meanwhile.
      if (!before) result.push(own);
      else if (!sameWork(kind, before, own)) {
        conflicts.push({ kind, id, field: "", base: before, mine: own, theirs: undefined });
        result.push(own);
      }
    } else if (other) {
      if (!before) result.push(other);
      else if (!sameWork(kind, before, other)) conflicts.push({ kind, id, field: "", base: before, mine: undefined, theirs: other });
    }
  };
  for (const item of mine) add(item.id as string);
  for (const item of theirs) if (!inMine.has(item.id as string)) add(item.id as string);
  return result;
}

const deep = new Set(["data", "data.parameters"]);
/** Where something lies, and in which group, is nobody's work: of two places the later save's counts. */
const places = new Set(["position", "positionAbsolute", "width", "height", "zIndex", "extent", "expandParent", "parentId"]);

/** Whether two say the same, wherever they lie: what one side deleted the other may have moved. */
function sameWork(kind: "node" | "edge", before: Fields, now: Fields): boolean {
  if (kind === "edge") return sameJson(before, now);
  const work = (node: Fields) => Object.fromEntries(Object.entries(node).filter(([key]) => !places.has(key)));
  return sameJson(work(before), work(now));
}

/** A place is counted from the group: both come from the side that put the node into another one, mine where both did. */
function placeWithGroup(merged: Fields, before: Fields | undefined, mine: Fields, theirs: Fields): Fields {
  const side = mine.parentId !== before?.parentId ? mine : theirs.parentId !== before?.parentId ? theirs : null;
  if (!side) return merged;
  const { parentId: _, ...rest } = merged;
  void _;
  return { ...rest, position: side.position, ...(side.parentId === undefined ? {} : { parentId: side.parentId }) };
}

/**
 * The nodes with every group before what lies in it. Those whose group one side deleted stay where they are seen, in what
 * is left above it; of groups that were put into each other, those that I moved go back to where theirs has them.
 */
export function inSight(nodes: readonly FlowNode[], base: FlowDocument, mine: FlowDocument, theirs: FlowDocument): FlowNode[] {
  const result = new Map(nodes.map((node) => [node.id, node]));
  const wereThere = indexOf(base).nodes, own = indexOf(mine).nodes, others = indexOf(theirs).nodes;
  const isGone = (id: string | undefined): id is string => id !== undefined && wereThere.has(id) && !result.has(id);
  for (const node of nodes) {
    if (!isGone(node.parentId)) continue;
    // One side has deleted the group; the other knows where it lay.
    const side = others.has(node.parentId) ? others : own;
    let { x, y } = node.position;
    let above: string | undefined = node.parentId;
    for (const passed = new Set<string>(); isGone(above) && !passed.has(above);) {
      passed.add(above);
      const lay: FlowNode | undefined = side.get(above) ?? wereThere.get(above);
      x += lay?.position.x ?? 0;
      y += lay?.position.y ?? 0;
      above = lay?.parentId;
    }
    result.set(node.id, into(node, above !== undefined && result.has(above) ? above : undefined, { x, y }));
  }
  breakCircles(result, others);
  return parentsFirst(nodes, result);
}

function into(node: FlowNode, parent: string | undefined, position: FlowNode["position"]): FlowNode {
  const { parentId: _, ...rest } = node;
  void _;
  return { ...rest, position, ...(parent === undefined ? {} : { parentId: parent }) } as FlowNode;
}

function parentOf(nodes: ReadonlyMap<string, FlowNode>, id: string | undefined): string | undefined { return id === undefined ? undefined : nodes.get(id)?.parentId; }

function breakCircles(nodes: Map<string, FlowNode>, theirs: ReadonlyMap<string, FlowNode>): void {
  const sound = new Set<string>();
  for (const start of [...nodes.keys()].sort()) {
    const passed = new Set<string>();
    for (let id: string | undefined = start; id !== undefined && !sound.has(id); id = parentOf(nodes, id)) {
      if (!passed.has(id)) { passed.add(id); continue; }
      // Around once more, to the first of the circle that lies elsewhere at theirs.
      for (let at: string | undefined = id, steps = 0; at !== undefined && steps < nodes.size; at = parentOf(nodes, at), steps += 1) {
        const node = nodes.get(at), other = theirs.get(at);
        if (!node || !other || other.parentId === node.parentId) continue;
        nodes.set(at, into(node, other.parentId, other.position));
        break;
      }
      break;
    }
    for (const id of passed) sound.add(id);
  }
}

function parentsFirst(order: readonly FlowNode[], nodes: ReadonlyMap<string, FlowNode>): FlowNode[] {
  const placed = new Set<string>(), sorted: FlowNode[] = [];
  for (const { id } of order) {
    const chain: FlowNode[] = [];
    for (let next = nodes.get(id), passed = new Set<string>(); next && !placed.has(next.id) && !passed.has(next.id); next = next.parentId === undefined ? undefined : nodes.get(next.parentId)) {
      passed.add(next.id);
      chain.push(next);
    }
    for (const node of chain.reverse()) {
      placed.add(node.id);
      sorted.push(node);
    }
  }
  return sorted;
}

function mergeFields(kind: MergeConflict["kind"], id: string, base: Fields, mine: Fields, theirs: Fields, path: string, conflicts: MergeConflict[]): Fields {
  const result: Fields = {};
  for (const key of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
    const field = path ? `${path}.${key}` : key;
    const before = base[key], own = mine[key], other = theirs[key];
    let value: unknown;
    if (sameJson(own, other)) value = own;
    else if (sameJson(before, other)) value = own;
    else if (sameJson(before, own)) value = other;
    else if (places.has(field)) value = own;
    else if (deep.has(field) && isObject(own) && isObject(other)) value = mergeFields(kind, id, isObject(before) ? before : {}, own, other, field, conflicts);
    else {
      conflicts.push({ kind, id, field, base: before, mine: own, theirs: other });
      value = own;
    }
    if (value !== undefined) result[key] = value;
  }
  return result;
}

function isObject(value: unknown): value is Fields { return typeof value === "object" && value !== null && !Array.isArray(value); }

/** What a reader is shown of a value that two people set in two ways. */
export function shown(value: unknown): string {
  if (value === undefined) return "–";
  return typeof value === "string" ? value : writeJson(value as Json);
}
