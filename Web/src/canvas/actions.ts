import { addNode, changeNode, connect, copy, firstFit, firstFitBack, insertOnEdge, paste, reconnect, remove, setData, type Clip } from "../core/commands";
import { adopt, group, groupAt, ungroup, within } from "../core/groups";
import { absolute, freshId, indexOf, text, type FlowDocument, type FlowNode, type Point, type Rect } from "../core/flow";
import { nextShot } from "../core/starter";
import { type JsonObject, parseJson, writeJson } from "../core/json";
import { overlaps, roomOf } from "../core/geometry";
import { distanceToCurve } from "../core/picking";
import { judge, outputsOf, type Wish } from "../core/ports";
import { t } from "../strings";
import { announce, toast } from "../ui/toasts";
import type { CanvasModel, PortAt } from "./model";

/** What can be added to a canvas. */
export interface Kind { type: string; data: JsonObject; stem: string; width?: number; height?: number }

/** A node's name, as people see it. */
export function nameOf(model: CanvasModel, node: FlowNode): string {
  const label = text(node.data.label);
  if (label) return label;
  switch (node.type) {
    case "function": return model.catalogue.get(text(node.data.function))?.title ?? text(node.data.function);
    case "asset": return text(node.data.path).split("/").pop() || t.canvas.kinds.asset;
    case "output": return text(node.data.shot) || t.canvas.kinds.output;
    case "note": return text(node.data.text).split("\n")[0]?.slice(0, 60) || t.canvas.kinds.note;
    default: return (t.canvas.kinds as Record<string, string>)[node.type] ?? node.type;
  }
}

/** Adds a node, connected to where somebody came from where there is such a place. */
export function addKind(model: CanvasModel, kind: Kind, at: Point, from: PortAt | null = null): string {
  const id = freshId(model.editor.document, kind.stem);
  // One output after another is one shot after another.
  const data = kind.type === "output" ? { ...kind.data, shot: nextShot(model.editor.document) } : kind.data;
  const node: FlowNode = { id, type: kind.type, position: model.snap(at), data };
  if (kind.width) node.width = kind.width;
  if (kind.height) node.height = kind.height;
  model.editor.edit(t.canvas.steps.add, (document) => {
    const added = addNode(document, node);
    if (!from) return added;
    const port = { node: from.node, handle: from.handle };
    const wish = from.side === "out" ? firstFit(added, port, id, model.catalogue) : firstFitBack(added, port, id, model.catalogue);
    return wish ? connect(added, wish, model.catalogue) : added;
  }, { select: [id] });
  announce(t.canvas.said.added(nameOf(model, node)));
  return id;
}

/** Where something that is chosen from the palette goes on: at the one selected node, where nothing goes on from it yet. */
export function continuesFrom(model: CanvasModel): PortAt | null {
  const { document, selection } = model.editor.get();
  const { nodes, outgoing } = indexOf(document);
  const node = selection.size === 1 ? nodes.get([...selection][0] as string) : undefined;
  const port = node && !outgoing.has(node.id) ? outputsOf(node, model.catalogue)[0] : undefined;
  return node && port ? { node: node.id, side: "out", handle: port.handle } : null;
}

/** A place where a new node hides none: to the right of the one that is selected, or in the middle of the window. */
export function freePlace(model: CanvasModel): Point {
  const { document, selection } = model.editor.get();
  const chosen = selection.size === 1 ? indexOf(document).nodes.get([...selection][0] as string) : undefined;
  const { width, height } = model.size.get(), middle = model.toCanvas({ x: width / 2 - 120, y: height / 2 - 80 });
  const beside = chosen && chosen.type !== "group" ? model.rectOf(chosen) : null;
  const place = model.snap(beside ? { x: beside.x + beside.width + 80, y: beside.y } : middle);
  const rects = document.nodes.filter((node) => node.type !== "group").map((node) => ({ ...model.placeOf(node), ...roomOf(document, node, model.sizes) }));
  const isFree = () => !rects.some((rect) => overlaps(rect, { ...place, width: 240, height: 260 }));
  for (let turn = 0; turn < 200 && !isFree(); turn += 1) place.y += model.grid * 2;
  return place;
}

/** The connection between two ports, whichever of them somebody began at. */
export function wishOf(from: PortAt, to: PortAt): Wish | null {
  if (from.side === to.side) return null;
  const [source, target] = from.side === "out" ? [from, to] : [to, from];
  return { source: source.node, sourceHandle: source.handle, target: target.node, targetHandle: target.handle };
}

/** Why a wish is refused, in words. */
export function reason(refusal: NonNullable<ReturnType<typeof judge>>): string {
  return t.canvas.refusals[refusal.refusal](refusal.from ?? "", refusal.to ?? "");
}

