import { useEffect, useRef } from "react";
import { indexOf } from "../core/flow";
import { nameOf } from "./actions";
import { useCanvas } from "./context";
import type { CanvasModel } from "./model";

/** Colours of the page, read once for each drawing. */
export function colours(): Record<string, string> {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return { function: read("surface-3"), text: read("text"), font: read("sans"), line: read("line-strong"), accent: read("accent"), output: read("line-strong"), asset: read("port-image"), take: read("port-video"), value: read("port-number"), note: read("warn-soft"), group: read("line"), bad: read("bad"), good: read("good"), window: read("accent") };
}

/** Draws all nodes and connections as shapes: what is seen from far away. */
export function drawAll(context: CanvasRenderingContext2D, model: CanvasModel, place: { x: number; y: number; zoom: number }, isDetailed: boolean): void {
  const palette = colours(), { document, selection } = model.editor.get(), runs = model.runs.get();
  context.setTransform(place.zoom, 0, 0, place.zoom, place.x, place.y);
  const { nodes } = indexOf(document);
  if (isDetailed) {
    context.strokeStyle = palette.line ?? "";
    context.lineWidth = 1 / place.zoom;
    context.beginPath();
    for (const edge of document.edges) {
      if (!nodes.has(edge.source) || !nodes.has(edge.target)) continue;
      const from = model.portPoint({ node: edge.source, side: "out", handle: edge.sourceHandle ?? null }), to = model.portPoint({ node: edge.target, side: "in", handle: edge.targetHandle ?? null });
      context.moveTo(from.x, from.y);
      context.bezierCurveTo(from.x + 80, from.y, to.x - 80, to.y, to.x, to.y);
    }
    context.stroke();
  }
  for (const node of document.nodes) {
    const rect = model.rectOf(node), state = runs.get(node.id)?.state;
    const isFrame = node.type === "group";
    context.fillStyle = (node.type === "note" ? palette.note : isFrame ? palette.group : palette.function) ?? "";
    context.globalAlpha = isFrame ? 0.35 : 1;
    context.fillRect(rect.x, rect.y, rect.width, rect.height);
    context.globalAlpha = 1;
    const band = state === "failed" ? palette.bad : state === "running" ? palette.accent : state === "succeeded" || state === "cached" ? palette.good : node.type === "function" ? palette.line : palette[node.type];
    if (!isFrame && node.type !== "note") {
      context.fillStyle = band ?? "";
      context.fillRect(rect.x, rect.y, rect.width, 36);
    }
    // Words where they can still be read.
    if (isDetailed && place.zoom * rect.width > 44 * (devicePixelRatio || 1)) {
      context.fillStyle = palette.text ?? "";
      context.font = `${Math.round(11 * (devicePixelRatio || 1) / place.zoom)}px ${palette.font ?? "sans-serif"}`;
      context.textBaseline = "middle";
      context.fillText(nameOf(model, node), rect.x + 14, rect.y + (isFrame ? 20 : 36 + Math.max(0, rect.height - 36) / 2), rect.width - 28);
    }
    if (selection.has(node.id)) {
      context.strokeStyle = palette.accent ?? "";
      context.lineWidth = 3 / place.zoom;
      context.strokeRect(rect.x, rect.y, rect.width, rect.height);
    }
  }
}

/** The whole canvas, drawn, while the zoom is too far out for its nodes to be read. */
export function Overview() {
  const { model } = useCanvas();
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let planned = 0;
    const draw = () => {
      planned = 0;
      const canvas = ref.current, context = canvas?.getContext("2d");
      if (!canvas || !context) return;
      const { width, height } = model.size.get(), scale = devicePixelRatio || 1;
      if (canvas.width !== width * scale || canvas.height !== height * scale) { canvas.width = width * scale; canvas.height = height * scale; }
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      const { x, y, zoom } = model.viewport.get();
      drawAll(context, model, { x: x * scale, y: y * scale, zoom: zoom * scale }, true);
    };
    const plan = () => { if (planned === 0) planned = requestAnimationFrame(draw); };
    const stops = [model.viewport.subscribe(plan), model.editor.subscribe(plan), model.size.subscribe(plan), model.runs.subscribe(plan)];
    plan();
    return () => { cancelAnimationFrame(planned); for (const stop of stops) stop(); };
  }, [model]);
  return <canvas ref={ref} className="flow-overview" aria-hidden="true" />;
}
