import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { connection } from "../api/connection";
import { forgetHere, keepHere, keptHere } from "../api/kept";
import { ApiError } from "../api/problems";
import { session } from "../api/session";
import { canvasHistory, forgetCanvas, keepCanvas, readCanvas, readKept, saveCanvas, type Kept } from "../api/canvases";
import { useProjectEvents } from "../api/events";
import { Editor } from "../core/editor";
import { emptyDocument, type FlowDocument } from "../core/flow";
import { merge } from "../core/merge";
import { sameContent, Saver, type Version } from "../core/saver";
import { t } from "../strings";
import { toast } from "../ui/toasts";
import { undoThis } from "./keys";
import { CanvasModel } from "./model";

/** A canvas that is open: its model, and what saves it. */
export interface OpenCanvas { model: CanvasModel; saver: Saver }

/**
 * Opens a canvas, with what was kept of it and not saved. As long as it is not known who it is, and so whether they may
 * edit (null), it waits: what is changed on a canvas that was opened for looking would never be saved.
 */
export function useDocument(project: string, canvas: string, mayEdit: boolean | null): { open: OpenCanvas | null; error: unknown; retry: () => void } {
  const [open, setOpen] = useState<OpenCanvas | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  const current = useRef<OpenCanvas | null>(null);
  useEffect(() => {
    if (mayEdit === null) return;
    const stop = new AbortController();
    setError(null);
    void read(project, canvas, mayEdit, stop.signal).then(({ version, kept, base }) => {
      if (stop.signal.aborted) return;
      const opened = start(project, canvas, version && base ? base : version, mayEdit);
      current.current = opened;
      if (kept) bringBack(opened, version, kept, base);
      setOpen(opened);
    }, (problem: unknown) => { if (!stop.signal.aborted) setError(problem); });
    return () => {
      stop.abort();
      const left = current.current;
      current.current = null;
      // Who leaves does not wait for the pause.
      if (session.get().state === "out") left?.saver.end();
      if (left && mayEdit) void left.saver.save();
      left?.saver.stop();
    };
  }, [project, canvas, turn, mayEdit]);
  useEffect(() => session.subscribe(() => { if (session.get().state === "out") current.current?.saver.end(); }), []);
  useTheirs(project, canvas, current);
  useWarning(current);
  useEffect(() => {
    // Not with the next of ever longer pauses.
    let isReached = connection.get().requests;
    return connection.subscribe(() => {
      const now = connection.get();
      if (now.requests && now.events === "open" && !isReached) current.current?.saver.again();
      isReached = now.requests && now.events === "open";
    });
  }, []);
  return { open, error, retry: () => setTurn((value) => value + 1) };
}

async function read(project: string, canvas: string, mayEdit: boolean, signal: AbortSignal): Promise<{ version: Version | null; kept: Kept | null; base: Version | null }> {
  const version = await readCanvas(project, canvas, signal);
  const kept = mayEdit ? await keptHere(project, canvas).catch(() => null) ?? await readKept(project, canvas, signal).catch(() => null) : null;
  if (kept && version && sameContent(kept.document, version.document)) forgetHere(project, canvas);
  if (!kept || (version && sameContent(kept.document, version.document))) return { version, kept: null, base: null };
  if (!version || kept.base === version.etag) return { version, kept, base: version ?? { document: emptyDocument, etag: "" } };
  // It was kept over an earlier version: that one says what of it is somebody's own.
  const commit = (await canvasHistory(project, canvas, signal).catch(() => [])).find((entry) => entry.etag === kept.base);
  const base = commit ? await readCanvas(project, canvas, signal, commit.commit).catch(() => null) : null;
  if (base) {
    const { document, conflicts } = merge(base.document, kept.document, version.document);
    if (conflicts.length === 0 && sameContent(document, version.document)) {
      forgetHere(project, canvas);
      return { version, kept: null, base: null };
    }
  }
  return { version, kept, base };
}

function start(project: string, canvas: string, version: Version | null, mayEdit: boolean): OpenCanvas {
  const editor = new Editor(version?.document ?? emptyDocument);
  const model = new CanvasModel(editor);
  const saver = new Saver(version ?? { document: emptyDocument, etag: "" }, {
    document: () => editor.document,
    adopt: (document, from) => {
      // Steps back must not take out what somebody else put in.
      editor.rebase(document, (earlier) => merge(from, earlier, document).document);
    },
  }, {
    save: (document, over) => saveCanvas(project, canvas, document, over || null),
    keep: (document, base) => keepCanvas(project, canvas, document, base || null),
    keepHere: (document, base) => keepHere(project, canvas, { base, document }),
    forgetHere: () => forgetHere(project, canvas),
    forget: () => forgetCanvas(project, canvas),
    isFinal: (error) => error instanceof ApiError && error.status >= 400 && error.status < 500 && ![401, 408, 412, 425, 429].includes(error.status),
    later: (milliseconds, then) => { const timer = setTimeout(then, milliseconds); return () => clearTimeout(timer); },
  });
  let seen = editor.document;
  if (mayEdit) editor.subscribe(() => {
    if (editor.document === seen) return;
    seen = editor.document;
    saver.touched();
  });
  return { model, saver };
}

/** What was kept goes on where it was left; what was saved meanwhile comes in as if it were saved now. */
function bringBack({ model, saver }: OpenCanvas, version: Version | null, kept: Kept, base: Version | null): void {
  if (base) {
    saver.hasKept = true;
    model.editor.edit(t.canvas.steps.restore, () => kept.document);
    if (version && version.etag !== base.etag) void saver.theirs(version);
    toast(t.canvas.save.restoredTitle, "info", { label: t.common.undo, run: undoThis(model) });
    return;
  }
  toast(t.canvas.save.restoredAsk, "info", { label: t.canvas.save.restore, run: () => model.editor.edit(t.canvas.steps.restore, () => kept.document as FlowDocument) });
}

/** Looks for what somebody else saved, when the gateway says that there is something. */
function useTheirs(project: string, canvas: string, current: { current: OpenCanvas | null }): void {
  const look = async () => {
    const open = current.current;
    if (!open) return;
    const before = open.model.editor.document;
    // Mine may be typed meanwhile: what is told of are theirs.
    const isTaken = await open.saver.look(() => (current.current === open ? readCanvas(project, canvas).catch(() => null) : Promise.resolve(null)));
    if (!isTaken) return;
    if (open.model.editor.document !== before) toast(t.canvas.save.merged, "info");
  };
  useProjectEvents(project, (event) => {
    if (event.type === "project.changed" && /canvas/.test(event.change) && (event.detail?.canvas === undefined || event.detail.canvas === canvas)) void look();
  }, () => void look());
}

/** Asks before a page is left whose work is not saved. */
function useWarning(current: { current: OpenCanvas | null }): void {
  useEffect(() => {
    const leave = (event: BeforeUnloadEvent) => {
      const saver = current.current?.saver;
      if (!saver || saver.state === "saved" || saver.state === "kept") return;
      void saver.save();
      event.preventDefault();
      event.returnValue = "";
    };
    const hide = () => { if (document.visibilityState === "hidden") void current.current?.saver.save(); };
    addEventListener("beforeunload", leave);
    document.addEventListener("visibilitychange", hide);
    return () => { removeEventListener("beforeunload", leave); document.removeEventListener("visibilitychange", hide); };
  }, []);
}

/** How a canvas is saved, live. */
export function useSaveState(saver: Saver): Saver["state"] {
  return useSyncExternalStore(saver.subscribe, () => saver.state);
}
