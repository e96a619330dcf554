import { indexOf, type FlowNode, type Point } from "../core/flow";
import { zoomAt } from "../core/geometry";
import { judge } from "../core/ports";
import { dropNodes, edgeUnder, hasSelectedParent, join, joinNode, nodesWithin, resize, wishOf } from "./actions";
import { groupAt, within } from "../core/groups";
import { BorderPan } from "./borderPan";
import { overviewZoom, type CanvasModel, type PortAt } from "./model";
import { isField, portNear, portOf } from "./targets";

type Mode =
  | { kind: "none" } | { kind: "press"; pane: boolean } | { kind: "pan"; from: Point; view: Point }
  | { kind: "drag"; start: Map<string, Point>; from: Point; first: string } | { kind: "box"; from: Point; add: ReadonlySet<string> }
  | { kind: "connect"; from: PortAt; edge: string | null } | { kind: "pinch"; distance: number; middle: Point }
  | { kind: "resize"; id: string; from: Point; width: number; height: number };

interface Options { wheel: () => "zoom" | "pan"; isEditable: () => boolean }

/** Pointers on the canvas: moving the view, pinching, dragging nodes, framing, connecting, resizing. */
export class Gestures {
  private readonly pointers = new Map<number, Point>();
  private mode: Mode = { kind: "none" };
  private start: Point = { x: 0, y: 0 };
  private isSpaceHeld = false;
  /** Alt is held: what is dragged lies where the pointer says, off the grid. */
  private isFree = false;
  private pressTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly border: BorderPan;
  private last: Point = { x: 0, y: 0 };
  private readonly stop: (() => void)[] = [];

