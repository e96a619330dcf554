import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { jobActions, useJobs } from "../api/jobs";
import { path, request } from "../api/http";
import { useProjectEvents } from "../api/events";
import type { Job, Page, Project, Worker } from "../api/types";
import { readCatalogue } from "../api/functions";
import { useMay, useMe } from "../app/me";
import { compareJobs, isMovable, matchesJob, moveOf, statesOf, type JobTab } from "../core/jobs";
import { JobDetails } from "../queue/JobDetails";
import { JobRow } from "../queue/JobRow";
import { retryAll, useJobActions } from "../queue/useJobActions";
import { useReorder } from "../queue/useReorder";
import { nameOfJob } from "../queue/words";
import { t } from "../strings";
import { Button, Check } from "../ui/controls";
import { Confirm } from "../ui/Dialog";
import { onEscape } from "../ui/focusGrid";
import { Icon } from "../ui/Icon";
import { Empty, Failure, Rest, Skeleton } from "../ui/states";
import { announce, toastError } from "../ui/toasts";
import { useLoad } from "../ui/useLoad";
import { useNow } from "../ui/useNow";
import { useWidth } from "../ui/useWidth";
import { VirtualGrid } from "../ui/VirtualList";

const tabs: JobTab[] = ["active", "finished", "failed"];

/** The names of the workers, for those who may know them. */
function useWorkers(): Map<string, string> {
  const mayAsk = useMay("producer");
  const read = useLoad(mayAsk ? "workers" : null, async (signal) => (await request<Page<Worker>>("GET", "/api/v1/workers", { query: { limit: 200 }, signal })).value.items);
  return useMemo(() => new Map((read.value ?? []).map((worker) => [worker.id, worker.name])), [read.value]);
}

function ProjectPause({ name }: { name: string }) {
  const mayProduce = useMay("producer");
  const read = useLoad(name, async (signal) => (await request<Project>("GET", path`/api/v1/projects/${name}`, { signal })).value);
  const [busy, setBusy] = useState(false);
  useProjectEvents(name, (event) => { if (event.type === "project.changed") read.reload(); });
  const project = read.value;
  if (!project) return null;
  const toggle = async () => {
    setBusy(true);
    try { read.set((await request<Project>("POST", `${path`/api/v1/projects/${name}`}/${project.paused ? "resume" : "pause"}`)).value); } catch (error) { toastError(error); }
    setBusy(false);
  };
  return (
    <>
      {project.paused && <p className="queue-paused" role="status"><Icon name="pause" size={16} />{t.queue.pausedBanner}</p>}
      {mayProduce && !project.archived && <Button small icon={project.paused ? "play" : "pause"} busy={busy} onClick={() => void toggle()}>{project.paused ? t.queue.resumeProject : t.queue.pauseProject}</Button>}
    </>
  );
}

/** Whose jobs, and of which function. */
function Filters({ fn, isMine, onFunction, onMine }: { fn: string; isMine: boolean; onFunction: (fn: string) => void; onMine: (isMine: boolean) => void }) {
  const read = useLoad("functions", readCatalogue);
  const names = [...new Set([...(read.value?.keys() ?? []), ...(fn ? [fn] : [])])].sort();
  return (
    <>
      <select className="queue-filter" aria-label={t.queue.ofFunction} value={fn} onChange={(event) => onFunction(event.target.value)}><option value="">{t.queue.everyFunction}</option>{names.map((name) => <option key={name} value={name}>{name}</option>)}</select>
      <Check label={t.queue.mine} checked={isMine} onChange={onMine} />
    </>
  );
}

