import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { listCanvases, readCanvas, type CanvasCommit } from "../api/canvases";
import { useProjectEvents } from "../api/events";
import { path, request } from "../api/http";
import { readCatalogue } from "../api/functions";
import type { Project } from "../api/types";
import { folderFor } from "../api/upload";
import { dismiss, onUploaded, upload as startUploads } from "../files/uploading";
import { Uploads } from "../files/Uploads";
import { readMe, useMay, useMe } from "../app/me";
import { go } from "../app/router";
import { settings } from "../app/settings";
import { Editor, place as placeNodes } from "../core/editor";
import { decide } from "../core/decide";
import { indexOf } from "../core/flow";
import { targetsOf } from "../core/runs";
import { AddPopup } from "../canvas/AddPopup";
import { nameOf, addKind } from "../canvas/actions";
import { Canvas } from "../canvas/Canvas";
import { CanvasToolsProvider, type CanvasTools } from "../canvas/context";
import { ContextMenu } from "../canvas/ContextMenu";
import { ConflictDialog, KeysDialog, NewCanvasDialog } from "../canvas/dialogs";
import { FindBar } from "../canvas/FindBar";
import { canStart, differ, makeTakes, startWithShots } from "../canvas/guide";
import { GenerateBar, PlanDialog, RunList } from "../canvas/GeneratePanel";
import { HistoryPanel } from "../canvas/HistoryPanel";
import { Inspector } from "../canvas/Inspector";
import { onKey } from "../canvas/keys";
import { CanvasModel } from "../canvas/model";
import { Palette } from "../canvas/Palette";
import { exportCanvas, importCanvas, MissingDialog, type ImportResult } from "../canvas/portability";
import { Toolbar } from "../canvas/Toolbar";
import { useDocument, useSaveState, type OpenCanvas } from "../canvas/useDocument";
import { useGenerate } from "../canvas/useGenerate";
import { t } from "../strings";
import { Button } from "../ui/controls";
import { Confirm } from "../ui/Dialog";
import { dateTime } from "../ui/format";
import { fetched } from "../ui/part";
import { explain, Failure, Empty } from "../ui/states";
import { announce, toast, toastError } from "../ui/toasts";
import { useLoad } from "../ui/useLoad";
import { useSlice } from "../ui/useStore";
import { useWidth } from "../ui/useWidth";

/** A production canvas and all around it. */
export default function CanvasPage({ project, canvas }: { project: string; canvas: string }) {
  const mayWork = useMay("artist"), isKnown = useMe() !== null;
  const who = useLoad("me", async () => { if (!isKnown) await readMe(); return true; });
  const about = useLoad(project, async (signal) => (await request<Project>("GET", path`/api/v1/projects/${project}`, { signal })).value);
  const catalogue = useLoad("functions", readCatalogue);
  useProjectEvents(project, (event) => { if (event.type === "project.changed" && !/canvas/.test(event.change)) about.reload(); }, about.reload);
  const { open, error, retry } = useDocument(project, canvas, isKnown ? mayWork : null);
  const problem = error ?? about.error ?? catalogue.error ?? (isKnown ? null : who.error);
  // Before anything is drawn: what ports and sizes are follows from the functions.
  useMemo(() => { if (open && catalogue.value) open.model.setCatalogue(catalogue.value); }, [open, catalogue.value]);
  if (problem !== null && !(open && about.value && catalogue.value)) return <div className="page"><Failure error={problem} onRetry={() => { retry(); who.reload(); about.reload(); catalogue.reload(); }} /></div>;
  if (!open || !about.value || !catalogue.value) return <div className="workbench"><div className="canvas-bar" /><div className="canvas-loading" role="status" aria-label={t.common.loading}><span className="spinner" /></div></div>;
  return <Workbench project={project} canvas={canvas} open={open} isArchived={about.value.archived} mayWork={mayWork} />;
}

function Viewed({ at, children }: { at: string; children: ReactNode }) { return <div className="canvas-viewed flow-overlay" role="status"><span>{t.canvas.history.viewing(dateTime(at))}</span>{children}</div>; }

type Shown = "keys" | "new" | "delete" | "find" | "history" | null;

