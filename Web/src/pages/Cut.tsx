import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { path, filePath, request } from "../api/http";
import { download, isSaving } from "../api/media";
import { useProjectEvents } from "../api/events";
import { useTakes } from "../api/takes";
import type { FolderEntry, Page } from "../api/types";
import { useMay, useMe } from "../app/me";
import { go } from "../app/router";
import { changed, dissolveOf, moved, split, totalOf, type CutClip } from "../core/cut";
import { CutFileError } from "../core/cutFiles";
import type { TakeLine } from "../core/takes";
import { Bin } from "../cut/Bin";
import { ClipForm } from "../cut/ClipForm";
import { ExportDialog, Exports } from "../cut/Exports";
import { Monitor } from "../cut/Monitor";
import { Timeline } from "../cut/Timeline";
import { clipOf, matched, newClipKey, readCutFile, useCutDocument } from "../cut/useCutDocument";
import { useSequence } from "../cut/useSequence";
import { t } from "../strings";
import { nameOfTake } from "../takes/words";
import { Button, IconButton, TextField } from "../ui/controls";
import { Confirm, Dialog } from "../ui/Dialog";
import { timecode } from "../ui/format";
import { MenuButton, type MenuItem } from "../ui/Menu";
import { Empty, Failure, Skeleton } from "../ui/states";
import { announce, toast, toastError } from "../ui/toasts";
import { useLoad } from "../ui/useLoad";
import { useWidth } from "../ui/useWidth";

const folder = "04_Project_Files/EDLs";
const nameRule = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

function useCuts(project: string) {
  const read = useLoad(project, async (signal) => {
    const names = new Set<string>();
    const { value } = await request<Page<FolderEntry>>("GET", path`/api/v1/projects/${project}/folder`, { query: { path: folder, limit: 200 }, signal });
    for (const { name } of value.items) names.add(name);
    return names;
  });
  useProjectEvents(project, (event) => { if (event.type === "project.changed") read.reload(); });
  return { files: read.value ?? new Set<string>(), reload: read.reload };
}

