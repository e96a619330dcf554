import { writeJson } from "../core/json";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { path, request } from "../api/http";
import { events } from "../api/events";
import { useProgress } from "../api/progress";
import type { Job } from "../api/types";
import { linkTo } from "../app/router";
import { isMovable, isOver, runSeconds } from "../core/jobs";
import { t } from "../strings";
import { Badge, Button, IconButton, Progress } from "../ui/controls";
import { dateTime, duration } from "../ui/format";
import { Icon } from "../ui/Icon";
import { Picture } from "../ui/Media";
import { Failure, Skeleton } from "../ui/states";
import { useLoad } from "../ui/useLoad";
import { useNow } from "../ui/useNow";
import { JobLog } from "./JobLog";
import type { JobActions } from "./useJobActions";
import { nameOfJob, standing } from "./words";

/** A word and what belongs to it. */
export function Fact({ name, children }: { name: string; children: ReactNode }) { return <div><dt>{name}</dt><dd>{children}</dd></div>; }

/** A JSON value for people: a text as it is, everything else as JSON. */
export function plain(value: unknown): string { return typeof value === "string" ? value : writeJson(value); }

function LivePart({ job }: { job: Job }) {
  const live = useProgress(job.id);
  const now = useNow();
  const value = live?.progress ?? job.progress, eta = live?.etaSeconds ?? job.etaSeconds, preview = live?.preview ?? job.preview;
  return (
    <>
      {preview !== undefined && <div className="job-preview"><Picture address={`${path`/api/v1/jobs/${job.id}/preview`}?n=${preview}`} alt={t.queue.preview} /></div>}
      <div className="job-live"><Progress value={value > 0 ? value : null} label={t.queue.progress(nameOfJob(job))} />
        <div className="row small"><span className="grow clip">{live?.message || live?.stage || job.message || job.stage || t.queue.states.running}</span>
          <span className="tabular muted">{Math.round(value * 100)} % · {duration(Math.round(runSeconds(job, now) ?? 0))}{eta ? ` · ${t.queue.left(duration(Math.round(eta)))}` : ""}</span></div></div>
    </>
  );
}

function Attempts({ job }: { job: Job }) {
  if (!job.attempts || job.attempts.length === 0) return null;
  return (
    <section><h3>{t.queue.attempts}</h3>
      <ol className="job-attempts">{job.attempts.map((one) => (
        <li key={one.attempt}><span className="tabular">{one.attempt}</span>
          <div><span>{one.workerName} · {one.outcome ? t.queue.outcome[one.outcome] ?? one.outcome : t.queue.running}</span>
            <span className="muted small">{dateTime(one.startedAt)}{one.finishedAt && ` · ${duration((Date.parse(one.finishedAt) - Date.parse(one.startedAt)) / 1000)}`}</span>
            {one.failure && <span className="small job-cause">{one.failure.code}: {one.failure.message}</span>}</div></li>
      ))}</ol>
    </section>
  );
}

