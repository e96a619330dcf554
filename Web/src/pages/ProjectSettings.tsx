import { useEffect, useState } from "react";
import { path, request } from "../api/http";
import { useProjectEvents } from "../api/events";
import { ApiError } from "../api/problems";
import type { Project, Quality } from "../api/types";
import { useMay } from "../app/me";
import { go } from "../app/router";
import { titlesAre } from "../app/titles";
import { t } from "../strings";
import { Badge, Button, Field, SelectField, TextField } from "../ui/controls";
import { Confirm } from "../ui/Dialog";
import { Failure, Skeleton } from "../ui/states";
import { toast, toastError } from "../ui/toasts";
import { useLoad } from "../ui/useLoad";

type Fields = Pick<Project, "title" | "description" | "quality">;

/** A project's settings. */
export default function ProjectSettings({ project: name }: { project: string }) {
  const mayProduce = useMay("producer");
  const read = useLoad(name, async (signal) => {
    const { value, etag } = await request<Project>("GET", path`/api/v1/projects/${name}`, { signal });
    return { project: value, etag };
  });
  // What was typed and is not saved, and what stood there before; it outlasts whatever others save.
  const [draft, setDraft] = useState<Partial<Fields> | null>(null);
  const [before, setBefore] = useState<Fields | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [isAsking, setAsking] = useState(false);
  useProjectEvents(name, (event) => { if (event.type === "project.changed" && draft === null) read.reload(); }, () => { if (draft === null) read.reload(); });
  const project = read.value?.project ?? null;
  useEffect(() => { if (project) titlesAre([project]); }, [project?.title]);
  if (read.error && !project) return <div className="page"><Failure error={read.error} onRetry={read.reload} /></div>;
  if (!project) return <div className="page"><Skeleton shape="line" /></div>;
  const shown: Fields = { title: project.title, description: project.description, quality: project.quality, ...draft };
  const change = (part: Partial<Fields>) => {
    if (draft === null) setBefore(project);
    setDraft({ ...draft, ...part });
  };
  const theirs = (field: keyof Fields, words: string) => draft?.[field] !== undefined && before !== null && project[field] !== before[field] && project[field] !== draft[field] ? t.projects.theirs(words) : undefined;
  const save = async () => {
    setBusy("save");
    try {
      const { value, etag } = await request<Project>("PATCH", path`/api/v1/projects/${name}`, {
        body: { ...draft, ...(draft?.title === undefined ? {} : { title: shown.title.trim() }) }, headers: { "if-match": read.value?.etag ?? "*" },
      });
      read.set({ project: value, etag });
      setDraft(null);
      toast(t.projects.saved);
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) {
        read.reload();
        toast(t.projects.changedElsewhere, "bad");
      } else toastError(error);
    }
    setBusy(null);
  };
  const act = async (action: "archive" | "restore" | "pause" | "resume") => {
    setBusy(action);
    try {
      const { value, etag } = await request<Project>("POST", `${path`/api/v1/projects/${name}`}/${action}`);
      read.set({ project: value, etag });
      if (action === "archive") go({ page: "projects" });
    } catch (error) { toastError(error); }
    setBusy(null);
    setAsking(false);
  };
  return (
    <div className="page page-narrow">
      <header className="page-head"><h1>{t.projects.settings}</h1>
        <div className="page-tools">{project.archived && <Badge tone="warn">{t.projects.archived}</Badge>}{project.paused && <Badge tone="warn">{t.projects.paused}</Badge>}</div></header>
      <form className="card form" onSubmit={(event) => { event.preventDefault(); void save(); }}>
        <TextField label={t.projects.titleField} value={shown.title} maxLength={200} required hint={theirs("title", project.title)} disabled={!mayProduce || project.archived} onChange={(event) => change({ title: event.target.value })} />
        <TextField label={t.projects.name} value={project.name} readOnly />
        <Field label={t.projects.description} htmlFor="description" hint={theirs("description", project.description)}><textarea id="description" aria-describedby={theirs("description", "") && "description-hint"} rows={5} maxLength={10000} disabled={!mayProduce || project.archived} value={shown.description} onChange={(event) => change({ description: event.target.value })} /></Field>
        <SelectField label={t.projects.quality} hint={theirs("quality", t.projects.qualities[project.quality])} value={shown.quality} disabled={!mayProduce || project.archived} onChange={(event) => change({ quality: event.target.value as Quality })}
          options={(["low", "standard", "high"] as const).map((value) => ({ value, label: t.projects.qualities[value] }))} />
        {mayProduce && !project.archived && <div className="row row-end"><Button kind="primary" type="submit" busy={busy === "save"} disabled={draft === null || !shown.title.trim()}>{t.common.save}</Button></div>}
      </form>
      {mayProduce && (
        <section className="card">
          <h2>{t.projects.work}</h2>
          <div className="setting"><p>{t.projects.pauseHint}</p>
            <Button busy={busy === "pause" || busy === "resume"} icon={project.paused ? "play" : "pause"} onClick={() => void act(project.paused ? "resume" : "pause")}>{project.paused ? t.projects.resume : t.projects.pause}</Button></div>
          <div className="setting"><p>{t.projects.archiveHint}</p>
            {project.archived ? <Button busy={busy === "restore"} onClick={() => void act("restore")}>{t.projects.restore}</Button>
              : <Button kind="danger" onClick={() => setAsking(true)}>{t.projects.archive}</Button>}</div>
        </section>
      )}
      {isAsking && <Confirm title={t.projects.archiveAsk(project.title)} action={t.projects.archive} danger busy={busy === "archive"} onConfirm={() => void act("archive")} onClose={() => setAsking(false)}><p>{t.projects.archiveHint}</p></Confirm>}
    </div>
  );
}
