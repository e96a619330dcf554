import { absolute, freshId, indexOf, type FlowDocument, type FlowNode, type Point, type Rect } from "./flow";
import { sizeOf, type Sizes } from "./geometry";

const padding = 28;
const head = 44;

/** A document in which nodes lie in a group of their own; and the group's id. */
export function group(document: FlowDocument, ids: ReadonlySet<string>, label: string, sizes: Sizes): { document: FlowDocument; id: string } | null {
  const members = document.nodes.filter((node) => ids.has(node.id) && !(node.parentId && ids.has(node.parentId)));
  if (members.length === 0) return null;
  const bounds = boundsOf(document, members, sizes);
  const frame = { x: bounds.x - padding, y: bounds.y - head - padding / 2, width: bounds.width + padding * 2, height: bounds.height + head + padding * 1.5 };
  const parents = new Set(members.map((node) => node.parentId ?? null));
  const parent = parents.size === 1 ? [...parents][0] ?? null : null;
  const id = freshId(document, "group");
  const origin = parent === null ? { x: 0, y: 0 } : originOf(document, parent);
  const node: FlowNode = {
    id, type: "group", position: { x: frame.x - origin.x, y: frame.y - origin.y }, data: { label }, width: frame.width, height: frame.height,
    ...(parent === null ? {} : { parentId: parent }),
  };
  const inside = new Set(members.map((member) => member.id));
  const nodes = document.nodes.map((one) => {
    if (!inside.has(one.id)) return one;
    const at = absolute(document, one);
    return { ...one, parentId: id, position: { x: at.x - frame.x, y: at.y - frame.y } };
  });
  // Parents stand before their children, as Svelte Flow and React Flow want it.
  const at = nodes.findIndex((one) => inside.has(one.id));
  return { document: { ...document, nodes: [...nodes.slice(0, at), node, ...nodes.slice(at)] }, id };
}

/** A document in which a group is gone and what lay in it is where it was. */
export function ungroup(document: FlowDocument, id: string): FlowDocument {
  const frame = indexOf(document).nodes.get(id);
  if (!frame || frame.type !== "group") return document;
  const nodes = document.nodes.filter((node) => node.id !== id).map((node) => {
    if (node.parentId !== id) return node;
    const { parentId: _, extent, ...rest } = node;
    void _;
    const position = { x: node.position.x + frame.position.x, y: node.position.y + frame.position.y };
    return { ...rest, ...(frame.parentId ? { parentId: frame.parentId, ...(extent === undefined ? {} : { extent }) } : {}), position } as FlowNode;
  });
  return { ...document, nodes };
}

/** Where a node may go: one that is bound to its group (`extent: "parent"`) stays within it. */
export function within(document: FlowDocument, id: string, place: Point, sizes: Sizes): Point {
  const { nodes } = indexOf(document);
  const node = nodes.get(id), parent = node?.parentId ? nodes.get(node.parentId) : undefined;
  if (!node || !parent || node.extent !== "parent") return place;
  const inner = sizeOf(document, node, sizes), outer = sizeOf(document, parent, sizes);
  const clamp = (value: number, most: number) => Math.max(0, Math.min(value, most));
  return { x: clamp(place.x, outer.width - inner.width), y: clamp(place.y, outer.height - inner.height) };
}

/** The group that a node would lie in at a point of the canvas: the innermost frame there that is not the node's own. */
export function groupAt(document: FlowDocument, point: Point, except: ReadonlySet<string>): string | null {
  let found: FlowNode | null = null;
  for (const node of document.nodes) {
    if (node.type !== "group" || except.has(node.id) || isWithin(document, node, except)) continue;
    const at = absolute(document, node);
    if (point.x < at.x || point.y < at.y || point.x > at.x + (node.width ?? 0) || point.y > at.y + (node.height ?? 0)) continue;
    if (!found || (node.width ?? 0) * (node.height ?? 0) <= (found.width ?? 0) * (found.height ?? 0)) found = node;
  }
  return found?.id ?? null;
}

function isWithin(document: FlowDocument, node: FlowNode, groups: ReadonlySet<string>): boolean {
  const { nodes } = indexOf(document);
  for (let parent = node.parentId; parent; parent = nodes.get(parent)?.parentId) if (groups.has(parent)) return true;
  return false;
}

/** A document in which nodes belong to the group (or none) that they were let go over, at the place they have. */
export function adopt(document: FlowDocument, ids: ReadonlySet<string>, parent: string | null): FlowDocument {
  const origin = parent === null ? { x: 0, y: 0 } : originOf(document, parent);
  let isChanged = false;
  const nodes = document.nodes.map((node) => {
    if (!ids.has(node.id) || (node.parentId !== undefined && node.extent === "parent") || (node.parentId ?? null) === parent || (node.parentId && ids.has(node.parentId)) || node.id === parent) return node;
    isChanged = true;
    const at = absolute(document, node);
    const { parentId: _, ...rest } = node;
    void _;
    return { ...rest, ...(parent === null ? {} : { parentId: parent }), position: { x: at.x - origin.x, y: at.y - origin.y } } as FlowNode;
  });
  if (!isChanged) return document;
  // A parent stands before its children.
  const frame = nodes.find((node) => node.id === parent);
  const first = nodes.findIndex((node) => ids.has(node.id) && node.parentId === parent);
  const at = frame ? nodes.indexOf(frame) : -1;
  if (!frame || at < first) return { ...document, nodes };
  const rest = nodes.filter((node) => node !== frame);
  return { ...document, nodes: [...rest.slice(0, first), frame, ...rest.slice(first)] };
}

function originOf(document: FlowDocument, id: string): Point {
  const node = indexOf(document).nodes.get(id);
  return node ? absolute(document, node) : { x: 0, y: 0 };
}

/** The smallest rectangle around nodes. */
export function boundsOf(document: FlowDocument, nodes: readonly FlowNode[], sizes: Sizes): Rect {
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
  for (const node of nodes) {
    const at = absolute(document, node), size = sizeOf(document, node, sizes);
    left = Math.min(left, at.x);
    top = Math.min(top, at.y);
    right = Math.max(right, at.x + size.width);
    bottom = Math.max(bottom, at.y + size.height);
  }
  return nodes.length === 0 ? { x: 0, y: 0, width: 0, height: 0 } : { x: left, y: top, width: right - left, height: bottom - top };
}
