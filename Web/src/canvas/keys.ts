import type { CanvasModel } from "./model";
import { copySelected, cutSelected, duplicate, groupSelected, join, nudge, removeSelected, ungroupSelected } from "./actions";
import { onTab } from "./tabbing";
import { isField, portOf } from "./targets";
import { t } from "../strings";
import { announce, toast } from "../ui/toasts";

/** What keys ask of the page around the canvas. */
export interface KeyWishes { save(): void; find(): void; run(selectionOnly: boolean): void; arrange(): void; add(): void; help(): void; isEditable(): boolean; cancel(): boolean }

/** Keys pressed while the canvas, or something in it, has the focus. */
export function onKey(event: KeyboardEvent, model: CanvasModel, wishes: KeyWishes): void {
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const take = (action: () => void) => { event.preventDefault(); action(); };
  if (control && key === "s") return take(() => { if (!event.repeat) wishes.save(); });
  if (control && key === "f") return take(wishes.find);
  // A key that is held asks once.
  if (control && key === "Enter") return take(() => { if (!event.repeat) wishes.run(event.shiftKey); });
  if (isField(event.target)) return;
  // Beside the canvas keys are those of what has the focus there; what was done is taken back from everywhere.
  const isBeside = (event.target as Element).closest(".panel-right, .canvas-bar") !== null;
  if (isBeside && !(control && (key === "z" || key === "y"))) return;
  if (key === "Tab") { if (onTab(event, model)) event.preventDefault(); return; }
  if (key === "Escape") return take(() => escape(model, wishes));
  if (control && key === "a") return take(() => model.editor.select(model.editor.document.nodes.map((node) => node.id)));
  if (control && key === "c") return take(() => void copySelected(model));
  if (!control && viewKey(key, model)) return event.preventDefault();
  if (key === "?") return take(wishes.help);
  if (!wishes.isEditable()) return;
  if (control) return controlKey(event, key, model);
  const port = portOf(event.target as Element);
  if (port && (key === "Enter" || key === " ")) return take(() => keyOnPort(model, port));
  const edge = (event.target as Element).closest<SVGElement>("[data-edge]")?.dataset.edge;
  if (edge && ["Enter", " ", "Delete", "Backspace"].includes(key)) model.editor.select([edge]);
  if (edge && (key === "Enter" || key === " ")) return event.preventDefault();
  if (key === "Delete" || key === "Backspace") return take(() => removeSelected(model));
  if (key === "/") return take(wishes.add);
  if (key === "l") return take(wishes.arrange);
  const node = (event.target as Element).closest<HTMLElement>("[data-node-id]")?.dataset.nodeId;
  if (node && (key === "Enter" || key === " ")) return take(() => event.shiftKey ? model.editor.toggle(node) : model.editor.select([node]));
  const arrows: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const arrow = arrows[key];
  if (arrow && !model.locked.get()) {
    const step = model.grid * (event.shiftKey ? 5 : 1);
    take(() => {
      if (node && model.editor.get().selection.size === 0) model.editor.select([node]);
      nudge(model, arrow[0] * step, arrow[1] * step);
    });
  }
}

function controlKey(event: KeyboardEvent, key: string, model: CanvasModel): void {
  const take = (action: () => void) => { event.preventDefault(); action(); };
  switch (key) {
    case "z": return take(() => (event.shiftKey ? redo(model) : undo(model)));
    case "y": return take(() => redo(model));
    case "x": return take(() => cutSelected(model));
    case "d": return take(() => duplicate(model));
    case "g": return take(() => (event.shiftKey ? ungroupSelected(model) : groupSelected(model)));
  }
}

function viewKey(key: string, model: CanvasModel): boolean {
  switch (key) {
    case "+": case "=": model.zoom(1.25); return true;
    case "-": model.zoom(0.8); return true;
    case "0": model.zoom(1 / model.viewport.get().zoom); return true;
    case "1": model.fitTo(); return true;
    default: return false;
  }
}

/** Takes the last step back, and says which. */
export function undo(model: CanvasModel): void {
  const label = model.editor.undo();
  announce(label === null ? t.canvas.said.nothingToUndo : t.canvas.said.undone(label));
}

/** What takes back the step that was just made: nothing else, whatever was done since. */
export function undoThis(model: CanvasModel): () => void {
  const step = model.editor.lastStep;
  return () => { if (model.editor.lastStep === step) undo(model); else toast(t.canvas.said.moreSince, "info"); };
}

/** Does it again, and says what. */
export function redo(model: CanvasModel): void {
  const label = model.editor.redo();
  announce(label === null ? t.canvas.said.nothingToRedo : t.canvas.said.redone(label));
}

function escape(model: CanvasModel, wishes: KeyWishes): void {
  const doing = model.doing.get();
  const wasBusy = wishes.cancel();
  if (wasBusy || doing.kind !== "nothing") return announce(t.canvas.said.cancelled);
  model.editor.select([]);
}

/** Enter on a port begins a connection, and on another one ends it. */
function keyOnPort(model: CanvasModel, port: NonNullable<ReturnType<typeof portOf>>): void {
  const doing = model.doing.get();
  if (doing.kind === "connecting") {
    model.doing.set({ kind: "nothing" });
    if (join(model, doing.from, port, doing.edge)) return;
    return;
  }
  model.doing.set({ kind: "connecting", from: port, edge: null, at: model.portPoint(port), over: null, overNode: null, refusal: null, isSticky: true });
  announce(t.canvas.said.connecting(port.handle ?? ""));
}
