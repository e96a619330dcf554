import { memo, type KeyboardEvent, type PointerEvent } from "react";
import { useProgress } from "../api/progress";
import type { Job } from "../api/types";
import { isMovable, runSeconds } from "../core/jobs";
import { t } from "../strings";
import { Badge, Button, IconButton, Progress } from "../ui/controls";
import { ago, duration } from "../ui/format";
import { Icon } from "../ui/Icon";
import { MenuButton, type MenuItem } from "../ui/Menu";
import type { JobActions } from "./useJobActions";
import { nameOfJob, standing } from "./words";

/** What a row is given beside its job. */
export interface RowProps {
  job: Job; now: number; isOpen: boolean; isDragged: boolean; worker: string | null; showsProject: boolean; mayWork: boolean; canMove: boolean; actions: JobActions;
  onOpen: () => void; onCancel: () => void; onMove: (by: number | "first" | "last") => void; onDragStart: (event: PointerEvent<HTMLElement>) => void;
}

function Standing({ job, now }: { job: Job; now: number }) {
  const live = useProgress(job.state === "running" ? job.id : null);
  const value = live?.progress ?? job.progress, eta = live?.etaSeconds ?? job.etaSeconds;
  const { word, tone } = standing(job);
  if (job.state !== "running") {
    const took = runSeconds(job, now);
    return (
      <span className="job-standing">
        <span className="row job-standing-line"><Badge tone={tone}>{word}</Badge><span className="muted small clip">{job.state === "failed" ? job.failure?.message : isMovable(job) ? t.queue.since(duration(Math.max(0, Math.round((now - Date.parse(job.queuedAt ?? job.createdAt)) / 1000)))) : took === null ? "" : t.queue.ran(duration(took))}</span></span>
      </span>
    );
  }
  const stage = live?.message || live?.stage || job.message || job.stage || word;
  return (
    <span className="job-standing">
      <span className="job-standing-line row"><span className={`job-dot job-dot-${tone}`} aria-hidden="true" /><span className="clip grow">{job.cancelRequested ? word : stage}</span>
        <span className="tabular">{Math.round(value * 100)} %</span></span>
      <Progress value={value > 0 ? value : null} label={t.queue.progress(nameOfJob(job))} />
      <span className="muted small clip tabular">{duration(Math.round(runSeconds(job, now) ?? 0))}{eta !== undefined && eta > 0 ? ` · ${t.queue.left(duration(Math.round(eta)))}` : ""}</span>
    </span>
  );
}

/** One job of the list. */
export const JobRow = memo(function JobRow({ job, now, isOpen, isDragged, worker, showsProject, mayWork, canMove, actions, onOpen, onCancel, onMove, onDragStart }: RowProps) {
  const name = nameOfJob(job), movable = isMovable(job) && mayWork;
  const items = (): MenuItem[] => [
    ...(movable && canMove ? [{ label: t.queue.moveTop, icon: "up", run: () => onMove("first") }, { label: t.queue.moveEnd, icon: "down", run: () => onMove("last") }, null] as MenuItem[] : []),
    ...(movable ? [{ label: t.queue.sooner, icon: "up", disabled: job.priority >= 9, run: () => void actions.priority(job, job.priority + 1) }, { label: t.queue.later2, icon: "down", disabled: job.priority <= 0, run: () => void actions.priority(job, job.priority - 1) }, null] as MenuItem[] : []),
    ...(movable ? [job.held ? { label: t.queue.release, icon: "play", run: () => void actions.hold(job, false) } : { label: t.queue.hold, icon: "pause", run: () => void actions.hold(job, true) }] as MenuItem[] : []),
    ...(job.state === "failed" || job.state === "cancelled" ? [{ label: t.queue.retry, icon: "refresh", run: () => void actions.retry(job) }] as MenuItem[] : [{ label: t.queue.cancel, icon: "close", danger: true, disabled: job.cancelRequested, run: onCancel }] as MenuItem[]),
  ];
  const handleKey = (event: KeyboardEvent) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    event.stopPropagation();
    onMove(event.key === "ArrowUp" ? -1 : 1);
  };
  return (
    <div className={`job job-${job.state} ${isOpen ? "job-open" : ""} ${isDragged ? "job-dragged" : ""} ${job.held ? "job-held" : ""}`}>
      {movable && canMove
        ? <button type="button" className="job-handle" data-job={job.id} aria-label={t.queue.drag(name)} title={t.queue.dragHint} onPointerDown={onDragStart} onKeyDown={handleKey}><Icon name="drag" size={16} /></button>
        : <span className="job-handle" aria-hidden="true" />}
      <button type="button" className="job-main" data-main={job.id} aria-label={t.queue.open(name)} aria-pressed={isOpen} onClick={onOpen}>
        <strong className="clip">{job.shot ?? job.function}{job.shot && <span className="muted job-version"> {t.queue.version(job.version)}</span>}</strong>
        <span className="muted small clip">{job.shot ? job.function : t.queue.destinations[job.destination] ?? job.destination}{showsProject && ` · ${job.project}`}</span>
      </button>
      <Standing job={job} now={now} />
      <span className="job-worker small muted"><span className="clip">{job.worker && job.state === "running" ? worker ?? t.queue.unknownWorker : job.finishedAt ? ago(job.finishedAt, now) : ""}</span>
        {job.attempt > 0 && <span className="tabular" title={t.queue.attempt(job.attempt, job.maxAttempts)}>{t.queue.attempt(job.attempt, job.maxAttempts)}</span>}</span>
      <span className="job-priority">
        {movable ? (
          <span className="stepper" role="group" aria-label={t.queue.priorityOf(name, job.priority)}>
            <IconButton icon="down" label={`${t.queue.later2}: ${name}`} size={13} disabled={job.priority <= 0} onClick={() => void actions.priority(job, job.priority - 1)} />
            <span className="tabular">{job.priority}</span>
            <IconButton icon="up" label={`${t.queue.sooner}: ${name}`} size={13} disabled={job.priority >= 9} onClick={() => void actions.priority(job, job.priority + 1)} />
          </span>
        ) : null}
      </span>
      <span className="job-actions">
        {mayWork && job.awaitsApproval && <Button small kind="primary" onClick={() => void actions.approve(job)}>{t.queue.approve}</Button>}
        {mayWork && (job.state === "failed" || job.state === "cancelled") && <Button small icon="refresh" busy={actions.isBusy("retry", job)} aria-label={`${t.queue.retry}: ${name}`} onClick={() => void actions.retry(job)}>{t.queue.retry}</Button>}
        {mayWork && job.state !== "succeeded" && <MenuButton label={t.queue.actions(name)} items={items}><Icon name="more" /></MenuButton>}
      </span>
    </div>
  );
});
