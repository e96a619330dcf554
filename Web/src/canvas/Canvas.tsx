import { useEffect, useLayoutEffect, useRef, type DragEvent } from "react";
import { settings } from "../app/settings";
import { t } from "../strings";
import { useSlice, useStore } from "../ui/useStore";
import { addKind, ownClip, pasteClip, readClip, reason } from "./actions";
import { useCanvas } from "./context";
import { EdgesLayer } from "./Edges";
import { Gestures } from "./gestures";
import { isField } from "./targets";
import { kindFromDrag } from "./kinds";
import { MiniMap } from "./MiniMap";
import { overviewZoom } from "./model";
import { NodeView } from "./NodeView";
import { Overview } from "./Overview";

/** The canvas itself: the window, what is mounted of it, and what is drawn. */
export function Canvas() {
  const { model, isEditable, upload } = useCanvas();
  const root = useRef<HTMLDivElement>(null), view = useRef<HTMLDivElement>(null);
  const editable = useRef(isEditable);
  editable.current = isEditable;
  useLayoutEffect(() => {
    const element = root.current, inner = view.current;
    if (!element || !inner) return;
    // The view moves without React: one style, set as often as the pointer says.
    const apply = () => {
      const { x, y, zoom } = model.viewport.get();
      inner.style.transform = `translate(${x}px, ${y}px) scale(${zoom})`;
      const cell = model.grid * zoom * (zoom < 0.5 ? 4 : 1);
      element.style.backgroundSize = `${cell}px ${cell}px`;
      element.style.backgroundPosition = `${x}px ${y}px`;
    };
    const stopView = model.viewport.subscribe(apply);
    apply();
    const observer = new ResizeObserver(() => model.size.set({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    // A browser scrolls what has the focus into sight: here the view moves instead, or all places would be wrong by so much.
    const scroll = () => {
      const { scrollLeft, scrollTop } = element;
      if (scrollLeft === 0 && scrollTop === 0) return;
      element.scrollTo(0, 0);
      model.viewport.update((view) => ({ ...view, x: view.x - scrollLeft, y: view.y - scrollTop }));
    };
    element.addEventListener("scroll", scroll);
    const gestures = new Gestures(element, model, { wheel: () => settings.get().wheel, isEditable: () => editable.current });
    return () => {
      stopView();
      observer.disconnect();
      element.removeEventListener("scroll", scroll);
      gestures.dispose();
    };
  }, [model]);
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      if (!editable.current || isField(event.target) || !root.current || document.querySelector("dialog[open]")) return;
      const files = [...(event.clipboardData?.files ?? [])];
      const clip = readClip(event.clipboardData?.getData("text/plain") ?? "");
      if (files.length > 0) upload(files, model.toCanvas(model.pointer));
      else if (clip ?? ownClip()) pasteClip(model, clip ?? ownClip());
      else return;
      event.preventDefault();
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  }, [model]);
  const drop = (event: DragEvent) => {
    if (!isEditable) return;
    event.preventDefault();
    const box = event.currentTarget.getBoundingClientRect();
    const at = model.toCanvas({ x: event.clientX - box.left, y: event.clientY - box.top });
    const kind = kindFromDrag(event.dataTransfer);
    if (kind) addKind(model, kind, { x: at.x - 100, y: at.y - 20 });
    else if (event.dataTransfer.files.length > 0) upload([...event.dataTransfer.files], at);
  };
  const openMenu = (event: React.MouseEvent) => {
    event.preventDefault();
    const target = event.target as Element;
    if (target.closest(".flow-overlay")) return;
    const node = target.closest<HTMLElement>("[data-node-id]")?.dataset.nodeId ?? null, edge = target.closest<HTMLElement>("[data-edge]")?.dataset.edge ?? null;
    const id = node ?? edge;
    if (id && !model.editor.get().selection.has(id)) model.editor.select([id]);
    model.menu.set({ at: { x: event.clientX, y: event.clientY }, on: node ? "node" : edge ? "edge" : "pane", id });
  };
  const focus = (event: React.FocusEvent) => {
    const id = (event.target as Element).closest<HTMLElement>("[data-node-id]")?.dataset.nodeId ?? null;
    model.focused.set(id);
    // Going there by keys must show it; a click has it under the pointer already.
    if (id && (event.target as Element).matches(":focus-visible")) model.reveal(id);
  };
  return (
    <div ref={root} className="flow" role="application" aria-label={t.canvas.label} tabIndex={0} onDragOver={(event) => event.preventDefault()} onDrop={drop} onContextMenu={openMenu}
      onFocus={focus} onBlur={() => model.focused.set(null)}
      onDoubleClick={(event) => { if (isEditable && event.target === root.current) model.add.set({ at: model.toCanvas(model.pointer), window: { x: event.clientX, y: event.clientY }, from: null }); }}>
      <Drawn />
      <div ref={view} className="flow-view"><EdgesLayer /><Nodes /><Frame /></div>
      <MiniMap />
      <Why />
      <span className="flow-end" tabIndex={-1} />
    </div>
  );
}

function Drawn() {
  const { model } = useCanvas();
  const isFar = useSlice(model.viewport, (view) => view.zoom < overviewZoom);
  return isFar ? <Overview /> : null;
}

function Nodes() {
  const { model } = useCanvas();
  const ids = useStore(model.visible);
  return <div className="flow-nodes" data-mounted={ids.length}>{ids.map((id) => <NodeView key={id} id={id} />)}</div>;
}

/** Why a connection cannot end where it is held, beside it. */
function Why() {
  const { model } = useCanvas();
  const why = useSlice(model.doing, (doing) => (doing.kind === "connecting" && doing.refusal ? reason(doing.refusal) : ""));
  if (!why) return null;
  const { x, y } = model.pointer, { width } = model.size.get();
  return <p className="flow-why flow-overlay" style={x > width - 260 ? { right: width - x + 18, top: y + 18 } : { left: x + 18, top: y + 18 }}>{why}</p>;
}

function Frame() {
  const { model } = useCanvas();
  const rect = useSlice(model.doing, (doing) => (doing.kind === "box" ? doing.rect : null));
  return rect && <div className="flow-frame" style={{ transform: `translate(${rect.x}px, ${rect.y}px)`, width: rect.width, height: rect.height }} />;
}