/** Connects two ports, or says why not; an edge that was picked up ends there instead. */
export function join(model: CanvasModel, from: PortAt, to: PortAt, edge: string | null = null): boolean {
  const wish = wishOf(from, to);
  if (!wish) return false;
  const refusal = judge(model.editor.document, wish, model.catalogue, edge ?? undefined);
  if (refusal) {
    toast(reason(refusal), "info");
    return false;
  }
  model.editor.edit(t.canvas.steps.connect, (document) => edge ? reconnect(document, edge, wish, model.catalogue) : connect(document, wish, model.catalogue));
  announce(t.canvas.said.connected);
  return true;
}

/** Connects to the first port of a node that fits. */
export function joinNode(model: CanvasModel, from: PortAt, node: string): boolean {
  const port = { node: from.node, handle: from.handle };
  const wish = from.side === "out" ? firstFit(model.editor.document, port, node, model.catalogue) : firstFitBack(model.editor.document, port, node, model.catalogue);
  if (!wish) {
    toast(t.canvas.refusals["no-port"]("", ""), "info");
    return false;
  }
  model.editor.edit(t.canvas.steps.connect, (document) => connect(document, wish, model.catalogue));
  announce(t.canvas.said.connected);
  return true;
}

/** Removes what is selected. */
export function removeSelected(model: CanvasModel): void {
  const { selection } = model.editor.get();
  if (selection.size === 0) return;
  const count = selection.size;
  model.editor.edit(t.canvas.steps.remove, (document) => remove(document, selection));
  announce(t.canvas.said.removed(count));
}

/** Copies what is selected to the clipboard of the system, so that another project's canvas can take it. */
export async function copySelected(model: CanvasModel): Promise<void> {
  const clip = copy(model.editor.document, model.editor.get().selection);
  if (!clip) return;
  clipboard = clip;
  isShared = false;
  try {
    await navigator.clipboard.writeText(writeJson(clip));
    isShared = true;
  } catch { /* Without permission the page's own memory has to do. */ }
  announce(t.canvas.said.copied(clip.nodes.length));
}

/** Copies what is selected and removes it; at once, whatever is selected by the time the clipboard has it. */
export function cutSelected(model: CanvasModel): void {
  void copySelected(model);
  removeSelected(model);
}

let clipboard: Clip | null = null;
/** Whether the system's clipboard has it too: then what is there now is what was copied last. */
let isShared = false;

/** What was copied here last, where the system's clipboard could not be given it. */
export function ownClip(): Clip | null { return isShared ? null : clipboard; }

/** What text of the clipboard holds of a canvas; null where it is something else. */
export function readClip(value: string): Clip | null {
  try {
    const clip = parseJson(value) as Partial<Clip>;
    if (clip.kind === "studio-canvas-clip" && Array.isArray(clip.nodes) && Array.isArray(clip.edges) && clip.nodes.length > 0) return clip as Clip;
  } catch { /* Some other text. */ }
  return null;
}

/** Pastes at a place what the system's clipboard has, copied here or in another tab; what was copied here where that may not be read. */
export async function pasteHere(model: CanvasModel, at: Point): Promise<void> {
  let clip: Clip | null = null;
  try { clip = readClip(await navigator.clipboard.readText()); } catch { /* Not allowed. */ }
  if (clip ?? clipboard) pasteClip(model, clip, at);
  else toast(t.canvas.said.nothingToPaste, "info");
}

/** Pastes what was copied last, here or in another tab, at the pointer. */
export function pasteClip(model: CanvasModel, given: Clip | null = null, at?: Point): void {
  const clip = given ?? clipboard;
  if (!clip) return;
  let ids: string[] = [];
  const point = at ?? model.toCanvas(model.pointer);
  const before = model.editor.document;
  const pasted = paste(before, clip, point, model.isSnapping ? model.grid : 1);
  ids = pasted.ids;
  model.editor.edit(t.canvas.steps.paste, () => pasted.document, { select: ids });
  announce(t.canvas.said.pasted(ids.length));
}

/** Makes a second one of what is selected. */
export function duplicate(model: CanvasModel): void {
  const { document } = model.editor;
  const clip = copy(document, model.editor.get().selection);
  const first = clip?.nodes.find((node) => !node.parentId);
  if (!clip || !first) return;
  const tops = clip.nodes.filter((node) => !node.parentId);
  pasteClip(model, clip, { x: Math.min(...tops.map((node) => node.position.x)) + model.grid * 2, y: Math.min(...tops.map((node) => node.position.y)) + model.grid * 2 });
}

/** Puts what is selected into a group. */
export function groupSelected(model: CanvasModel): void {
  const made = group(model.editor.document, model.editor.get().selection, t.canvas.kinds.group, model.sizes);
  if (made) model.editor.edit(t.canvas.steps.group, () => made.document, { select: [made.id] });
}

/** Takes selected groups apart. */
export function ungroupSelected(model: CanvasModel): void {
  const groups = model.editor.document.nodes.filter((node) => node.type === "group" && model.editor.get().selection.has(node.id));
  if (groups.length > 0) model.editor.edit(t.canvas.steps.ungroup, (document) => groups.reduce((result, node) => ungroup(result, node.id), document));
}