  constructor(private readonly root: HTMLElement, private readonly model: CanvasModel, private readonly options: Options) {
    this.border = new BorderPan(model, () => this.last);
    model.giveUp = () => this.rollBack();
    const on = <K extends keyof HTMLElementEventMap>(name: K, handler: (event: HTMLElementEventMap[K]) => void, settings?: AddEventListenerOptions) => {
      root.addEventListener(name, handler, settings);
      this.stop.push(() => root.removeEventListener(name, handler, settings));
    };
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.cancel(event.pointerId));
    on("wheel", (event) => this.wheel(event), { passive: false });
    const key = (event: KeyboardEvent) => { if (event.code === "Space") this.isSpaceHeld = event.type === "keydown" && !isField(event.target); };
    addEventListener("keydown", key);
    addEventListener("keyup", key);
    this.stop.push(() => { removeEventListener("keydown", key); removeEventListener("keyup", key); });
  }

  dispose(): void {
    for (const stop of this.stop) stop();
    this.border.stop();
  }

  /** Gives up what is being done, and puts everything where it was; whether anything was. */
  rollBack(): boolean {
    const isBusy = this.mode.kind !== "none" && this.mode.kind !== "pan";
    if (this.mode.kind === "drag") this.model.editor.setMoving(null);
    if (this.mode.kind === "resize") this.model.editor.abandon(`resize:${this.mode.id}`);
    if (this.mode.kind === "box") this.model.editor.select(this.mode.add);
    this.mode = { kind: "none" };
    this.model.doing.set({ kind: "nothing" });
    clearTimeout(this.pressTimer);
    this.border.stop();
    return isBusy;
  }

  private at(event: { clientX: number; clientY: number }): Point {
    const box = this.root.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private down(event: PointerEvent): void {
    const target = event.target as Element;
    if (target.closest(".nodrag, .flow-overlay")) return;
    const at = this.at(event);
    this.pointers.set(event.pointerId, at);
    this.start = this.last = this.model.pointer = at;
    if (this.pointers.size === 2) return this.beginPinch();
    if (this.pointers.size > 2) return;
    if (event.pointerType === "touch") this.pressTimer = setTimeout(() => requestAnimationFrame(() => this.longPress(event)), 550);
    if (event.button === 1 || (event.button === 0 && this.isSpaceHeld)) {
      event.preventDefault();
      return this.beginPan(event);
    }
    if (event.button !== 0) return;
    const doing = this.model.doing.get();
    const port = portOf(target), isEditable = this.options.isEditable();
    if (doing.kind === "connecting" && doing.isSticky) {
      // The second click of a connection that is made by two clicks.
      this.model.doing.set({ kind: "nothing" });
      if (port) { join(this.model, doing.from, port, doing.edge); event.preventDefault(); return; }
    }
    if (port && isEditable) return this.beginConnect(event, port, null);
    const end = target.closest<HTMLElement>("[data-edge-end]");
    if (end?.dataset.edge && isEditable) return this.pickUpEdge(event, end.dataset.edge, end.dataset.edgeEnd === "source" ? "source" : "target");
    const corner = target.closest<HTMLElement>("[data-resize]");
    if (corner?.dataset.resize && isEditable) return this.beginResize(event, corner.dataset.resize);
    const edge = target.closest<HTMLElement>("[data-edge]")?.dataset.edge;
    if (edge) return event.shiftKey || event.ctrlKey || event.metaKey ? this.model.editor.toggle(edge) : this.model.editor.select([edge]);
    const node = this.nodeUnder(target, at);
    if (node) return this.pressNode(event, node, at);
    if (event.shiftKey) {
      this.mode = { kind: "box", from: at, add: this.model.editor.get().selection };
      return this.capture(event);
    }
    this.beginPan(event);
  }

  private nodeUnder(target: Element, at: Point): FlowNode | null {
    const id = target.closest<HTMLElement>("[data-node-id]")?.dataset.nodeId;
    if (id) return indexOf(this.model.editor.document).nodes.get(id) ?? null;
    return this.model.viewport.get().zoom < overviewZoom ? this.model.nodeAt(this.model.toCanvas(at)) : null;
  }

  private pressNode(event: PointerEvent, node: FlowNode, at: Point): void {
    const { editor } = this.model;
    if (event.ctrlKey || event.metaKey || event.shiftKey) return editor.toggle(node.id);
    if (!editor.get().selection.has(node.id)) editor.select([node.id]);
    if (!this.options.isEditable() || this.model.locked.get()) return;
    const { selection, document } = editor.get();
    const { nodes } = indexOf(document);
    const start = new Map<string, Point>();
    for (const id of selection) {
      const one = nodes.get(id);
      if (one && !hasSelectedParent(document, id, selection)) start.set(id, one.position);
    }
    this.mode = { kind: "drag", start, from: this.model.toCanvas(at), first: node.id };
    this.capture(event);
  }

  private beginPan(event: PointerEvent): void {
    const { x, y } = this.model.viewport.get();
    this.mode = { kind: "pan", from: this.at(event), view: { x, y } };
    this.capture(event);
  }

  private beginConnect(event: PointerEvent, from: PortAt, edge: string | null): void {
    this.mode = { kind: "connect", from, edge };
    this.capture(event);
  }

  private pickUpEdge(event: PointerEvent, id: string, end: "source" | "target"): void {
    const edge = indexOf(this.model.editor.document).edges.get(id);
    if (!edge) return;
    const from: PortAt = end === "target" ? { node: edge.source, side: "out", handle: edge.sourceHandle ?? null } : { node: edge.target, side: "in", handle: edge.targetHandle ?? null };
    this.beginConnect(event, from, id);
  }

  private beginResize(event: PointerEvent, id: string): void {
    const node = indexOf(this.model.editor.document).nodes.get(id);
    if (!node) return;
    const { width, height } = this.model.rectOf(node);
    this.model.editor.seal(); // A step of its own: giving it up takes nothing else along.
    this.mode = { kind: "resize", id, from: this.model.toCanvas(this.at(event)), width, height };
    this.capture(event);
  }

  private beginPinch(): void {
    this.rollBack();
    const [a, b] = [...this.pointers.values()] as [Point, Point];
    this.mode = { kind: "pinch", distance: Math.hypot(a.x - b.x, a.y - b.y), middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } };
  }

  private longPress(event: PointerEvent): void {
    // On a busy machine what the finger did meanwhile may be told only now.
    if (!this.pointers.has(event.pointerId) || this.pointers.size > 1 || Math.hypot(this.last.x - this.start.x, this.last.y - this.start.y) > 8) return;
    this.rollBack();
    this.pointers.clear();
    const target = event.target as Element;
    const node = this.nodeUnder(target, this.start)?.id ?? null, edge = target.closest<HTMLElement>("[data-edge]")?.dataset.edge ?? null;
    this.model.menu.set({ at: { x: event.clientX, y: event.clientY }, on: node ? "node" : edge ? "edge" : "pane", id: node ?? edge });
  }

  private capture(event: PointerEvent): void {
    // Not for ports and nodes at once: what lies under the pointer at the end is asked by its place.
    try { this.root.setPointerCapture(event.pointerId); } catch { /* The pointer is gone already. */ }
  }

  private move(event: PointerEvent): void {
    const at = this.at(event);
    this.model.pointer = this.last = at;
    if (this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, at);
    const doing = this.model.doing.get();
    if (doing.kind === "connecting" && doing.isSticky) return this.aim(event, doing.from, doing.edge, true);
    if (!this.pointers.has(event.pointerId)) return;
    const far = Math.hypot(at.x - this.start.x, at.y - this.start.y) > (event.pointerType === "touch" ? 8 : 3);
    if (far) clearTimeout(this.pressTimer);
    switch (this.mode.kind) {
      case "pan": return this.model.viewport.update((view) => this.mode.kind === "pan" ? { ...view, x: this.mode.view.x + at.x - this.mode.from.x, y: this.mode.view.y + at.y - this.mode.from.y } : view);
      case "pinch": return this.pinch();
      case "drag": if (far || doing.kind === "dragging") { this.isFree = event.altKey; this.drag(at); this.border.start(() => this.drag(this.last)); } return;
      case "box": return this.frame(at);
      case "connect": if (far || doing.kind === "connecting") { this.aim(event, this.mode.from, this.mode.edge, false); this.border.start(() => undefined); } return;
      case "resize": {
        const now = this.model.snap(this.model.toCanvas(at)), from = this.mode.from;
        return resize(this.model, this.mode.id, Math.max(120, this.model.snap({ x: this.mode.width + now.x - from.x, y: 0 }).x), Math.max(60, this.model.snap({ x: 0, y: this.mode.height + now.y - from.y }).y));
      }
    }
  }

  private pinch(): void {
    if (this.mode.kind !== "pinch" || this.pointers.size < 2) return;
    const [a, b] = [...this.pointers.values()] as [Point, Point];
    const distance = Math.hypot(a.x - b.x, a.y - b.y), middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    const { distance: before, middle: from } = this.mode;
    this.model.viewport.update((view) => zoomAt({ ...view, x: view.x + middle.x - from.x, y: view.y + middle.y - from.y }, middle, before > 0 ? distance / before : 1));
    this.mode = { kind: "pinch", distance, middle };
  }

  private drag(at: Point): void {
    if (this.mode.kind !== "drag") return;
    const { start, from, first } = this.mode;
    const now = this.model.toCanvas(at);
    const anchor = start.get(first) ?? [...start.values()][0] ?? { x: 0, y: 0 };
    const wish = { x: anchor.x + now.x - from.x, y: anchor.y + now.y - from.y };
    const moved = this.isFree ? { x: Math.round(wish.x), y: Math.round(wish.y) } : this.model.snap(wish);
    const dx = moved.x - anchor.x, dy = moved.y - anchor.y;
    const moving = new Map<string, Point>();
    for (const [id, place] of start) moving.set(id, within(this.model.editor.document, id, { x: place.x + dx, y: place.y + dy }, this.model.sizes));
    this.model.editor.setMoving(moving);
    const { document, selection } = this.model.editor.get();
    const node = start.size === 1 ? indexOf(document).nodes.get(first) : undefined;
    const place = node ? this.model.placeOf(node) : null;
    this.model.doing.set({ kind: "dragging", overEdge: node ? edgeUnder(this.model, node) : null, overGroup: place ? groupAt(document, { x: place.x + 20, y: place.y + 20 }, selection) : null });
  }

  private frame(at: Point): void {
    if (this.mode.kind !== "box") return;
    const a = this.model.toCanvas(this.mode.from), b = this.model.toCanvas(at);
    const rect = { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) };
    this.model.doing.set({ kind: "box", rect });
    this.model.editor.select([...this.mode.add, ...nodesWithin(this.model, rect)]);
  }

  /** Shows where a connection would end, and whether it may. */
  private aim(event: PointerEvent, from: PortAt, edge: string | null, isSticky: boolean): void {
    const { over, node } = this.goal(event, from);
    const wish = over ? wishOf(from, over) : null;
    const refusal = wish ? judge(this.model.editor.document, wish, this.model.catalogue, edge ?? undefined) : null;
    this.model.doing.set({ kind: "connecting", from, edge, at: this.model.toCanvas(this.at(event)), over, overNode: over ? null : node, refusal, isSticky });
  }

  private goal(event: PointerEvent, from: PortAt): { over: PortAt | null; node: string | null } {
    const elements = document.elementsFromPoint(event.clientX, event.clientY);
    let over: PortAt | null = null;
    for (const element of elements) {
      const port = portOf(element);
      if (port && port.side !== from.side) { over = port; break; }
    }
    const id = elements.map((element) => element.closest<HTMLElement>("[data-node-id]")?.dataset.nodeId).find(Boolean) ?? null;
    return { over: over ?? portNear(this.root, { x: event.clientX, y: event.clientY }, from), node: id !== from.node ? id : null };
  }

  private up(event: PointerEvent): void {
    clearTimeout(this.pressTimer);
    this.border.stop();
    if (!this.pointers.delete(event.pointerId)) return;
    const { mode } = this;
    const far = Math.hypot(this.last.x - this.start.x, this.last.y - this.start.y) > 3;
    this.mode = { kind: "none" };
    const doing = this.model.doing.get();
    if (mode.kind === "connect") return this.endConnect(event, mode.from, mode.edge, doing.kind === "connecting" || far);
    if (mode.kind === "drag" && doing.kind === "dragging") dropNodes(this.model, doing.overEdge);
    if (mode.kind === "resize") this.model.editor.seal();
    if (mode.kind === "pan" && !far && event.button === 0) this.model.editor.select([]);
    this.model.doing.set({ kind: "nothing" });
  }

  private endConnect(event: PointerEvent, from: PortAt, edge: string | null, isDragged: boolean): void {
    if (!isDragged) {
      // A click alone begins a connection that the next click ends.
      this.model.doing.set({ kind: "connecting", from, edge, at: this.model.portPoint(from), over: null, overNode: null, refusal: null, isSticky: true });
      return;
    }
    this.model.doing.set({ kind: "nothing" });
    const { over, node } = this.goal(event, from);
    if (over) return void join(this.model, from, over, edge);
    if (node && !edge) return void joinNode(this.model, from, node);
    if (edge) return;
    this.model.add.set({ at: this.model.toCanvas(this.at(event)), window: { x: event.clientX, y: event.clientY }, from });
  }

  private cancel(pointer: number): void {
    this.pointers.delete(pointer);
    this.rollBack();
  }

  private wheel(event: WheelEvent): void {
    const target = event.target as Element;
    if (target.closest(".flow-overlay") || target.closest("textarea:focus, .nowheel:focus-within")) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? 400 : 1;
    const dx = event.deltaX * unit, dy = event.deltaY * unit;
    if (event.ctrlKey || event.metaKey || (this.options.wheel() === "zoom" && !event.shiftKey)) {
      const factor = 2 ** (-dy * (event.ctrlKey ? 0.01 : 0.002));
      return this.model.viewport.update((view) => zoomAt(view, this.at(event), factor));
    }
    this.model.viewport.update((view) => ({ ...view, x: view.x - (event.shiftKey && dx === 0 ? dy : dx), y: view.y - (event.shiftKey && dx === 0 ? 0 : dy) }));
  }
}
