import { useState } from "react";
import { canvasHistory, readCanvas, type CanvasCommit } from "../api/canvases";
import { t } from "../strings";
import { Button, IconButton } from "../ui/controls";
import { ago, dateTime } from "../ui/format";
import { Failure, Skeleton } from "../ui/states";
import { toast, toastError } from "../ui/toasts";
import { useLoad } from "../ui/useLoad";
import { useCanvas } from "./context";
import { undoThis } from "./keys";
import type { OpenCanvas } from "./useDocument";

/** Earlier versions of the canvas. Bringing one back is a step like any other: it can be undone, and is saved anew. */
export function HistoryPanel({ project, canvas, open, viewed, onView, onClose }: { project: string; canvas: string; open: OpenCanvas; viewed: string | null; onView: (entry: CanvasCommit) => Promise<void>; onClose: () => void }) {
  const { isEditable } = useCanvas();
  const list = useLoad(`${project}/${canvas}`, (signal) => canvasHistory(project, canvas, signal));
  const [busy, setBusy] = useState<string | null>(null);
  const restore = async (entry: CanvasCommit) => {
    setBusy(entry.commit);
    try {
      const version = await readCanvas(project, canvas, undefined, entry.commit);
      if (version) {
        open.model.editor.edit(t.canvas.steps.restore, (document) => ({ ...version.document, viewport: document.viewport ?? version.document.viewport }));
        const takeBack = undoThis(open.model);
        await open.saver.save();
        toast(t.canvas.said.saved, "good", { label: t.common.undo, run: takeBack });
        list.reload();
      }
    } catch (error) { toastError(error); }
    setBusy(null);
  };
  return (
    <section className="inspector-form" aria-label={t.canvas.history.title}>
      <header className="panel-head"><h2>{t.canvas.history.title}</h2><IconButton icon="close" label={t.common.close} onClick={onClose} /></header>
      {list.error !== null ? <Failure error={list.error} onRetry={list.reload} /> : !list.value ? <Skeleton shape="line" count={4} /> : list.value.length === 0 ? <p className="muted">{t.canvas.history.none}</p> : (
        <ol className="history">{list.value.map((entry, index) => (
          <li key={entry.commit}><strong>{entry.message}</strong><span className="muted small grow" title={dateTime(entry.at)}>{entry.author} · {ago(entry.at)}</span>
            {index === 0 ? <span className="muted small">{t.canvas.history.current}</span> : <><Button small kind="quiet" aria-pressed={viewed === entry.commit} onClick={() => void onView(entry)}>{t.canvas.history.view}</Button><Button small disabled={!isEditable} busy={busy === entry.commit} onClick={() => void restore(entry)}>{t.canvas.history.restore}</Button></>}</li>
        ))}</ol>
      )}
    </section>
  );
}
