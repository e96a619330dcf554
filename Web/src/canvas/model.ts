import { Editor } from "../core/editor";
import { absolute, indexOf, type FlowNode, type Point, type Rect, type Viewport } from "../core/flow";
import { fit, overlaps, portPlace, seen, sizeOf, toCanvas, zoomAt, type Sizes } from "../core/geometry";
import { boundsOf } from "../core/groups";
import type { Catalogue, Refusal } from "../core/ports";
import type { NodeRun } from "../core/runs";
import { Store } from "../core/store";

/** One end of a connection that is being made. */
export interface PortAt { node: string; side: "in" | "out"; handle: string | null }

/** What somebody is doing with pointer or keys at the moment. */
export type Doing =
  | { kind: "nothing" }
  | { kind: "connecting"; from: PortAt; edge: string | null; at: Point; over: PortAt | null; overNode: string | null; refusal: { refusal: Refusal; from?: string; to?: string } | null; isSticky: boolean }
  | { kind: "box"; rect: Rect }
  | { kind: "dragging"; overEdge: string | null; overGroup: string | null };

/** A wish to add something at a point of the canvas, for a connection that ended there where there is one. */
export interface AddWish { at: Point; window: Point; from: PortAt | null }

const margin = 240;
/** Below this zoom the canvas is drawn, and no node is mounted. */
export const overviewZoom = 0.28;

/** All that the views of a canvas share. */
export class CanvasModel {
  readonly viewport: Store<Viewport>;
  readonly size = new Store({ width: 1200, height: 800 });
  readonly doing = new Store<Doing>({ kind: "nothing" });
  readonly runs = new Store<ReadonlyMap<string, NodeRun>>(new Map());
  readonly visible = new Store<readonly string[]>([]);
  readonly locked = new Store(false);
  readonly focused = new Store<string | null>(null);
  readonly add = new Store<AddWish | null>(null);
  readonly menu = new Store<{ at: Point; on: "pane" | "node" | "edge"; id: string | null } | null>(null);
  readonly found = new Store<ReadonlySet<string> | null>(null);
  /** Where the pointer was last, in the window of the canvas. */
  pointer: Point = { x: 400, y: 300 };
  grid = 20;
  isSnapping = true;
  /** Gives up what a pointer is doing, and puts everything where it was; whether it did anything. */
  giveUp: () => boolean = () => false;
  private planned = false;
  private catalogueValue: Catalogue = new Map();

  constructor(readonly editor: Editor) {
    this.viewport = new Store(editor.document.viewport ?? { x: 40, y: 40, zoom: 1 });
    const look = () => this.planLook();
    this.viewport.subscribe(look);
    this.size.subscribe(look);
    this.focused.subscribe(look);
    this.runs.subscribe(look);
    editor.subscribe(look);
    this.look();
  }

  get catalogue(): Catalogue { return this.catalogueValue; }

  /** Takes the functions that there are. */
  setCatalogue(catalogue: Catalogue): void {
    this.catalogueValue = catalogue;
    this.look();
  }

  /** What sizes of nodes follow from. */
  get sizes(): Sizes { return { catalogue: this.catalogueValue, hasPreview: this.hasPreview }; }

  /** Whether a node shows a picture of its result. */
  readonly hasPreview = (id: string): boolean => {
    const run = this.runs.get().get(id);
    return run !== undefined && (run.result !== undefined || run.state === "running");
  };

  /** Where a node is now, dragged or not. */
  placeOf(node: FlowNode): Point {
    const { moving, document } = this.editor.get();
    if (!moving) return absolute(document, node);
    const { nodes } = indexOf(document);
    let x = 0, y = 0;
    for (let one: FlowNode | undefined = node, depth = 0; one && depth < 20; one = one.parentId ? nodes.get(one.parentId) : undefined, depth += 1) {
      const at = moving.get(one.id) ?? one.position;
      x += at.x;
      y += at.y;
    }
    return { x, y };
  }

