import type { ReactNode } from "react";
import type { CanvasEntry } from "../api/canvases";
import type { SaveState } from "../core/saver";
import { settings, setSettings } from "../app/settings";
import { t } from "../strings";
import { IconButton } from "../ui/controls";
import { Icon } from "../ui/Icon";
import { explain } from "../ui/states";
import { MenuButton, type MenuItem } from "../ui/Menu";
import { useSlice, useStore } from "../ui/useStore";
import { useCanvas } from "./context";
import { redo, undo } from "./keys";
import { ZoomButtons } from "./ZoomButtons";

/** A canvas' name for people: the one that every project has is the main one. */
function titleOf(canvas: string): string { return canvas === "main_canvas" ? t.canvas.mainCanvas : canvas; }

interface Props {
  canvas: string; canvases: CanvasEntry[]; save: SaveState; problem: unknown; onSave: () => void; onPick: (name: string) => void; onNew: () => void; onDelete: (() => void) | null; onFind: () => void; onArrange: () => void; onHistory: () => void;
  onExport: () => void; onImport: () => void; onKeys: () => void; onPalette: () => void; onInspector: () => void; isPaletteOpen: boolean; isInspectorOpen: boolean; children: ReactNode;
}

/** The line above the canvas: which it is, how it is saved, what can be done. */
export function Toolbar(props: Props) {
  const { model, isEditable } = useCanvas();
  const steps = useSlice(model.editor, () => `${model.editor.undoLabel ?? ""}\u0000${model.editor.redoLabel ?? ""}`).split("\u0000");
  const isLocked = useStore(model.locked);
  const pick = (): MenuItem[] => [
    ...props.canvases.map((entry): MenuItem => ({ label: titleOf(entry.name), checked: entry.name === props.canvas, run: () => props.onPick(entry.name) })),
    ...(props.canvases.some((entry) => entry.name === props.canvas) ? [] : [{ label: titleOf(props.canvas), checked: true, run: () => undefined } as MenuItem]),
    null, { label: t.canvas.newCanvas, icon: "add", disabled: !isEditable, run: props.onNew },
  ];
  const more = (): MenuItem[] => [
    { label: t.canvas.toolbar.history, icon: "history", run: props.onHistory },
    { label: t.canvas.toolbar.export, icon: "download", run: props.onExport },
    { label: t.canvas.toolbar.import, icon: "upload", disabled: !isEditable, run: props.onImport },
    null,
    { label: t.canvas.toolbar.snapOn, isToggle: true, checked: settings.get().snap, run: () => setSettings({ snap: !settings.get().snap }) },
    { label: t.canvas.toolbar.minimap, isToggle: true, checked: settings.get().minimap, run: () => setSettings({ minimap: !settings.get().minimap }) },
    null,
    { label: t.canvas.toolbar.keys, icon: "info", keys: "?", run: props.onKeys },
    ...(props.onDelete ? [{ label: t.canvas.deleteCanvas, icon: "trash", danger: true, disabled: !isEditable, run: props.onDelete } as MenuItem] : []),
  ];
  return (
    <div className="canvas-bar" role="toolbar" aria-label={t.canvas.label}>
      <h1 className="unseen">{`${t.canvas.pickCanvas} ${titleOf(props.canvas)}`}</h1>
      <IconButton icon="add" label={t.canvas.toolbar.palette} pressed={props.isPaletteOpen} onClick={props.onPalette} className="wide-only" />
      <MenuButton label={t.canvas.pickCanvas} items={pick} className="canvas-pick"><Icon name="canvas" size={16} /><span className="clip">{titleOf(props.canvas)}</span><Icon name="down" size={12} /></MenuButton>
      <button type="button" className={`save-state save-${props.save}`} title={props.problem !== null && (props.save === "failed" || props.save === "refused") ? t.canvas.save.why(explain(props.problem)) : t.canvas.save.now} disabled={!isEditable} onClick={props.onSave}><i aria-hidden="true" /><span role="status">{t.canvas.save[props.save]}</span></button>
      <span className="bar-gap" />
      <IconButton icon="undo" label={steps[0] ? `${t.canvas.toolbar.undo}: ${steps[0]}` : t.canvas.toolbar.undo} disabled={!isEditable || !steps[0]} onClick={() => undo(model)} className="wide-only" />
      <IconButton icon="redo" label={steps[1] ? `${t.canvas.toolbar.redo}: ${steps[1]}` : t.canvas.toolbar.redo} disabled={!isEditable || !steps[1]} onClick={() => redo(model)} className="wide-only" />
      <IconButton icon="layout" label={t.canvas.toolbar.arrange} disabled={!isEditable} onClick={props.onArrange} className="wide-only" />
      <IconButton icon={isLocked ? "lock" : "unlock"} label={isLocked ? t.canvas.toolbar.unlock : t.canvas.toolbar.lock} pressed={isLocked} onClick={() => model.locked.set(!isLocked)} className="wide-only" />
      <IconButton icon="search" label={t.canvas.toolbar.find} onClick={props.onFind} />
      <ZoomButtons model={model} />
      <MenuButton label={t.canvas.toolbar.more} items={more}><Icon name="more" /></MenuButton>
      <span className="bar-gap grow" />
      {props.children}
      <IconButton icon="settings" label={t.canvas.toolbar.inspector} pressed={props.isInspectorOpen} onClick={props.onInspector} className="wide-only" />
    </div>
  );
}