/** The jobs of a project, or of all. */
export default function QueuePage({ project }: { project: string | null }) {
  const [tab, setTab] = useState<JobTab>("active");
  const [search, setSearch] = useState("");
  const [open, setOpen] = useState<string | null>(null);
  const [asked, setAsked] = useState<Job | null>(null);
  const [isRetrying, setRetrying] = useState(false);
  const [fn, setFn] = useState("");
  const [isMine, setMine] = useState(false);
  const me = useMe();
  const feed = useJobs({ projects: project === null ? "all" : [project], states: statesOf[tab], fn: fn || null, user: isMine ? me?.user.id ?? null : null });
  const mayWork = useMay("artist");
  const actions = useJobActions(feed.put);
  const workers = useWorkers();
  const isWide = useWidth(900);
  const now = useNow(1000, tab === "active");
  const wanted = useDeferredValue(search.trim());
  const jobs = useMemo(() => [...feed.jobs.values()].filter((job) => matchesJob(job, wanted)).sort(compareJobs), [feed.jobs, wanted]);
  const waiting = useMemo(() => jobs.filter(isMovable), [jobs]);
  const running = jobs.length - waiting.length;
  const canMove = project !== null && tab === "active" && wanted === "";
  const rowHeight = isWide ? 62 : 104;
  const list = useRef<HTMLDivElement>(null);

  const move = useCallback(async (id: string, to: number) => {
    // The list goes on while somebody drags: it is the job that is moved, not the row.
    const from = waiting.findIndex((one) => one.id === id), job = waiting[from], change = moveOf(waiting, from, to);
    if (!job || !change) return;
    try {
      feed.put(await jobActions.change(job.id, change));
      announce(t.queue.moved(to + 1, waiting.length));
      // The row stands elsewhere now; who moved it by keyboard goes on there.
      requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-job="${job.id}"]`)?.focus());
    } catch (error) { toastError(error); }
  }, [waiting, feed.put]);
  const { dragged, start } = useReorder({
    box: () => list.current?.querySelector<HTMLElement>(".virtual") ?? null, rowHeight: rowHeight + 6, offset: running, count: waiting.length, onDrop: (id, to) => void move(id, to),
  });
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if ((event.key !== "ArrowDown" && event.key !== "ArrowUp") || !(event.target as HTMLElement).matches(".job-main")) return;
    event.preventDefault();
    const mains = [...(list.current?.querySelectorAll<HTMLElement>(".job-main") ?? [])].sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);
    mains[mains.indexOf(event.target as HTMLElement) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
  };
  const from = dragged === null ? -1 : waiting.findIndex((one) => one.id === dragged.id);
  const line = dragged === null || from < 0 || from === dragged.to ? null : (running + dragged.to + (dragged.to > from ? 1 : 0)) * (rowHeight + 6) - 4;
  const closeDetails = () => { list.current?.querySelector<HTMLElement>(`[data-main="${open}"]`)?.focus(); setOpen(null); };
  const isEmpty = feed.started && jobs.length === 0;
  // The search looks at what was read: where nothing of it fits, there may be more.
  useEffect(() => { if (isEmpty) feed.more(); }, [isEmpty, feed.jobs, feed.more]);

  return (
    <div className={`page page-fill queue ${open ? "queue-split" : ""}`}>
      <header className="page-head">
        <h1>{project === null ? t.queue.allTitle : t.queue.title}</h1>
        {tab === "active" && feed.started && <p className="muted tabular" role="status">{t.queue.summary(running, waiting.length, feed.hasMore)}</p>}
        <div className="page-tools">
          <div className="segments" role="group" aria-label={t.queue.tabsLabel}>{tabs.map((one) => <button key={one} type="button" aria-pressed={tab === one} onClick={() => setTab(one)}>{t.queue.tabs[one]}</button>)}</div>
          <label className="search"><Icon name="search" size={16} /><input type="search" aria-label={t.queue.search} placeholder={t.queue.search} value={search} onChange={(event) => setSearch(event.target.value)} /></label>
          {project === null && <Filters fn={fn} isMine={isMine} onFunction={setFn} onMine={setMine} />}
          {tab === "failed" && mayWork && jobs.length > 1 && <Button small icon="refresh" busy={isRetrying} onClick={() => { setRetrying(true); void retryAll(jobs).finally(() => setRetrying(false)); }}>{t.queue.retryAll(jobs.length)}</Button>}
          {project !== null && <ProjectPause name={project} />}
        </div>
      </header>
      <div className="queue-body" onKeyDown={open ? onEscape(closeDetails) : undefined}>
        <div className="queue-list" ref={list} onKeyDown={onKeyDown}>
          {feed.error !== null && feed.jobs.size === 0 ? <Failure error={feed.error} onRetry={feed.again} />
            : !feed.started || (isEmpty && feed.hasMore && feed.error === null) ? <Skeleton shape="line" />
            : isEmpty && feed.error !== null ? null : isEmpty ? (wanted || fn || isMine ? <Empty icon="search" title={t.queue.nothingFound} hint={t.queue.nothingFoundHint} /> : <Empty icon={tab === "failed" ? "check" : "queue"} title={t.queue.empty[tab]} hint={t.queue.emptyHint[tab]} />)
            : <VirtualGrid items={jobs} itemHeight={rowHeight} gap={6} overscan={6} label={t.queue.list} keyOf={(job) => job.id} onEnd={feed.more} className="queue-virtual"
                render={(job, index) => <JobRow job={job} now={now} isOpen={open === job.id} isDragged={dragged?.id === job.id} worker={job.worker ? workers.get(job.worker) ?? null : null}
                  showsProject={project === null} mayWork={mayWork} canMove={canMove} actions={actions} onOpen={() => setOpen(open === job.id ? null : job.id)} onCancel={() => setAsked(job)}
                  onMove={(by) => void move(job.id, by === "first" ? 0 : by === "last" ? waiting.length - 1 : index - running + by)} onDragStart={(event) => start(event, job.id, index - running)} />}
                overlay={line === null ? null : <div className="queue-line" style={{ transform: `translateY(${line}px)` }} />} />}
          {feed.jobs.size > 0 && <Rest error={feed.error} onRetry={feed.again} />}
        </div>
        {open && <JobDetails key={open} id={open} fresh={feed.jobs.get(open)} mayWork={mayWork} actions={actions} onCancel={setAsked} onClose={closeDetails} />}
      </div>
      {asked && <Confirm title={t.queue.cancelAsk(nameOfJob(asked))} action={t.queue.cancel} danger onClose={() => setAsked(null)} onConfirm={() => { const job = asked; setAsked(null); void actions.cancel(job); }}><p>{t.queue.cancelHint}</p></Confirm>}
    </div>
  );
}