  rectOf(node: FlowNode): Rect { return { ...this.placeOf(node), ...sizeOf(this.editor.document, node, this.sizes) }; }

  /** Where a port is on the canvas. */
  portPoint(port: PortAt): Point {
    const node = indexOf(this.editor.document).nodes.get(port.node);
    if (!node) return { x: 0, y: 0 };
    const at = this.placeOf(node), place = portPlace(this.editor.document, node, port.side, port.handle, this.sizes);
    return { x: at.x + place.x, y: at.y + place.y };
  }

  /** The front node at a point of the canvas; groups only by their heads. */
  nodeAt(point: Point): FlowNode | null {
    const { nodes } = this.editor.document;
    for (let index = nodes.length - 1; index >= 0; index -= 1) {
      const node = nodes[index] as FlowNode;
      const rect = this.rectOf(node);
      const height = node.type === "group" ? 40 : rect.height;
      if (point.x >= rect.x && point.x <= rect.x + rect.width && point.y >= rect.y && point.y <= rect.y + height) return node;
    }
    return null;
  }

  /** A point of the window of the canvas on the canvas. */
  toCanvas(point: Point): Point { return toCanvas(this.viewport.get(), point); }

  /** A place on the grid, where snapping is on. */
  snap(point: Point): Point {
    if (!this.isSnapping) return { x: Math.round(point.x), y: Math.round(point.y) };
    const to = (value: number) => Math.round(value / this.grid) * this.grid;
    return { x: to(point.x), y: to(point.y) };
  }

  /** Zooms about the middle of the window. */
  zoom(factor: number): void {
    const { width, height } = this.size.get();
    this.viewport.update((viewport) => zoomAt(viewport, { x: width / 2, y: height / 2 }, factor));
  }

  /** Shows these nodes, or all. */
  fitTo(ids?: ReadonlySet<string>): void {
    const { document } = this.editor;
    const nodes = ids ? document.nodes.filter((node) => ids.has(node.id)) : document.nodes;
    const { width, height } = this.size.get();
    if (nodes.length > 0) this.viewport.set(fit(boundsOf(document, nodes, this.sizes), width, height));
  }

  /** Moves the window as little as needed to show a node. */
  reveal(id: string): void {
    const node = indexOf(this.editor.document).nodes.get(id);
    if (!node) return;
    const rect = this.rectOf(node), { width, height } = this.size.get(), view = this.viewport.get();
    const window = seen(view, width, height, -40);
    const isSeen = rect.x >= window.x && rect.y >= window.y && rect.x + rect.width <= window.x + window.width && rect.y + rect.height <= window.y + window.height;
    if (isSeen && view.zoom >= overviewZoom) return;
    const zoom = Math.max(view.zoom, 0.6);
    this.viewport.set({ x: width / 2 - (rect.x + rect.width / 2) * zoom, y: height / 2 - (rect.y + rect.height / 2) * zoom, zoom });
  }

  private planLook(): void {
    if (this.planned) return;
    this.planned = true;
    const now = typeof requestAnimationFrame === "function" ? requestAnimationFrame : (then: () => void) => setTimeout(then, 0);
    now(() => {
      this.planned = false;
      this.look();
    });
  }

  /** Finds which nodes are near the window: only those are mounted. */
  look(): void {
    const view = this.viewport.get(), { width, height } = this.size.get();
    const { document, moving, selection } = this.editor.get();
    const next: string[] = [];
    if (view.zoom >= overviewZoom) {
      const window = seen(view, width, height, margin);
      const focused = this.focused.get();
      for (const node of document.nodes) {
        if (overlaps(this.rectOf(node), window) || node.id === focused || (moving?.has(node.id) && selection.has(node.id))) next.push(node.id);
      }
    }
    const before = this.visible.get();
    if (before.length !== next.length || next.some((id, index) => before[index] !== id)) this.visible.set(next);
  }
}
