import { readingOrder } from "../core/reading";
import type { CanvasModel } from "./model";

/**
 * The Tab key on the canvas: from node to node as they lie, not as they were made, also to those that are not mounted.
 * Within a node it goes on as ever, through its ports. Answers whether the key was dealt with.
 */
export function onTab(event: KeyboardEvent, model: CanvasModel): boolean {
  const flow = document.querySelector<HTMLElement>(".flow"), target = event.target as Element;
  if (!flow?.contains(target)) return false;
  const order = readingOrder(model.editor.document.nodes.map((node) => ({ id: node.id, ...model.placeOf(node) }))).map((one) => one.id);
  const edges = [...flow.querySelectorAll<SVGElement>("[data-edge][tabindex]")];
  const step = event.shiftKey ? -1 : 1;
  const node = target.closest<HTMLElement>("[data-node-id]");
  if (!node) {
    // Before the nodes come the canvas itself and its connections.
    const isLast = edges.length === 0 ? target === flow : target === edges[edges.length - 1];
    if (event.shiftKey || !isLast || order.length === 0) return false;
    return goTo(order[0] as string, model, false);
  }
  const stops = [node, ...node.querySelectorAll<HTMLElement>("button, input, textarea, select, [tabindex='0']")].filter((one) => one.tabIndex >= 0);
  const inside = stops.indexOf(target as HTMLElement) + step;
  if (inside >= 0 && inside < stops.length) return false;
  const next = order[order.indexOf(node.dataset.nodeId ?? "") + step];
  if (next !== undefined) return goTo(next, model, event.shiftKey);
  // Beyond the last the page goes on after the canvas, and before the first at its connections.
  if (event.shiftKey) {
    (edges[edges.length - 1] ?? flow).focus();
    return true;
  }
  flow.querySelector<HTMLElement>(".flow-end")?.focus();
  return false;
}

function goTo(id: string, model: CanvasModel, fromBehind: boolean): boolean {
  model.focused.set(id);
  model.look();
  const focus = (turns: number) => {
    const node = document.querySelector<HTMLElement>(`[data-node-id="${CSS.escape(id)}"]`);
    const ports = node ? [...node.querySelectorAll<HTMLElement>("button")] : [];
    if (node) (fromBehind ? ports[ports.length - 1] ?? node : node).focus();
    // One that was far away is mounted with the next frame.
    else if (turns > 0) requestAnimationFrame(() => focus(turns - 1));
  };
  focus(10);
  return true;
}