/** Everything about one job, live. */
export function JobDetails({ id, fresh, mayWork, actions, onCancel, onClose }: {
  id: string; fresh: Job | undefined; mayWork: boolean; actions: JobActions; onCancel: (job: Job) => void; onClose: () => void;
}) {
  const read = useLoad(id, async (signal) => (await request<Job>("GET", path`/api/v1/jobs/${id}`, { signal })).value);
  const [tries, setTries] = useState(0);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [id]);
  useEffect(() => events.listen((event) => {
    if (event.type !== "job.state" || event.job !== id) return;
    read.reload();
    if (event.state === "queued") setTries((value) => value + 1);
  }), [id, read.reload]);
  useEffect(() => read.reload(), [fresh?.priority, fresh?.held, fresh?.cancelRequested]);
  const job = read.value;
  const stands = job && standing(job);
  const took = job ? runSeconds(job, Date.now()) : null;
  return (
    <aside className="job-details" aria-label={t.queue.details}>
      <header>
        <div className="grow"><h2 ref={heading} tabIndex={-1}>{job ? job.shot ?? job.function : t.queue.details}</h2>{job && <p className="muted small">{job.function} {job.functionVersion}</p>}</div>
        {stands && <span role="status"><Badge tone={stands.tone}>{stands.word}</Badge></span>}
        <IconButton icon="close" label={t.queue.close} onClick={onClose} />
      </header>
      {read.error !== null && !job ? <Failure error={read.error} onRetry={read.reload} /> : !job ? <Skeleton shape="line" count={4} /> : (
        <div className="job-details-body">
          {job.state === "running" && <LivePart job={job} />}
          {job.failure && <div className="failure"><Icon name="warning" size={18} /><div><strong>{job.failure.code}</strong><p>{job.failure.message}</p></div></div>}
          {mayWork && (
            <div className="row">
              {(job.state === "failed" || job.state === "cancelled") && <Button small icon="refresh" kind="primary" busy={actions.isBusy("retry", job)} onClick={() => void actions.retry(job)}>{t.queue.retry}</Button>}
              {job.awaitsApproval && <Button small kind="primary" onClick={() => void actions.approve(job)}>{t.queue.approve}</Button>}
              {isMovable(job) && <Button small icon={job.held ? "play" : "pause"} busy={actions.isBusy("hold", job)} onClick={() => void actions.hold(job, !job.held)}>{job.held ? t.queue.release : t.queue.hold}</Button>}
              {!isOver(job.state) && <Button small kind="danger" disabled={job.cancelRequested} onClick={() => onCancel(job)}>{t.queue.cancel}</Button>}
            </div>
          )}
          {(job.takes.length > 0 || (job.files?.length ?? 0) > 0) && (
            <section><h3>{t.queue.results}</h3><ul className="job-results">
              {job.takes.map((take) => <li key={take}><a className="job-result" href={linkTo({ page: "takes", project: job.project, shot: job.shot ?? null, take })}><span className="job-thumb"><Picture address={path`/api/v1/takes/${take}/thumbnail`} fallback="takes" /></span>{t.queue.openTake}</a></li>)}
              {job.files?.map((file) => <li key={file.port} className="small clip"><Icon name="files" size={15} /> {file.fileName}</li>)}
            </ul></section>
          )}
          <dl className="facts">
            {job.attempts && job.attempts.length > 0 && <Fact name={t.queue.facts.worker}>{job.attempts[job.attempts.length - 1]?.workerName}</Fact>}
            <Fact name={t.queue.facts.attempt}>{t.queue.attemptShort(job.attempt, job.maxAttempts)}</Fact>
            <Fact name={t.queue.facts.priority}>{job.priority}</Fact>
            <Fact name={t.queue.facts.queue}>{job.queue}</Fact>
            <Fact name={t.queue.facts.quality}>{job.quality}</Fact>
            <Fact name={t.queue.facts.cost}>{t.queue.cost(job.credits, job.creditsHeld)}</Fact>
            <Fact name={t.queue.facts.created}>{dateTime(job.createdAt)}</Fact>
            {took !== null && isOver(job.state) && <Fact name={t.queue.facts.took}>{duration(took)}</Fact>}
            {job.dependsOn.length > 0 && <Fact name={t.queue.facts.dependsOn}>{t.queue.jobs(job.dependsOn.length)}</Fact>}
            <Fact name={t.queue.facts.id}><code className="job-id">{job.id}</code></Fact>
          </dl>
          {Object.keys(job.parameters).length > 0 && <section><h3>{t.queue.parameters}</h3><dl className="facts facts-long">{Object.entries(job.parameters).map(([name, value]) => <Fact key={name} name={name}>{plain(value)}</Fact>)}</dl></section>}
          {Object.keys(job.inputs).length > 0 && <section><h3>{t.queue.inputs}</h3><dl className="facts facts-long">{Object.entries(job.inputs).map(([name, value]) => <Fact key={name} name={name}>{[value].flat().join(", ")}</Fact>)}</dl></section>}
          <Attempts job={job} />
          <JobLog key={`${id} ${tries}`} job={id} />
        </div>
      )}
    </aside>
  );
}
