import type { Point } from "../core/flow";
import type { PortAt } from "./model";

/** The port at an element of the page. */
export function portOf(element: Element | null): PortAt | null {
  const port = element?.closest<HTMLElement>("[data-port]");
  if (!port?.dataset.node) return null;
  return { node: port.dataset.node, side: port.dataset.port === "in" ? "in" : "out", handle: port.dataset.handle || null };
}

/** Whether keys belong to a field. */
export function isField(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable=true]") !== null;
}

/** How far beside a port a connection may be let go, in points of the screen. */
const reach = 22;

/** The nearest port on the other side that is within reach of a point of the window. */
export function portNear(root: Element, at: Point, from: PortAt): PortAt | null {
  let near: PortAt | null = null, least = reach;
  for (const dot of root.querySelectorAll(`[data-port="${from.side === "out" ? "in" : "out"}"] i`)) {
    const box = dot.getBoundingClientRect();
    const distance = Math.hypot(box.left + box.width / 2 - at.x, box.top + box.height / 2 - at.y);
    const port = distance < least ? portOf(dot) : null;
    if (port && port.node !== from.node) { near = port; least = distance; }
  }
  return near;
}