/** Takes in their order, as a film. */
export default function CutPage({ project, cut }: { project: string; cut: string | null }) {
  const takes = useTakes(project, null);
  const { files, reload: reloadCuts } = useCuts(project);
  // Shots of a saved cut may be far down the list: all of it is read before one is opened.
  useEffect(() => { if (takes.started && takes.hasMore) takes.more(); }, [takes.started, takes.hasMore, takes.takes, takes.more]);
  const areRead = takes.started && !takes.hasMore;
  const document = useCutDocument(project, cut, takes.takes, areRead, useMe() !== null);
  const { clips, apply } = document;
  const rate = document.fileRate ?? clips[0]?.rate ?? 24;
  const [trimming, setTrimming] = useState<CutClip | null>(null);
  const shown = useMemo(() => (trimming ? clips.map((clip) => (clip.key === trimming.key ? trimming : clip)) : clips), [clips, trimming]);
  const films = useRef(new Map<string, HTMLVideoElement>());
  const { state, press, show, at, places } = useSequence(shown, rate, films);
  const [selected, setSelected] = useState<string | null>(null);
  const [zoom, setZoom] = useState(90);
  const [asked, setAsked] = useState<"save" | "replace" | "export" | "changed" | { leave: string | null } | { missing: string[]; notes: string[]; isOpened?: boolean } | null>(null);
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  const isWide = useWidth(1024);
  const isArtist = useMay("artist");
  const mayWork = isArtist && isWide && !document.loading;
  const picker = useRef<HTMLInputElement>(null);
  const place = places.find((one) => one.clip.key === selected) ?? null;
  useEffect(() => { if (document.left) setAsked({ ...document.left, isOpened: true }); }, [document.left]);
  useEffect(() => {
    if (!document.isDirty) return;
    const warn = (event: BeforeUnloadEvent) => { if (isSaving()) return; event.preventDefault(); event.returnValue = ""; };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [document.isDirty]);

  const add = (list: TakeLine[]) => {
    const made = list.map(clipOf);
    const index = place ? place.index + 1 : clips.length;
    apply((before) => [...before.slice(0, index), ...made, ...before.slice(index)]);
    setSelected(made[made.length - 1]?.key ?? null);
    announce(list.length === 1 && list[0] ? t.cut.added(nameOfTake(list[0])) : t.cut.addedMany(list.length));
  };
  const change = (clip: CutClip) => apply((before) => before.map((one) => (one.key === clip.key ? clip : one)));
  const move = (from: number, to: number) => {
    if (to < 0 || to >= clips.length || to === from) return;
    apply((before) => moved(before, from, to));
    announce(t.cut.movedTo(to + 1, clips.length));
  };
  const remove = (key: string) => {
    const gone = clips.findIndex((clip) => clip.key === key);
    apply((before) => before.filter((clip) => clip.key !== key));
    setSelected(clips[gone + 1]?.key ?? clips[gone - 1]?.key ?? null);
    announce(t.cut.removed(clips[gone]?.name ?? ""));
  };
  const save = async (as: string, replace: boolean, isDecided = false) => {
    setBusy(true);
    try {
      const written = await document.save(as, replace, isDecided);
      if (typeof written === "string") { setName(as); setAsked(written === "exists" ? "replace" : written); }
      else {
        setAsked(null);
        toast(t.cut.saved(written.files.map((file) => file.split("/").pop()).join(", ")));
        if (written.notes.length > 0) toast(t.cut.notes(written.notes.join(" ")), "info");
        reloadCuts();
        if (as !== cut) go({ page: "cut", project, cut: as }, "replace");
      }
    } catch (error) { toastError(error); }
    setBusy(false);
  };
  const saveNow = () => { if (cut !== null && !document.left) void save(cut, true); else { setName(""); setAsked("save"); } };
  const open = (other: string | null) => { if (document.isDirty) setAsked({ leave: other }); else go({ page: "cut", project, cut: other }); };
  const read = async (file: File) => {
    try {
      const found = readCutFile(file.name, await file.text(), rate);
      const { clips: made, missing, notes } = matched(found, takes.takes.values());
      if (made.length > 0) { apply(() => made); setSelected(null); toast(t.cut.imported(made.length)); }
      if (missing.length > 0 || notes.length > 0) setAsked({ missing, notes });
    } catch (error) { toast(error instanceof CutFileError ? t.cut.importFailed[error.message] ?? error.message : String(error), "bad"); }
  };
  const onKey = useCallback((event: KeyboardEvent): boolean => {
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && event.key.toLowerCase() === "s" && mayWork) { if (clips.length > 0) saveNow(); return true; }
    if (isCommand && event.key.toLowerCase() === "z" && mayWork) { if (event.shiftKey) document.redo(); else document.undo(); return true; }
    if (isCommand || event.altKey) return false;
    if (event.key === "d" && mayWork && place) {
      const dissolve = place.clip.dissolve > 0 ? 0 : dissolveOf(place.clip, clips[place.index - 1] ?? null);
      change(changed(place.clip, { dissolve }));
      announce(t.cut.dissolved(dissolve));
      return true;
    }
    if (event.key === "s" && mayWork) { const two = split(clips, state.frame, rate, newClipKey()); if (two) apply(() => two); return true; }
    return false;
  }, [clips, state.frame, rate, mayWork, document, cut, place]);
  const downloads = (): MenuItem[] => [
    { label: t.cut.downloadOtio, icon: "download", disabled: cut === null || document.isDirty, run: () => fetchFile("otio") },
    { label: t.cut.downloadEdl, icon: "download", disabled: cut === null || document.isDirty || !files.has(`${cut}.edl`), run: () => fetchFile("edl") },
    ...(cut === null || document.isDirty ? [{ label: t.cut.saveFirst, disabled: true, icon: "info", run: () => undefined }] as MenuItem[] : !files.has(`${cut}.edl`) ? [{ label: t.cut.noEdl, disabled: true, icon: "info", run: () => undefined }] as MenuItem[] : []),
  ];
  const fetchFile = (extension: string) => { void download(`${path`/api/v1/projects/${project}/files/`}${filePath(`${folder}/${cut}.${extension}`)}`, `${cut}.${extension}`).catch(toastError); };
  // Also those that somebody put there from elsewhere.
  const cuts = [...new Set([...files].flatMap((file) => /^(.+)\.(?:otio|edl)$/i.exec(file)?.[1] ?? []))];

  return (
    <div className="cut">
      <header className="cut-head">
        <h1>{t.cut.title}</h1>
        <select aria-label={t.cut.choose} value={cut ?? ""} onChange={(event) => open(event.target.value || null)}><option value="">{t.cut.newCut}</option>{cut !== null && !cuts.includes(cut) && <option value={cut}>{cut}</option>}{cuts.map((one) => <option key={one} value={one}>{one}</option>)}</select>
        <span className="muted small" role="status">{clips.length > 0 ? (document.isDirty ? t.cut.unsaved : t.cut.allSaved) : ""}</span>
        <span className="grow" />
        {mayWork && <><IconButton icon="undo" label={t.cut.undo} disabled={!document.canUndo} onClick={document.undo} /><IconButton icon="redo" label={t.cut.redo} disabled={!document.canRedo} onClick={document.redo} /></>}
        {mayWork && <Button small icon="upload" onClick={() => picker.current?.click()}>{t.cut.import}</Button>}
        <input ref={picker} type="file" accept=".otio,.edl" hidden aria-label={t.cut.import} onChange={(event) => { const file = event.target.files?.[0]; event.target.value = ""; if (file) void read(file); }} />
        <MenuButton label={t.cut.downloads} items={downloads} className="button button-small">{t.cut.downloads}</MenuButton>
        {mayWork && <><Button small busy={busy} disabled={clips.length === 0 || (!document.isDirty && cut !== null && !document.left)} onClick={saveNow}>{t.cut.save}</Button><Button small kind="primary" icon="output" disabled={clips.length === 0} onClick={() => setAsked("export")}>{t.cut.export}</Button></>}
      </header>
      {!isWide && <p className="cut-note muted small">{t.cut.smallScreen}</p>}
      {isWide && !isArtist && <p className="cut-note muted small">{t.cut.readOnly}</p>}
      {document.error !== null ? <div className="page"><Failure error={document.error} onRetry={document.reload} /></div> : takes.error !== null && (!takes.started || document.loading) ? <div className="page"><Failure error={takes.error} onRetry={takes.again} /></div> : (
        <div className={`cut-body ${mayWork ? "" : "cut-looking"}`}>
          {mayWork && <Bin project={project} takes={takes.takes} onAdd={(take) => add([take])} onAddAll={add} onEnd={takes.more} />}
          {document.loading ? <div className="cut-loading"><Skeleton count={1} /></div> : <Monitor project={project} places={places} at={at} state={state} rate={rate} films={films} press={press} onReady={() => show(state.frame)} onKey={onKey} />}
          <div className="cut-side" tabIndex={0} role="region" aria-label={t.cut.details}>
            {place && <ClipForm key={place.clip.key} project={project} place={place} before={shown[place.index - 1] ?? null} count={clips.length} rate={rate} mayWork={mayWork} takes={takes.takes} onChange={change} onMove={(to) => move(place.index, to)} onRemove={() => remove(place.clip.key)} />}
            <Exports project={project} names={names} mayWork={isArtist} />
          </div>
          <section className="cut-timeline" aria-label={t.cut.timeline}>
            <div className="cut-timeline-bar row small"><span className="tabular">{t.cut.length} {timecode(totalOf(shown, rate) / rate, rate)}</span><span className="muted cut-keys">{mayWork ? t.cut.keys : ""}</span><span className="grow" />
              <input type="range" min={10} max={400} step={5} value={zoom} aria-label={t.cut.zoom} onChange={(event) => setZoom(Number(event.target.value))} /></div>
            {clips.length === 0 && !document.loading ? <Empty icon="cut" title={t.cut.emptyTitle} hint={t.cut.emptyHint} />
              : <Timeline places={places} rate={rate} frame={state.frame} total={totalOf(shown, rate)} zoom={zoom} selected={selected} mayWork={mayWork} onSelect={setSelected} onTrim={change} onTrimming={setTrimming} onMove={move} onRemove={remove} press={press} />}
          </section>
        </div>
      )}
      {asked === "save" && <Dialog title={t.cut.save} onClose={() => setAsked(null)} onSubmit={() => { if (nameRule.test(name)) void save(name, false); }} footer={<><Button onClick={() => setAsked(null)}>{t.common.cancel}</Button><Button kind="primary" type="submit" busy={busy} disabled={!nameRule.test(name)}>{t.cut.save}</Button></>}>
        <TextField label={t.cut.name} hint={t.cut.nameHint} value={name} autoFocus spellCheck={false} error={name && !nameRule.test(name) ? t.cut.nameBad : undefined} onChange={(event) => setName(event.target.value)} /></Dialog>}
      {asked === "replace" && <Confirm title={t.cut.replaceTitle(name)} action={t.cut.replace} busy={busy} onConfirm={() => void save(name, true)} onClose={() => setAsked(null)}><p>{t.cut.replaceHint}</p></Confirm>}
      {asked === "changed" && <Confirm title={t.cut.replaceTitle(name)} action={t.cut.replace} busy={busy} onConfirm={() => void save(name, true, true)} onClose={() => setAsked(null)}><p>{t.cut.changedHint}</p></Confirm>}
      {asked === "export" && <ExportDialog project={project} name={cut ?? "film"} clips={clips} onClose={() => setAsked(null)} onStarted={(job, film) => setNames((before) => new Map([...before, [job, film]]))} />}
      {asked !== null && typeof asked === "object" && "leave" in asked && <Confirm title={t.cut.leaveTitle} action={t.cut.leave} danger onConfirm={() => { const to = asked.leave; setAsked(null); document.drop(); go({ page: "cut", project, cut: to }); }} onClose={() => setAsked(null)}><p>{t.cut.leaveHint}</p></Confirm>}
      {asked !== null && typeof asked === "object" && "missing" in asked && <Dialog title={t.cut.importTitle} onClose={() => setAsked(null)} footer={<Button kind="primary" onClick={() => setAsked(null)}>{t.common.close}</Button>}>
        {asked.missing.length > 0 && <><p>{t.cut.missing}</p><ul className="cut-missing">{asked.missing.slice(0, 100).map((one) => <li key={one}><code>{one}</code></li>)}</ul></>}
        {asked.notes.length > 0 && <ul>{asked.notes.map((note) => <li key={note}>{t.cut.importNotes[note] ?? note}</li>)}</ul>}
        {asked.isOpened && <p>{t.cut.openedHint}</p>}</Dialog>}
    </div>
  );
}