/** Moves what is selected by steps, as the arrow keys do; presses after one another are one step of the history. */
export function nudge(model: CanvasModel, dx: number, dy: number): void {
  const { selection, document } = model.editor.get();
  const { nodes } = indexOf(document);
  const moved = [...selection].filter((id) => nodes.has(id) && !hasSelectedParent(document, id, selection));
  if (moved.length === 0) return;
  model.editor.edit(t.canvas.steps.move, (before) => ({
    ...before, nodes: before.nodes.map((node) => moved.includes(node.id) ? { ...node, position: within(before, node.id, { x: node.position.x + dx, y: node.position.y + dy }, model.sizes) } : node),
  }), { merge: `nudge:${moved.join()}` });
}

/** Whether a node's group is selected too, which moves it along. */
export function hasSelectedParent(document: FlowDocument, id: string, selection: ReadonlySet<string>): boolean {
  const { nodes } = indexOf(document);
  for (let parent = nodes.get(id)?.parentId; parent; parent = nodes.get(parent)?.parentId) if (selection.has(parent)) return true;
  return false;
}

/** The nodes that a frame touches; of groups those that it holds whole. */
export function nodesWithin(model: CanvasModel, rect: Rect): string[] {
  return model.editor.document.nodes.filter((node) => {
    const box = model.rectOf(node);
    if (node.type === "group") return box.x >= rect.x && box.y >= rect.y && box.x + box.width <= rect.x + rect.width && box.y + box.height <= rect.y + rect.height;
    return box.x <= rect.x + rect.width && rect.x <= box.x + box.width && box.y <= rect.y + rect.height && rect.y <= box.y + box.height;
  }).map((node) => node.id);
}

/** The edge that a node is held over, between whose ends it would fit. */
export function edgeUnder(model: CanvasModel, node: FlowNode): string | null {
  const { document } = model.editor;
  const { incoming, outgoing } = indexOf(document);
  if (node.type !== "function" || incoming.has(node.id) || outgoing.has(node.id)) return null;
  const rect = model.rectOf(node), middle = { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
  const shown = new Set(model.visible.get());
  for (const edge of document.edges) {
    if (!shown.has(edge.source) && !shown.has(edge.target)) continue;
    const from = model.portPoint({ node: edge.source, side: "out", handle: edge.sourceHandle ?? null });
    const to = model.portPoint({ node: edge.target, side: "in", handle: edge.targetHandle ?? null });
    if (distanceToCurve(middle, from, to) < 28 && insertOnEdge(document, edge.id, node.id, model.catalogue)) return edge.id;
  }
  return null;
}

/** Leaves dragged nodes where they are: in the group below them, on the edge below them. */
export function dropNodes(model: CanvasModel, overEdge: string | null): void {
  const { moving, selection } = model.editor.get();
  if (!moving) return;
  const ids = new Set([...moving.keys()]);
  model.editor.setMoving(null);
  model.editor.edit(t.canvas.steps.move, (before) => {
    let document: FlowDocument = { ...before, nodes: before.nodes.map((node) => moving.has(node.id) ? { ...node, position: moving.get(node.id) as Point } : node) };
    if (ids.size <= 200) document = adoptAll(document, ids, new Set([...selection, ...ids]));
    if (overEdge && ids.size === 1) document = insertOnEdge(document, overEdge, [...ids][0] as string, model.catalogue) ?? document;
    return document;
  });
}

/** Each node in the group that it lies over itself, or in none. */
export function adoptAll(document: FlowDocument, ids: ReadonlySet<string>, except: ReadonlySet<string>): FlowDocument {
  const { nodes } = indexOf(document), byGroup = new Map<string | null, Set<string>>();
  for (const id of ids) {
    const node = nodes.get(id);
    if (!node) continue;
    const at = absolute(document, node), parent = groupAt(document, { x: at.x + 20, y: at.y + 20 }, except);
    byGroup.set(parent, new Set([...(byGroup.get(parent) ?? []), id]));
  }
  return [...byGroup].reduce((before, [parent, members]) => adopt(before, members, parent), document);
}

/** Changes the size of a node. */
export function resize(model: CanvasModel, id: string, width: number, height: number): void {
  model.editor.edit(t.canvas.steps.resize, (document) => changeNode(document, id, (node) => ({ ...node, width, height })), { merge: `resize:${id}` });
}

/** Folds nodes to their heads, or opens them. */
export function toggleCollapsed(model: CanvasModel): void {
  const { selection, document } = model.editor.get();
  const chosen = document.nodes.filter((node) => selection.has(node.id) && !["note", "group"].includes(node.type));
  const isFolding = chosen.some((node) => node.data.collapsed !== true);
  model.editor.edit(t.canvas.steps.collapse, (before) => chosen.reduce((result, node) => setData(result, node.id, ({ collapsed: _, ...data }) => { void _; return isFolding ? { ...data, collapsed: true } : data; }), before));
}
