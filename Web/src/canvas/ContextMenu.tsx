import { insertOnEdge, remove } from "../core/commands";
import { indexOf } from "../core/flow";
import { t } from "../strings";
import { Menu, type MenuItem } from "../ui/Menu";
import { useStore } from "../ui/useStore";
import { addKind, copySelected, cutSelected, duplicate, groupSelected, pasteHere, removeSelected, toggleCollapsed, ungroupSelected } from "./actions";
import { useCanvas } from "./context";
import { canDiffer } from "./guide";
import { basicKinds } from "./kinds";
import type { CanvasModel } from "./model";

/** The menu of what was clicked with the other button, or held with a finger. */
export function ContextMenu() {
  const tools = useCanvas();
  const { model } = tools;
  const open = useStore(model.menu);
  if (!open) return null;
  const flow = document.querySelector(".flow")?.getBoundingClientRect();
  const at = model.toCanvas({ x: open.at.x - (flow?.left ?? 0), y: open.at.y - (flow?.top ?? 0) });
  const items = open.on === "node" ? nodeItems(tools, open.id as string) : open.on === "edge" ? edgeItems(model, open.id as string, at, open.at, tools.isEditable) : paneItems(model, at, open.at, tools.isEditable);
  return <Menu x={open.at.x} y={open.at.y} label={t.canvas.label} items={items} onClose={() => model.menu.set(null)} />;
}

function paneItems(model: CanvasModel, at: { x: number; y: number }, window: { x: number; y: number }, isEditable: boolean): MenuItem[] {
  const note = basicKinds.find((one) => one.kind.type === "note");
  return [
    { label: t.canvas.menu.addNode, icon: "add", keys: "/", disabled: !isEditable, run: () => model.add.set({ at, window, from: null }) },
    ...(note ? [{ label: t.canvas.menu.note, icon: "note", disabled: !isEditable, run: () => { addKind(model, note.kind, at); } } as MenuItem] : []),
    { label: t.canvas.menu.paste, icon: "copy", keys: t.canvas.shortKeys.paste, disabled: !isEditable, run: () => void pasteHere(model, at) },
    null,
    { label: t.canvas.menu.selectAll, keys: t.canvas.shortKeys.selectAll, run: () => model.editor.select(model.editor.document.nodes.map((node) => node.id)) },
    { label: t.canvas.toolbar.fit, icon: "fit", keys: "1", run: () => model.fitTo() },
  ];
}

function nodeItems({ model, isEditable, run, openTake, another }: ReturnType<typeof useCanvas>, id: string): MenuItem[] {
  const { document, selection } = model.editor.get();
  const node = indexOf(document).nodes.get(id);
  if (!node) return [];
  const isMany = selection.size > 1, isGroup = node.type === "group", canRun = node.type === "function" || node.type === "output";
  const take = model.runs.get().get(id)?.result?.take;
  return [
    ...(canRun ? [
      { label: isMany ? t.canvas.menu.runSelection : t.canvas.menu.runNode, icon: "bolt", run: () => run({ targets: isMany ? [...selection] : [id] }) } as MenuItem,
      { label: t.canvas.menu.runFrom, icon: "refresh", run: () => run({ from: id }) } as MenuItem,
      ...(!isMany && canDiffer(model, id) ? [{ label: t.canvas.menu.anotherTake, icon: "dice", run: () => another(id) } as MenuItem] : []),
      ...(take ? [{ label: t.canvas.menu.openTake, icon: "takes", run: () => openTake(take) } as MenuItem] : []), null] : []),
    { label: t.canvas.menu.copy, icon: "copy", keys: t.canvas.shortKeys.copy, run: () => void copySelected(model) },
    { label: t.canvas.menu.cut, keys: t.canvas.shortKeys.cut, disabled: !isEditable, run: () => cutSelected(model) },
    { label: t.canvas.menu.duplicate, keys: t.canvas.shortKeys.duplicate, disabled: !isEditable, run: () => duplicate(model) },
    null,
    { label: t.canvas.menu.group, icon: "group", keys: t.canvas.shortKeys.group, disabled: !isEditable, run: () => groupSelected(model) },
    ...(isGroup ? [{ label: t.canvas.menu.ungroup, disabled: !isEditable, run: () => ungroupSelected(model) } as MenuItem] : []),
    ...(!isGroup && node.type !== "note" ? [{ label: node.data.collapsed === true ? t.canvas.menu.expand : t.canvas.menu.collapse, disabled: !isEditable, run: () => toggleCollapsed(model) } as MenuItem] : []),
    { label: t.canvas.menu.reveal, run: () => model.fitTo(new Set([id])) },
    null,
    { label: t.canvas.menu.remove, icon: "trash", keys: t.canvas.shortKeys.remove, danger: true, disabled: !isEditable, run: () => removeSelected(model) },
  ];
}

function edgeItems(model: CanvasModel, id: string, at: { x: number; y: number }, window: { x: number; y: number }, isEditable: boolean): MenuItem[] {
  const edge = indexOf(model.editor.document).edges.get(id);
  return [
    { label: t.canvas.menu.insert, icon: "add", disabled: !isEditable || !edge, run: () => {
      if (!edge) return;
      model.add.set({ at, window, from: { node: edge.source, side: "out", handle: edge.sourceHandle ?? null } });
      // What is added is put between the two ends as soon as it is there.
      const before = new Set(model.editor.document.nodes.map((node) => node.id));
      const stop = model.editor.subscribe(() => {
        const added = model.editor.document.nodes.find((node) => !before.has(node.id));
        // Not one that somebody else has put there meanwhile.
        if (!added || model.editor.undoLabel !== t.canvas.steps.add) return;
        stop();
        const bare = { ...model.editor.document, edges: model.editor.document.edges.filter((one) => one.target !== added.id) };
        const placed = insertOnEdge(bare, id, added.id, model.catalogue);
        // One step: who takes back the node takes back what it was put between.
        if (placed) model.editor.amend(placed);
      });
      const stopAdd = model.add.subscribe(() => { if (model.add.get() === null) { stopAdd(); setTimeout(stop, 0); } });
    } },
    { label: t.canvas.menu.disconnect, icon: "trash", danger: true, disabled: !isEditable, run: () => model.editor.edit(t.canvas.steps.disconnect, (document) => remove(document, new Set([id]))) },
  ];
}
