import type { FlowDocument, FlowNode, Point, Rect, Viewport } from "./flow";
import { inputsOf, outputsOf, type Catalogue, type Port } from "./ports";

/** What a node's size follows from beside the document. */
export interface Sizes { catalogue: Catalogue; hasPreview: (id: string) => boolean }

export const nodeWidth = 240;
export const headHeight = 40;
export const rowHeight = 26;
export const footHeight = 30;
export const previewHeight = 135;
const edgePadding = 8;

/** Both sides of a node: what it takes and what it makes. */
export interface Sides { inputs: Port[]; outputs: Port[] }

const sides = new WeakMap<FlowNode, { document: FlowDocument["edges"]; catalogue: Catalogue; value: Sides }>();

/** A node's ports; kept as long as nothing that they follow from changes. */
export function sidesOf(document: FlowDocument, node: FlowNode, catalogue: Catalogue): Sides {
  const known = sides.get(node);
  if (known && known.document === document.edges && known.catalogue === catalogue) return known.value;
  const value = { inputs: inputsOf(document, node, catalogue), outputs: outputsOf(node, catalogue) };
  sides.set(node, { document: document.edges, catalogue, value });
  return value;
}

/** How large a node is. It follows from what it is, so that nothing has to be measured. */
export function sizeOf(document: FlowDocument, node: FlowNode, sizes: Sizes): { width: number; height: number } {
  const width = node.width ?? (node.type === "note" ? 220 : nodeWidth);
  if (node.type === "group") return { width: node.width ?? 400, height: node.height ?? 260 };
  if (node.type === "note") return { width, height: node.height ?? 120 };
  if (node.data.collapsed === true) return { width, height: headHeight };
  const { inputs, outputs } = sidesOf(document, node, sizes.catalogue);
  const rows = Math.max(inputs.length, outputs.length, 1) * rowHeight;
  const preview = sizes.hasPreview(node.id) ? previewHeight : 0;
  const body = node.type === "value" ? 34 : 0;
  const foot = node.type === "function" || node.type === "output" ? footHeight : 0;
  return { width, height: headHeight + edgePadding + rows + body + preview + foot };
}

/** How large a node may become: with a picture of its result. What is placed for somebody leaves room for it. */
export function roomOf(document: FlowDocument, node: FlowNode, sizes: Sizes): { width: number; height: number } {
  const mayShow = (node.type === "function" || node.type === "output") && node.data.collapsed !== true;
  return sizeOf(document, node, mayShow ? { ...sizes, hasPreview: () => true } : sizes);
}

/** Where a port is, from the node's corner. */
export function portPlace(document: FlowDocument, node: FlowNode, side: "in" | "out", handle: string | null | undefined, sizes: Sizes): Point {
  const { inputs, outputs } = sidesOf(document, node, sizes.catalogue);
  const ports = side === "in" ? inputs : outputs;
  const index = handle === null || handle === undefined || handle === "" ? 0 : Math.max(0, ports.findIndex((port) => port.handle === handle));
  const { width } = sizeOf(document, node, sizes);
  const y = node.data.collapsed === true ? headHeight / 2 : headHeight + edgePadding / 2 + index * rowHeight + rowHeight / 2;
  return { x: side === "in" ? 0 : width, y };
}

/** The line of a connection between two points. */
export function curve(from: Point, to: Point): string {
  const reach = Math.max(36, Math.min(220, Math.abs(to.x - from.x) * 0.5 + (to.x < from.x ? 60 : 0)));
  return `M${from.x},${from.y}C${from.x + reach},${from.y} ${to.x - reach},${to.y} ${to.x},${to.y}`;
}

/** Whether two rectangles touch. */
export function overlaps(a: Rect, b: Rect): boolean {
  return a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height && b.y <= a.y + a.height;
}

/** The part of the canvas that a window of a size shows. */
export function seen(viewport: Viewport, width: number, height: number, margin = 0): Rect {
  const { x, y, zoom } = viewport;
  return { x: (-x - margin) / zoom, y: (-y - margin) / zoom, width: (width + margin * 2) / zoom, height: (height + margin * 2) / zoom };
}

export const minZoom = 0.05;
export const maxZoom = 4;

/** The viewport zoomed by a factor, with a point of the window staying where it is. */
export function zoomAt(viewport: Viewport, point: Point, factor: number): Viewport {
  const zoom = Math.min(maxZoom, Math.max(minZoom, viewport.zoom * factor));
  const scale = zoom / viewport.zoom;
  return { x: point.x - (point.x - viewport.x) * scale, y: point.y - (point.y - viewport.y) * scale, zoom };
}

/** The viewport that shows a rectangle in a window of a size. */
export function fit(bounds: Rect, width: number, height: number, padding = 60, most = 1): Viewport {
  if (bounds.width <= 0 || bounds.height <= 0) return { x: width / 2 - bounds.x, y: height / 2 - bounds.y, zoom: 1 };
  const zoom = Math.min(most, Math.max(minZoom, Math.min((width - padding * 2) / bounds.width, (height - padding * 2) / bounds.height)));
  return { x: width / 2 - (bounds.x + bounds.width / 2) * zoom, y: height / 2 - (bounds.y + bounds.height / 2) * zoom, zoom };
}

/** A point of the window on the canvas. */
export function toCanvas(viewport: Viewport, point: Point): Point {
  return { x: (point.x - viewport.x) / viewport.zoom, y: (point.y - viewport.y) / viewport.zoom };
}
