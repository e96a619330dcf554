import { memo } from "react";
import { indexOf } from "../core/flow";
import { curve } from "../core/geometry";
import { findPort, outputsOf } from "../core/ports";
import { t } from "../strings";
import { useSlice, useStore } from "../ui/useStore";
import { nameOf } from "./actions";
import { useCanvas } from "./context";

function sameList(a: readonly string[], b: readonly string[]) { return a.length === b.length && a.every((one, index) => one === b[index]); }

/** The connections of the nodes that are mounted. */
export function EdgesLayer() {
  const { model } = useCanvas();
  const visible = useStore(model.visible);
  const ids = useSlice(model.editor, (state) => {
    const { incoming, outgoing } = indexOf(state.document);
    const shown = new Set<string>();
    for (const id of visible) {
      for (const edge of incoming.get(id) ?? []) shown.add(edge.id);
      for (const edge of outgoing.get(id) ?? []) shown.add(edge.id);
    }
    return [...shown];
  }, sameList);
  return (
    <svg className="flow-edges" width={1} height={1}>
      {ids.map((id) => <EdgeView key={id} id={id} />)}
      <Pending />
    </svg>
  );
}

const EdgeView = memo(function EdgeView({ id }: { id: string }) {
  const { model, isEditable } = useCanvas();
  const line = useSlice(model.editor, (state) => {
    const edge = indexOf(state.document).edges.get(id);
    if (!edge) return "";
    return curve(model.portPoint({ node: edge.source, side: "out", handle: edge.sourceHandle ?? null }), model.portPoint({ node: edge.target, side: "in", handle: edge.targetHandle ?? null }));
  });
  const kind = useSlice(model.editor, (state) => {
    const { edges, nodes } = indexOf(state.document);
    const edge = edges.get(id), source = edge && nodes.get(edge.source);
    return (source && findPort(outputsOf(source, model.catalogue), edge.sourceHandle)?.kind) ?? "any";
  });
  const isSelected = useSlice(model.editor, (state) => state.selection.has(id));
  const isAimed = useSlice(model.doing, (doing) => doing.kind === "dragging" && doing.overEdge === id);
  const isPicked = useSlice(model.doing, (doing) => doing.kind === "connecting" && doing.edge === id);
  const state = useSlice(model.runs, (runs) => {
    const edge = indexOf(model.editor.document).edges.get(id);
    return edge ? runs.get(edge.target)?.state ?? "" : "";
  });
  const edge = indexOf(model.editor.document).edges.get(id);
  if (!edge || !line) return null;
  const { nodes } = indexOf(model.editor.document);
  const source = nodes.get(edge.source), target = nodes.get(edge.target);
  const label = `${source ? nameOf(model, source) : ""} → ${target ? nameOf(model, target) : ""}`;
  const from = model.portPoint({ node: edge.source, side: "out", handle: edge.sourceHandle ?? null }), to = model.portPoint({ node: edge.target, side: "in", handle: edge.targetHandle ?? null });
  return (
    <g className={`edge ${isSelected ? "edge-selected" : ""} ${isAimed ? "edge-aimed" : ""} ${isPicked ? "edge-picked" : ""} ${state === "running" ? "edge-running" : ""}`} style={{ ["--port" as string]: `var(--port-${kind})` }}>
      <path className="edge-line" d={line} />
      <path className="edge-hit" d={line} data-edge={id} tabIndex={0} role="button" aria-label={label} aria-pressed={isSelected} onFocus={(event) => { if (event.currentTarget.matches(":focus-visible")) model.editor.select([id]); }}><title>{label}</title></path>
      {isSelected && isEditable && <>
        <circle className="edge-end" data-edge={id} data-edge-end="source" cx={from.x + 14} cy={from.y} r={6}><title>{t.canvas.menu.disconnect}</title></circle>
        <circle className="edge-end" data-edge={id} data-edge-end="target" cx={to.x - 14} cy={to.y} r={6} />
      </>}
    </g>
  );
});

/** The connection that is being made. */
function Pending() {
  const { model } = useCanvas();
  const doing = useStore(model.doing);
  if (doing.kind !== "connecting") return null;
  const start = model.portPoint(doing.from), end = doing.over ? model.portPoint(doing.over) : doing.at;
  const line = doing.from.side === "out" ? curve(start, end) : curve(end, start);
  return <path className={`edge-pending ${doing.refusal ? "edge-refused" : doing.over || doing.overNode ? "edge-good" : ""}`} d={line} />;
}
