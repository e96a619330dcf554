import { useEffect, useMemo, useState } from "react";
import { listCanvases, saveCanvas } from "../api/canvases";
import { readCatalogue } from "../api/functions";
import { path, request } from "../api/http";
import { actOnRun, graphOfTake, readRun } from "../api/runs";
import type { Take } from "../api/types";
import { useMay } from "../app/me";
import { go, linkTo } from "../app/router";
import { Canvas } from "../canvas/Canvas";
import { CanvasToolsProvider, type CanvasTools } from "../canvas/context";
import { ContextMenu } from "../canvas/ContextMenu";
import { KeysDialog } from "../canvas/dialogs";
import { FindBar } from "../canvas/FindBar";
import { onKey, type KeyWishes } from "../canvas/keys";
import { ZoomButtons } from "../canvas/ZoomButtons";
import { Inspector } from "../canvas/Inspector";
import { CanvasModel } from "../canvas/model";
import { Editor } from "../core/editor";
import { readDocument } from "../core/flow";
import { byNode } from "../core/runs";
import { t } from "../strings";
import { Button, IconButton } from "../ui/controls";
import { Icon } from "../ui/Icon";
import { Failure, Skeleton } from "../ui/states";
import { toast, toastError } from "../ui/toasts";
import { useLoad } from "../ui/useLoad";
import { useWidth } from "../ui/useWidth";

/** The graph that made a take, as it was then. */
export default function GraphPage({ project, take }: { project: string; take: string }) {
  const read = useLoad(take, async (signal) => {
    const [graph, { value }, catalogue] = await Promise.all([graphOfTake(take), request<Take>("GET", path`/api/v1/takes/${take}`, { signal }), readCatalogue(signal)]);
    return { graph, take: value, catalogue, run: await readRun(graph.run, signal).catch(() => null) };
  });
  const mayWork = useMay("artist"), isWide = useWidth(1024);
  const [isFinding, setFinding] = useState(false), [isHelping, setHelping] = useState(false);
  const [busy, setBusy] = useState<"keep" | "repeat" | null>(null);
  const model = useMemo(() => {
    if (!read.value) return null;
    const made = new CanvasModel(new Editor(readDocument(read.value.graph.document)));
    made.setCatalogue(read.value.catalogue);
    if (read.value.run?.nodes) made.runs.set(byNode(read.value.run.nodes));
    return made;
  }, [read.value]);
  useEffect(() => {
    if (!model || !read.value) return;
    model.editor.select([read.value.graph.node]);
    setTimeout(() => model.fitTo(), 0);
  }, [model]);
  const tools = useMemo<CanvasTools | null>(() => model && { model, project, isEditable: false, mayRun: false, upload: () => undefined, run: () => undefined, another: () => undefined, openTake: (id) => go({ page: "takes", project, shot: null, take: id }) }, [model, project]);
  if (read.error !== null) return <div className="page"><Failure error={read.error} onRetry={read.reload} /></div>;
  if (!read.value || !tools || !model) return <div className="page"><Skeleton count={3} /></div>;
  const { take: one, graph } = read.value;
  const nothing = () => undefined;
  const keys: KeyWishes = { save: nothing, find: () => setFinding(true), run: nothing, arrange: nothing, add: nothing, help: () => setHelping(true), isEditable: () => false, cancel: () => model.giveUp() };
  const keep = async () => {
    setBusy("keep");
    try {
      const taken = new Set((await listCanvases(project)).map((entry) => entry.name));
      const stem = `${graph.canvas}-${one.shot}-take${one.number}`.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 56);
      let name = stem;
      for (let number = 2; taken.has(name); number += 1) name = `${stem}-${number}`;
      await saveCanvas(project, name, model.editor.document, null);
      toast(t.canvas.graph.kept(name));
      go({ page: "canvas", project, canvas: name });
    } catch (error) { toastError(error); }
    setBusy(null);
  };
  const repeat = async () => {
    setBusy("repeat");
    try { await actOnRun(graph.run, "repeat"); go({ page: "canvas", project, canvas: graph.canvas }); } catch (error) { toastError(error); }
    setBusy(null);
  };
  return (
    <CanvasToolsProvider value={tools}>
      <div className="workbench" onKeyDown={(event) => onKey(event.nativeEvent, model, keys)}>
        <header className="canvas-bar">
          <a className="row" href={linkTo({ page: "takes", project, shot: one.shot, take })}><Icon name="back" size={16} />{t.canvas.graph.back}</a>
          <h1 className="graph-title clip">{t.canvas.graph.title(t.takes.name(one.shot, one.version, one.number))}</h1><span className="muted small clip wide-only">{t.canvas.graph.hint}</span><span className="grow" />
          <IconButton icon="search" label={t.canvas.toolbar.find} onClick={() => setFinding(!isFinding)} /><ZoomButtons model={model} />
          <Button small icon="refresh" busy={busy === "repeat"} disabled={!mayWork} onClick={() => void repeat()}>{t.canvas.graph.repeat}</Button>
          <Button small kind="primary" icon="canvas" busy={busy === "keep"} disabled={!mayWork} onClick={() => void keep()}>{t.canvas.graph.keep}</Button>
        </header>
        <div className="workbench-row"><div className="canvas-place"><Canvas />{isFinding && <FindBar onClose={() => setFinding(false)} />}</div>{isWide && <aside className="panel panel-right" aria-label={t.canvas.toolbar.inspector}><Inspector findings={[]} /></aside>}</div>
        <ContextMenu />
        {isHelping && <KeysDialog onClose={() => setHelping(false)} />}
      </div>
    </CanvasToolsProvider>
  );
}
