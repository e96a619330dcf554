import { useEffect, useMemo, useState } from "react";
import { useJobs, jobActions } from "../api/jobs";
import { newKey, path, request } from "../api/http";
import { download } from "../api/media";
import { ApiError } from "../api/problems";
import { useProgress } from "../api/progress";
import type { Job, JobFile, Quality } from "../api/types";
import { bodyOf, type CutClip } from "../core/cut";
import { compareJobs, isOver } from "../core/jobs";
import { t } from "../strings";
import { Button, Check, IconButton, Progress, SelectField, TextField } from "../ui/controls";
import { Dialog } from "../ui/Dialog";
import { ago, bytes } from "../ui/format";
import { Film } from "../ui/Media";
import { explain } from "../ui/states";
import { toast, toastError } from "../ui/toasts";
import { useLoad } from "../ui/useLoad";

const nameRule = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const targets = { h264: { container: "mp4", videoCodec: "h264" }, hevc: { container: "mp4", videoCodec: "hevc" }, prores: { container: "mov", videoCodec: "prores" }, av1: { container: "webm", videoCodec: "av1" } } as const;

/** Asking for a film of the cut. */
export function ExportDialog({ project, name: first, clips, onStarted, onClose }: { project: string; name: string; clips: readonly CutClip[]; onStarted: (job: string, name: string) => void; onClose: () => void }) {
  const [name, setName] = useState(first);
  const [codec, setCodec] = useState<keyof typeof targets>("h264");
  const [quality, setQuality] = useState<Quality>("standard");
  const [replace, setReplace] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [key] = useState(newKey);
  const isTaken = error instanceof ApiError && error.code === "export-exists";
  const start = async () => {
    setBusy(true);
    setError(null);
    try {
      const { value } = await request<{ id: string }>("POST", path`/api/v1/projects/${project}/exports`, { body: { name, cut: bodyOf(clips), replace, quality, target: targets[codec] }, idempotencyKey: `${key}-${name}-${codec}-${quality}-${replace}` });
      toast(t.cut.exportStarted);
      onStarted(value.id, name);
      onClose();
    } catch (problem) { setError(problem); setBusy(false); }
  };
  return (
    <Dialog title={t.cut.exportTitle} onClose={onClose} onSubmit={() => { if (nameRule.test(name)) void start(); }} footer={<><Button onClick={onClose}>{t.common.cancel}</Button><Button kind="primary" type="submit" icon="output" busy={busy} disabled={!nameRule.test(name)}>{t.cut.exportStart}</Button></>}>
      {error !== null && <p className="form-error" role="alert">{isTaken ? t.cut.exportExists : explain(error)}</p>}
      <TextField label={t.cut.exportName} hint={t.cut.exportNameHint} value={name} autoFocus spellCheck={false} error={name && !nameRule.test(name) ? t.cut.nameBad : undefined} onChange={(event) => setName(event.target.value)} />
      <SelectField label={t.cut.codec} value={codec} onChange={(event) => setCodec(event.target.value as keyof typeof targets)} options={Object.keys(targets).map((value) => ({ value, label: t.cut.codecs[value] ?? value }))} />
      <SelectField label={t.cut.quality} value={quality} onChange={(event) => setQuality(event.target.value as Quality)} options={(["low", "standard", "high"] as const).map((value) => ({ value, label: t.projects.qualities[value] }))} />
      <Check label={t.cut.replaceExport} checked={replace} onChange={setReplace} />
    </Dialog>
  );
}

/** The name of a film that a job makes. */
function nameOf(job: Job, names: ReadonlyMap<string, string>, file: JobFile | undefined): string { return file?.fileName ?? names.get(job.id) ?? t.cut.export; }

function Line({ job, names, mayWork, onPlay }: { job: Job; names: ReadonlyMap<string, string>; mayWork: boolean; onPlay: (address: string, name: string) => void }) {
  const live = useProgress(isOver(job.state) ? null : job.id);
  const whole = useLoad(job.state === "succeeded" ? job.id : null, async (signal) => (await request<Job>("GET", path`/api/v1/jobs/${job.id}`, { signal })).value);
  const file = whole.value?.files?.find((one) => one.primary) ?? whole.value?.files?.[0];
  const name = nameOf(job, names, file);
  const value = live?.progress ?? job.progress;
  return (
    <li className="film">
      <div className="row film-head"><strong className="clip grow">{name}</strong>
        {file && !file.removedAt && <><IconButton icon="play" label={t.cut.playOf(name)} onClick={() => onPlay(file.link, name)} /><IconButton icon="download" label={t.cut.downloadOf(name)} onClick={() => { void download(file.link, file.fileName).catch(toastError); }} /></>}
        {!isOver(job.state) && mayWork && <IconButton icon="close" label={t.cut.cancelExport(name)} onClick={() => { void jobActions.cancel(job.id).catch(toastError); }} />}</div>
      {isOver(job.state) ? <span className="muted small">{job.state === "failed" ? `${t.cut.exportFailed}: ${job.failure?.message ?? ""}` : job.state === "cancelled" ? t.queue.states.cancelled : [file ? bytes(file.sizeBytes) : "", ago(job.finishedAt)].filter(Boolean).join(" · ")}</span>
        : <><Progress value={value > 0 ? value : null} label={t.cut.progress(name)} /><span className="muted small tabular">{t.queue.states[job.state]}{job.state === "running" ? ` · ${Math.round(value * 100)} %` : ""}</span></>}
    </li>
  );
}

/** The films of the project: those that are being made, and the newest that were. */
export function Exports({ project, names, mayWork }: { project: string; names: ReadonlyMap<string, string>; mayWork: boolean }) {
  const projects = useMemo(() => [project], [project]);
  const feed = useJobs({ projects, states: everyState, fn: exportFunction });
  const [shown, setShown] = useState<{ address: string; name: string } | null>(null);
  const films = useMemo(() => [...feed.jobs.values()].filter((job) => job.destination === "export").sort(compareJobs).slice(0, 30), [feed.jobs]);
  const [finished, setFinished] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    // Those that one has asked for oneself are told of when they are ready.
    for (const job of films) if (job.state === "succeeded" && names.has(job.id) && !finished.has(job.id)) { setFinished((before) => new Set([...before, job.id])); toast(t.cut.exportDone(names.get(job.id) ?? "")); }
  }, [films, names]);
  return (
    <section className="films" aria-label={t.cut.exports}>
      <h2>{t.cut.exports}</h2>
      {films.length === 0 ? <p className="muted small">{t.cut.exportsEmpty}</p> : <ul>{films.map((job) => <Line key={job.id} job={job} names={names} mayWork={mayWork} onPlay={(address, name) => setShown({ address, name })} />)}</ul>}
      {shown && <Dialog title={shown.name} wide onClose={() => setShown(null)} footer={<Button icon="download" onClick={() => { void download(shown.address, shown.name).catch(toastError); }}>{t.common.download}</Button>}><Film className="film-player" address={shown.address} controls autoPlay aria-label={shown.name} /></Dialog>}
    </section>
  );
}

const everyState = ["running", "queued", "waiting", "succeeded", "failed", "cancelled"] as const;
const exportFunction = "conform";
