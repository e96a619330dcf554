import { memo, type ReactNode } from "react";
import { indexOf, text, type FlowNode } from "../core/flow";
import { sidesOf, sizeOf } from "../core/geometry";
import type { Port } from "../core/ports";
import { isSkipped } from "../core/runs";
import { t } from "../strings";
import { Icon, type IconName } from "../ui/Icon";
import { useSlice } from "../ui/useStore";
import { nameOf } from "./actions";
import { useCanvas } from "./context";
import { NodeResult } from "./NodeResult";
import { NodeFoot } from "./NodeFoot";

const icons: Record<string, IconName> = { asset: "files", take: "takes", value: "value", output: "output", note: "note", group: "group" };
const categoryIcons: Record<string, IconName> = { Generate: "bolt", Edit: "cut", Sound: "audio", Audio: "audio", Test: "info" };

function samePlace(a: { x: number; y: number }, b: { x: number; y: number }) { return a.x === b.x && a.y === b.y; }
function sameSize(a: { width: number; height: number }, b: { width: number; height: number }) { return a.width === b.width && a.height === b.height; }

/** A node. It listens to its own part of everything, so that others changing does not render it. */
export const NodeView = memo(function NodeView({ id }: { id: string }) {
  const { model } = useCanvas();
  const node = useSlice(model.editor, (state) => indexOf(state.document).nodes.get(id));
  const at = useSlice(model.editor, () => (node ? model.placeOf(node) : { x: 0, y: 0 }), samePlace);
  const isSelected = useSlice(model.editor, (state) => state.selection.has(id));
  const run = useSlice(model.runs, (runs) => runs.get(id));
  const hint = useSlice(model.doing, (doing) =>
    doing.kind === "connecting" && doing.overNode === id ? "aimed" : doing.kind === "dragging" && doing.overGroup === id ? "aimed" : "");
  const isFound = useSlice(model.found, (found) => found?.has(id) ?? false);
  // The size follows from the document and the run; both have rendered this when they change.
  const size = useSlice(model.editor, (state) => (node ? sizeOf(state.document, node, model.sizes) : { width: 0, height: 0 }), sameSize);
  if (!node) return null;
  const name = nameOf(model, node);
  const state = run ? `node-${isSkipped(run) ? "skipped" : run.state}` : "";
  const classes = ["node", `node-${node.type}`, isSelected ? "node-selected" : "", hint ? "node-aimed" : "", isFound ? "node-found" : "", state].filter(Boolean).join(" ");
  return (
    <div className={classes} data-node-id={id} role="group" aria-roledescription={(t.canvas.kinds as Record<string, string>)[node.type] ?? node.type} aria-label={name} aria-current={isSelected || undefined} tabIndex={0}
      style={{ transform: `translate(${at.x}px, ${at.y}px)`, width: size.width, height: size.height }}>
      {node.type === "note" ? <Note node={node} /> : node.type === "group" ? <GroupHead name={name} /> : <Body node={node} name={name} />}
      {(node.type === "note" || node.type === "group") && <span className="node-corner" data-resize={id} aria-hidden="true" />}
    </div>
  );
});

function Note({ node }: { node: FlowNode }) {
  return <div className={`note-text note-${text(node.data.color) || "yellow"}`}>{text(node.data.text) || <span className="muted">{t.canvas.kinds.note}</span>}</div>;
}

function GroupHead({ name }: { name: string }) { return <div className="group-head">{name}</div>; }

function Body({ node, name }: { node: FlowNode; name: string }) {
  const { model } = useCanvas();
  const sides = useSlice(model.editor, (state) => sidesOf(state.document, indexOf(state.document).nodes.get(node.id) ?? node, model.catalogue));
  const entry = node.type === "function" ? model.catalogue.get(text(node.data.function)) : undefined;
  const icon = icons[node.type] ?? categoryIcons[entry?.category ?? ""] ?? "bolt";
  const isUnknown = node.type === "function" && !entry && model.catalogue.size > 0;
  const isFolded = node.data.collapsed === true;
  return (
    <>
      <header className={`node-head ${isUnknown ? "node-unknown" : ""}`}>
        <Icon name={isUnknown ? "warning" : icon} size={16} />
        <span className="node-name">{name}</span>
        {node.type === "function" && text(node.data.label) && entry && <span className="node-kind">{entry.title}</span>}
      </header>
      <div className={isFolded ? "ports-folded" : "ports"}>
        <ul>{sides.inputs.map((port) => <li key={port.handle ?? ""}><PortView node={node} name={name} port={port} side="in" /></li>)}</ul>
        <ul>{sides.outputs.map((port) => <li key={port.handle ?? ""}><PortView node={node} name={name} port={port} side="out" /></li>)}</ul>
      </div>
      {!isFolded && node.type === "value" && <Value node={node} />}
      {!isFolded && <NodeResult id={node.id} />}
      {!isFolded && (node.type === "function" || node.type === "output") && <NodeFoot node={node} />}
    </>
  );
}

function Value({ node }: { node: FlowNode }): JSX.Element {
  const { value } = node.data;
  const shown: ReactNode = Array.isArray(value) ? `${value.length} × ${value.map(String).join(" · ")}` : String(value ?? "");
  return <div className="value-text clip">{shown || <span className="muted">{t.canvas.view.empty}</span>}</div>;
}

/** A place that connections begin and end at: a button, so that it can be reached and pressed by keys. */
function PortView({ node, name, port, side }: { node: FlowNode; name: string; port: Port; side: "in" | "out" }) {
  const { model } = useCanvas();
  const isConnected = useSlice(model.editor, (state) => {
    const index = indexOf(state.document);
    const edges = (side === "in" ? index.incoming : index.outgoing).get(node.id) ?? [];
    return edges.some((edge) => ((side === "in" ? edge.targetHandle : edge.sourceHandle) ?? null) === port.handle || (((side === "in" ? edge.targetHandle : edge.sourceHandle) ?? null) === null && side === "out"));
  });
  const aim = useSlice(model.doing, (doing) => {
    if (doing.kind !== "connecting") return "";
    if (doing.over?.node === node.id && doing.over.side === side && doing.over.handle === port.handle) return doing.refusal ? "port-refused" : "port-good";
    return doing.from.side === side ? (doing.from.node === node.id && doing.from.handle === port.handle ? "port-from" : "port-dim") : "";
  });
  const kind = t.canvas.kindsOfPort[port.kind] ?? port.kind;
  const missing = side === "in" && port.required && !isConnected;
  return (
    <button type="button" className={`port port-${side} ${aim} ${isConnected ? "port-connected" : ""} ${missing ? "port-missing" : ""}`} data-port={side} data-node={node.id} data-handle={port.handle ?? ""}
      style={{ ["--port" as string]: `var(--port-${port.kind})` }} aria-label={t.canvas.port(side, port.name, kind, name, port.required)} title={`${port.name} · ${kind}${port.list ? ` · ${t.canvas.list}` : ""}`}>
      <i aria-hidden="true" className={port.list ? "port-list" : ""} /><span>{port.name}</span>
    </button>
  );
}
