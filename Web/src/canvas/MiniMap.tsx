import { useEffect, useRef, type PointerEvent } from "react";
import { settings } from "../app/settings";
import { fit, seen } from "../core/geometry";
import { boundsOf } from "../core/groups";
import type { Rect, Viewport } from "../core/flow";
import { useSlice } from "../ui/useStore";
import { t } from "../strings";
import { useCanvas } from "./context";
import type { CanvasModel } from "./model";
import { colours, drawAll } from "./Overview";

const width = 190, height = 124;

/** The whole canvas in a corner; a click or a drag there moves the view. */
export function MiniMap() {
  const { model } = useCanvas();
  const ref = useRef<HTMLCanvasElement>(null);
  const place = useRef<Viewport>({ x: 0, y: 0, zoom: 1 });
  const isShown = useSlice(settings, (value) => value.minimap);
  const isFilled = useSlice(model.editor, (state) => state.document.nodes.length > 3);
  useEffect(() => {
    if (!isShown || !isFilled) return;
    let planned: ReturnType<typeof setTimeout> | null = null;
    const draw = () => {
      planned = null;
      const canvas = ref.current, context = canvas?.getContext("2d");
      if (!canvas || !context) return;
      const scale = devicePixelRatio || 1;
      canvas.width = width * scale;
      canvas.height = height * scale;
      const size = model.size.get(), window = seen(model.viewport.get(), size.width, size.height), { x, y, zoom } = placeNow(model);
      drawAll(context, model, { x: x * scale, y: y * scale, zoom: zoom * scale }, false);
      context.strokeStyle = colours().window ?? "";
      context.lineWidth = 1.5 / zoom;
      context.strokeRect(window.x, window.y, window.width, window.height);
    };
    // A tenth of a second is often enough for a corner of the eye.
    const plan = () => { planned ??= setTimeout(draw, 100); };
    const stops = [model.viewport.subscribe(plan), model.editor.subscribe(plan), model.size.subscribe(plan), model.runs.subscribe(plan), settings.subscribe(plan)];
    plan();
    return () => { if (planned) clearTimeout(planned); for (const stop of stops) stop(); };
  }, [model, isShown, isFilled]);
  if (!isShown || !isFilled) return null;
  const move = (event: PointerEvent) => {
    event.stopPropagation();
    if (event.type === "pointerdown") {
      event.currentTarget.setPointerCapture(event.pointerId);
      // What the map shows as long as it is held: it must not run away from below the pointer.
      place.current = placeNow(model);
    }
    else if (event.buttons === 0) return;
    const box = event.currentTarget.getBoundingClientRect(), { x, y, zoom } = place.current;
    const at = { x: (event.clientX - box.left - x) / zoom, y: (event.clientY - box.top - y) / zoom }, size = model.size.get();
    model.viewport.update((view) => ({ ...view, x: size.width / 2 - at.x * view.zoom, y: size.height / 2 - at.y * view.zoom }));
  };
  return <canvas ref={ref} className="minimap flow-overlay" role="img" aria-label={t.canvas.toolbar.minimap} style={{ width, height }} onPointerDown={move} onPointerMove={move} />;
}

/** What of the canvas the map shows: all that is there, and where one looks. */
function placeNow(model: CanvasModel): Viewport {
  const size = model.size.get(), { document } = model.editor;
  return fit(union(boundsOf(document, document.nodes, model.sizes), seen(model.viewport.get(), size.width, size.height)), width, height, 8, 4);
}

function union(a: Rect, b: Rect): Rect {
  const x = Math.min(a.x, b.x), y = Math.min(a.y, b.y);
  return { x, y, width: Math.max(a.x + a.width, b.x + b.width) - x, height: Math.max(a.y + a.height, b.y + b.height) - y };
}
