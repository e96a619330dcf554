import { useDeferredValue, useEffect, useRef, useState } from "react";
import { newKey, path, request } from "../api/http";
import { ApiError } from "../api/problems";
import type { Page, Project, Quality, Take } from "../api/types";
import { useMay } from "../app/me";
import { go, linkTo } from "../app/router";
import { titlesAre } from "../app/titles";
import { nameOf } from "../core/names";
import { t } from "../strings";
import { Badge, Button, Check, Field, SelectField, TextField } from "../ui/controls";
import { Dialog } from "../ui/Dialog";
import { ago } from "../ui/format";
import { Icon } from "../ui/Icon";
import { Picture } from "../ui/Media";
import { Empty, explain, Failure, Rest, Skeleton } from "../ui/states";
import { toast } from "../ui/toasts";
import { useLoad, usePaged } from "../ui/useLoad";

const nameRule = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

function NewProject({ onClose }: { onClose: () => void }) {
  const [title, setTitle] = useState("");
  const [ownName, setOwnName] = useState<string | null>(null);
  const [description, setDescription] = useState("");
  const [quality, setQuality] = useState<Quality>("standard");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [key] = useState(newKey);
  const name = ownName ?? nameOf(title);
  const isGood = nameRule.test(name);
  const create = async () => {
    if (!isGood || !title.trim()) return;
    setBusy(true);
    setError(null);
    try {
      const { value } = await request<Project>("POST", "/api/v1/projects", { body: { name, title: title.trim(), description, quality }, idempotencyKey: `${key}-${name}` });
      titlesAre([value]);
      toast(t.projects.made(value.title));
      onClose();
      go({ page: "canvas", project: value.name, canvas: "main_canvas" });
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const isTaken = error instanceof ApiError && error.code === "conflict";
  return (
    <Dialog title={t.projects.create} onClose={onClose} onSubmit={() => void create()} footer={
      <>
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button kind="primary" type="submit" busy={busy} disabled={!isGood || !title.trim()}>{t.projects.createAction}</Button>
      </>
    }>
      {error !== null && !isTaken && <p className="form-error" role="alert">{explain(error)}</p>}
      <TextField label={t.projects.titleField} value={title} maxLength={200} autoFocus required onChange={(event) => setTitle(event.target.value)} />
      <TextField label={t.projects.name} value={name} maxLength={63} spellCheck={false} hint={t.projects.nameHint}
        error={isTaken ? explain(error) : name && !isGood ? t.projects.nameBad : undefined} onChange={(event) => setOwnName(event.target.value)} />
      <Field label={t.projects.description} htmlFor="new-description"><textarea id="new-description" rows={3} maxLength={10000} value={description} onChange={(event) => setDescription(event.target.value)} /></Field>
      <SelectField label={t.projects.quality} value={quality} onChange={(event) => setQuality(event.target.value as Quality)}
        options={(["low", "standard", "high"] as const).map((value) => ({ value, label: t.projects.qualities[value] }))} />
    </Dialog>
  );
}

/** A project, with a picture of its newest take: read when the card comes into sight. */
function Card({ project }: { project: Project }) {
  const place = useRef<HTMLAnchorElement>(null);
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    if (!place.current) return;
    const observer = new IntersectionObserver(([entry]) => { if (entry?.isIntersecting) { setSeen(true); observer.disconnect(); } });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  const cover = useLoad(isSeen ? project.name : null, async (signal) => {
    const { value } = await request<Page<Take>>("GET", path`/api/v1/projects/${project.name}/takes`, { query: { limit: 1 }, signal });
    return value.items[0]?.links.thumbnail ?? null;
  });
  return (
    <a ref={place} className="project-card" href={linkTo({ page: "canvas", project: project.name, canvas: "main_canvas" })}>
      <span className="project-cover" aria-hidden="true">{cover.value ? <Picture address={cover.value} fallback="takes" /> : <span className="project-mark">{project.title.slice(0, 1).toUpperCase()}</span>}</span>
      <span className="project-words">
        <strong>{project.title}</strong>
        <span className="muted small">{project.name}</span>
        {project.description && <span className="project-description">{project.description}</span>}
        <span className="row small muted"><Icon name="clock" size={14} />{t.projects.created(ago(project.createdAt))}
          {project.archived && <Badge tone="warn">{t.projects.archived}</Badge>}{project.paused && <Badge tone="warn">{t.projects.paused}</Badge>}</span>
      </span>
    </a>
  );
}

/** All projects of the tenant. */
export default function ProjectsPage() {
  const [search, setSearch] = useState("");
  const [archived, setArchived] = useState(false);
  const [isMaking, setMaking] = useState(false);
  const wanted = useDeferredValue(search.trim());
  const list = usePaged<Project>("/api/v1/projects", { search: wanted, archived }, 60);
  const mayMake = useMay("producer");
  useEffect(() => titlesAre(list.items), [list.items]);
  return (
    <div className="page">
      <header className="page-head">
        <h1>{t.projects.title}</h1>
        <div className="page-tools">
          <label className="search"><Icon name="search" size={16} /><input type="search" aria-label={t.projects.search} placeholder={t.projects.search} value={search} onChange={(event) => setSearch(event.target.value)} /></label>
          <Check label={t.projects.showArchived} checked={archived} onChange={setArchived} />
          {mayMake && <Button kind="primary" icon="add" onClick={() => setMaking(true)}>{t.projects.create}</Button>}
        </div>
      </header>
      {list.error !== null && list.items.length === 0 ? <Failure error={list.error} onRetry={list.reload} />
        : !list.started ? <Skeleton />
        : list.items.length === 0 ? (wanted ? <Empty icon="search" title={t.projects.nothingFound} hint={t.projects.nothingFoundHint} />
          : <Empty icon="projects" title={t.projects.emptyTitle} hint={mayMake ? t.projects.emptyHint : t.projects.emptyViewer}>{mayMake && <Button kind="primary" icon="add" onClick={() => setMaking(true)}>{t.projects.create}</Button>}</Empty>)
        : <ul className="project-grid" aria-label={t.projects.title}>{list.items.map((project) => <li key={project.id}><Card project={project} /></li>)}</ul>}
      {list.items.length > 0 && <Rest error={list.error} onRetry={list.again} />}
      {list.hasMore && list.error === null && <div className="center"><Button busy={list.loading} onClick={list.more}>{t.common.loadMore}</Button></div>}
      {isMaking && <NewProject onClose={() => setMaking(false)} />}
    </div>
  );
}