function Workbench({ project, canvas, open, isArchived, mayWork }: { project: string; canvas: string; open: OpenCanvas; isArchived: boolean; mayWork: boolean }) {
  const { model, saver } = open;
  const save = useSaveState(saver);
  const canvases = useLoad(project, (signal) => listCanvases(project, signal));
  const generate = useGenerate(project, canvas, open);
  const [shown, setShown] = useState<Shown>(null);
  const [panels, setPanels] = useState({ palette: innerWidth >= 1024, inspector: innerWidth >= 1024 });
  const [missing, setMissing] = useState<ImportResult | null>(null);
  const importInput = useRef<HTMLInputElement>(null);
  const isWide = useWidth(1024);
  const isEditable = mayWork && !isArchived && isWide;
  useEffect(() => { if (save === "refused") toast(t.canvas.save.why(explain(saver.error)), "bad"); }, [save, saver]);
  useEffect(() => { if (!isArchived) saver.again(); }, [isArchived, saver]);
  const isEmpty = useSlice(model.editor, (state) => state.document.nodes.length === 0);
  useEffect(() => {
    const apply = () => { model.isSnapping = settings.get().snap; };
    apply();
    return settings.subscribe(apply);
  }, [model]);
  useEffect(() => { if (!model.editor.document.viewport) model.fitTo(); }, [model]);
  useProjectEvents(project, (event) => { if (event.type === "project.changed" && /canvas/.test(event.change)) canvases.reload(); });
  // What was dropped, and where its node is to stand once it has come.
  const dropped = useRef(new Map<number, { x: number; y: number }>());
  const upload = useCallback((files: readonly File[], at: { x: number; y: number }) => {
    const ids = startUploads(project, files.map((file) => ({ file, folder: folderFor(file.name) })), true);
    ids.forEach((id, index) => dropped.current.set(id, { x: at.x + index * 40, y: at.y + index * 60 }));
  }, [project]);
  useEffect(() => onUploaded((one) => {
    const at = dropped.current.get(one.id);
    if (!at || one.path === null) return;
    dropped.current.delete(one.id);
    addKind(model, { type: "asset", stem: "file", data: { path: one.path } }, at);
    toast(t.files.uploaded(one.file.name));
    dismiss(one.id);
  }), [model]);
  const tools = useMemo<CanvasTools>(() => ({
    model, project, isEditable, mayRun: mayWork && !isArchived, upload, run: ({ targets, from }) => void generate.start({ from, ...(targets ? { targets: targetsOf(model.editor.document, targets) } : {}) }),
    another: (id) => void generate.start({ targets: differ(model, id) }),
    openTake: (take) => go({ page: "takes", project, shot: null, take }),
  }), [model, project, isEditable, mayWork, isArchived, upload, generate.start]);
  const arrange = async () => {
    const { arrange: place } = await fetched(() => import("../canvas/layout"));
    const { selection, document } = model.editor.get();
    const places = place(document, selection.size > 1 ? selection : null, model.sizes, model.grid);
    model.editor.edit(t.canvas.steps.layout, (before) => placeNodes(before, places));
    announce(t.canvas.said.arranged);
    model.fitTo(selection.size > 1 ? selection : undefined);
  };
  const addAnything = () => {
    const { width, height } = model.size.get(), box = document.querySelector(".flow")?.getBoundingClientRect();
    model.add.set({ at: model.toCanvas({ x: width / 2, y: height / 3 }), window: { x: (box?.left ?? 0) + width / 2 - 160, y: (box?.top ?? 0) + height / 3 }, from: null });
  };
  // An earlier version is looked at beside the one that is worked on, which nothing happens to meanwhile.
  const [viewed, setViewed] = useState<{ commit: string; at: string; tools: CanvasTools } | null>(null);
  const leaveViewed = () => setViewed(null);
  const view = async (entry: CanvasCommit) => {
    try {
      const version = await readCanvas(project, canvas, undefined, entry.commit);
      if (!version) return;
      const earlier = new CanvasModel(new Editor(version.document));
      earlier.setCatalogue(model.catalogue);
      earlier.viewport.set(model.viewport.get());
      setViewed({ commit: entry.commit, at: entry.at, tools: { ...tools, model: earlier, isEditable: false, mayRun: false, upload: () => undefined, run: () => undefined, another: () => undefined } });
    } catch (error) { toastError(error); }
  };
  const targets = () => targetsOf(model.editor.document, model.editor.get().selection);
  const onKeys = (event: KeyboardEvent) => onKey(event, viewed?.tools.model ?? model, {
    save: () => void saver.save().then(() => { if (saver.state === "saved") announce(t.canvas.said.saved); }),
    find: () => setShown("find"), arrange: () => void arrange().catch(toastError), help: () => setShown("keys"), isEditable: () => isEditable && viewed === null,
    run: (only) => { if (mayWork && !isArchived && viewed === null) void generate.start(only && targets().length > 0 ? { targets: targets() } : {}); },
    add: addAnything,
    cancel: () => { const wasBusy = (viewed?.tools.model ?? model).giveUp(); model.doing.set({ kind: "nothing" }); model.add.set(null); return wasBusy; },
  });
  const latestKeys = useRef(onKeys);
  latestKeys.current = onKeys;
  useEffect(() => {
    // What had the focus may have been deleted: the keys are the canvas' still.
    const anywhere = (event: KeyboardEvent) => { if (event.target === document.body && !document.querySelector("dialog[open]")) latestKeys.current(event); };
    document.addEventListener("keydown", anywhere);
    return () => document.removeEventListener("keydown", anywhere);
  }, []);
  const remove = async () => {
    try {
      await saver.remove(async (etag) => { await request("DELETE", path`/api/v1/projects/${project}/canvases/${canvas}`, { headers: { "if-match": `"${etag}"` } }); });
      go({ page: "canvas", project, canvas: "main_canvas" });
    } catch (error) { toastError(error); }
  };
  const bringIn = async (file: File | undefined) => {
    if (!file) return;
    try { setMissing(await importCanvas(project, file, (canvases.value ?? []).map((entry) => entry.name))); } catch (error) { toastError(error); }
  };
  return (
    <CanvasToolsProvider value={viewed?.tools ?? tools}>
      <div className="workbench" onKeyDown={(event) => onKeys(event.nativeEvent)}>
        <Toolbar canvas={canvas} canvases={canvases.value ?? []} save={save} problem={saver.error} onSave={() => void saver.save()} onPick={(name) => go({ page: "canvas", project, canvas: name })} onNew={() => setShown("new")} onDelete={canvas === "main_canvas" || !saver.version?.etag ? null : () => setShown("delete")}
          onFind={() => setShown(shown === "find" ? null : "find")} onArrange={() => void arrange().catch(toastError)} onHistory={() => setShown(shown === "history" ? null : "history")} onExport={() => void exportCanvas(project, canvas).catch(toastError)} onImport={() => importInput.current?.click()} onKeys={() => setShown("keys")}
          onPalette={() => setPanels({ ...panels, palette: !panels.palette })} onInspector={() => setPanels({ ...panels, inspector: !panels.inspector })} isPaletteOpen={panels.palette} isInspectorOpen={panels.inspector}>
          <GenerateBar generate={generate} />
        </Toolbar>
        {(!mayWork || isArchived || !isWide) && <p className="canvas-notice">{isArchived ? t.canvas.archived : !mayWork ? t.canvas.readOnly : t.canvas.smallScreen}</p>}
        <div className="workbench-row">
          {panels.palette && isEditable && <aside className="panel panel-left" aria-label={t.canvas.toolbar.palette}><Palette /></aside>}
          <div className="canvas-place">
            {viewed && <Viewed at={viewed.at}><Button small onClick={leaveViewed}>{t.canvas.history.leave}</Button></Viewed>}
            <Canvas key={viewed?.commit ?? "now"} />
            {shown === "find" && <FindBar key={`find ${viewed?.commit ?? "now"}`} onClose={() => setShown(null)} />}
            <div className="canvas-uploads flow-overlay"><Uploads /></div>
            {isEmpty && !viewed && <div className="canvas-empty"><Empty icon="canvas" title={t.canvas.emptyTitle} hint={isEditable ? t.canvas.emptyHint : t.canvas.emptyLook}>{isEditable && <>
              {canStart(model) && <Button kind="primary" icon="takes" onClick={() => startWithShots(model)}>{t.canvas.starter.start}</Button>}
              <Button icon="add" onClick={addAnything}>{t.canvas.starter.add}</Button></>}</Empty></div>}
          </div>
          {panels.inspector && isWide && <aside className="panel panel-right" aria-label={t.canvas.toolbar.inspector}>{shown === "history" ? <CanvasToolsProvider value={tools}><HistoryPanel project={project} canvas={canvas} open={open} viewed={viewed?.commit ?? null} onView={view} onClose={() => { setShown(null); leaveViewed(); }} /></CanvasToolsProvider> : <><Inspector findings={generate.findings} /><RunList generate={generate} /></>}</aside>}
        </div>
        <AddPopup />
        <ContextMenu />
        <input ref={importInput} type="file" accept=".json,application/json" hidden onChange={(event) => { void bringIn(event.target.files?.[0]); event.target.value = ""; }} />
        {shown === "keys" && <KeysDialog onClose={() => setShown(null)} />}
        {shown === "new" && <NewCanvasDialog taken={(canvases.value ?? []).map((entry) => entry.name)} onClose={() => setShown(null)} onMake={(name) => go({ page: "canvas", project, canvas: name })} />}
        {shown === "delete" && <Confirm title={t.canvas.deleteAsk(canvas)} action={t.canvas.deleteCanvas} danger onClose={() => setShown(null)} onConfirm={() => void remove()} />}
        {missing && <MissingDialog result={missing} onClose={() => { setMissing(null); go({ page: "canvas", project, canvas: missing.canvas }); }} />}
        {generate.considered && <PlanDialog considered={generate.considered} model={model} busy={generate.busy !== null} onClose={() => generate.setConsidered(null)} onPublish={isEditable ? () => { makeTakes(model); void generate.consider(generate.considered?.wish ?? {}); } : null} onStart={() => void generate.start(generate.considered?.wish ?? {})} />}
        {save === "conflict" && saver.conflict && <ConflictDialog conflicts={saver.conflict.conflicts} nameOf={(conflict) => { const node = indexOf(model.editor.document).nodes.get(conflict.id); return node ? nameOf(model, node) : conflict.id; }}
          onDecide={(choices) => { const { conflict, version } = saver; if (conflict) void saver.resolve(decide(version?.document ?? { nodes: [], edges: [] }, model.editor.document, conflict.theirs.document, choices)); }} />}
      </div>
    </CanvasToolsProvider>
  );
}
