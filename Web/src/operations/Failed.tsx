import { useState } from "react";
import { jobActions } from "../api/jobs";
import { path, request } from "../api/http";
import type { Job, Page } from "../api/types";
import { linkTo } from "../app/router";
import { retryAll } from "../queue/useJobActions";
import { nameOfJob } from "../queue/words";
import { t } from "../strings";
import { Badge, Button } from "../ui/controls";
import { Confirm } from "../ui/Dialog";
import { ago, bytes, dateTime } from "../ui/format";
import { Empty, Failure, Rest, Skeleton } from "../ui/states";
import { toast, toastError } from "../ui/toasts";
import { useLoad, usePaged } from "../ui/useLoad";

/** The tenant's jobs that failed for good. */
export function FailedJobs() {
  const [code, setCode] = useState("");
  const all = useLoad("codes", async (signal) => (await request<Page<Job>>("GET", "/api/v1/admin/dead-jobs", { query: { limit: 200 }, signal })).value.items);
  const list = usePaged<Job>("/api/v1/admin/dead-jobs", { code }, 50);
  const [busy, setBusy] = useState<string | null>(null);
  const words = t.operations.failed;
  const codes = [...new Set((all.value ?? []).map((job) => job.failure?.code ?? ""))].filter(Boolean).sort();
  const retry = async (job: Job) => {
    setBusy(job.id);
    try {
      await jobActions.retry(job);
      toast(t.queue.retried);
      list.change((jobs) => jobs.filter((one) => one.id !== job.id));
    } catch (error) { toastError(error); }
    setBusy(null);
  };
  const retryShown = async () => {
    setBusy("all");
    await retryAll(list.items);
    list.reload();
    setBusy(null);
  };
  return (
    <section className="card ops-card">
      <div className="row ops-head"><select className="ops-role" aria-label={words.code} value={code} onChange={(event) => setCode(event.target.value)}><option value="">{words.anyCode}</option>{[...new Set([...codes, ...(code ? [code] : [])])].map((one) => <option key={one} value={one}>{one}</option>)}</select><span className="grow" />
        {list.items.length > 1 && <Button small icon="refresh" busy={busy === "all"} onClick={() => void retryShown()}>{words.retryAll(list.items.length)}</Button>}</div>
      {list.error !== null && list.items.length === 0 ? <Failure error={list.error} onRetry={list.again} /> : !list.started ? <Skeleton shape="line" count={4} /> : list.items.length === 0 ? <Empty icon="check" title={words.empty} hint={words.emptyHint} /> : (
        <ul className="ops-lines">{list.items.map((job) => (
          <li key={job.id}>
            <div className="grow">
              <div className="row"><strong>{nameOfJob(job)}</strong><a className="small" href={linkTo({ page: "queue", project: job.project })}>{job.project}</a><Badge tone="bad">{job.failure?.code}</Badge><span className="muted small" title={dateTime(job.finishedAt)}>{ago(job.finishedAt)}</span></div>
              <p className="small">{job.failure?.message}</p>
              {(job.attempts?.length ?? 0) > 0 && <details className="small"><summary aria-label={words.show(nameOfJob(job))}>{words.attempts(job.attempts?.length ?? 0)}</summary>
                <ol className="job-attempts">{job.attempts?.map((one) => <li key={one.attempt}><span className="tabular">{one.attempt}</span><div><span>{one.workerName} · {dateTime(one.startedAt)}</span>{one.failure && <span className="job-cause">{one.failure.code}: {one.failure.message}</span>}{one.failure?.logTail && <pre className="ops-tail" tabIndex={0} aria-label={words.log}>{one.failure.logTail}</pre>}</div></li>)}</ol></details>}
            </div>
            <Button small icon="refresh" busy={busy === job.id} aria-label={words.retryOf(nameOfJob(job))} onClick={() => void retry(job)}>{words.retry}</Button>
          </li>))}</ul>
      )}
      {list.items.length > 0 && <Rest error={list.error} onRetry={list.again} />}
      {list.hasMore && list.error === null && <div className="center"><Button busy={list.loading} onClick={list.more}>{t.common.loadMore}</Button></div>}
    </section>
  );
}

/** What came over the queues and could not be read. */
interface DeadMessage { id: string; reason: string; bytes: number; task: string | null; taskId: string | null; queue: string | null; text: string }

/** Messages that nobody could read. */
export function DeadMessages() {
  const list = usePaged<DeadMessage>("/api/v1/admin/dead-messages", {}, 50);
  const [asked, setAsked] = useState<DeadMessage | null>(null);
  const words = t.operations.messages;
  const act = async (message: DeadMessage, forget: boolean) => {
    try {
      if (forget) await request("DELETE", path`/api/v1/admin/dead-messages/${message.id}`);
      else await request("POST", path`/api/v1/admin/dead-messages/${message.id}/requeue`);
      toast(forget ? words.forgotten : words.requeued);
      list.change((all) => all.filter((one) => one.id !== message.id));
    } catch (error) { toastError(error); }
    setAsked(null);
  };
  if (list.error !== null && list.items.length === 0) return <Failure error={list.error} onRetry={list.reload} />;
  if (!list.started) return <Skeleton shape="line" count={4} />;
  if (list.items.length === 0) return <Empty icon="check" title={words.empty} hint={words.emptyHint} />;
  return (
    <section className="card ops-card">
      <ul className="ops-lines">{list.items.map((message) => (
        <li key={message.id}><div className="grow"><div className="row"><strong>{message.task ?? words.unknown}</strong>{message.queue && <span className="muted small">{message.queue}</span>}<span className="muted small">{bytes(message.bytes)}</span></div><p className="small">{message.reason}</p><pre className="ops-tail" tabIndex={0} aria-label={message.reason}>{message.text}</pre></div>
          <div className="row"><Button small icon="undo" aria-label={words.requeueOf(message.id.slice(0, 8))} onClick={() => void act(message, false)}>{words.requeue}</Button><Button small kind="danger" aria-label={words.forgetOf(message.id.slice(0, 8))} onClick={() => setAsked(message)}>{words.forget}</Button></div></li>))}</ul>
      {list.items.length > 0 && <Rest error={list.error} onRetry={list.again} />}
      {list.hasMore && list.error === null && <div className="center"><Button busy={list.loading} onClick={list.more}>{t.common.loadMore}</Button></div>}
      {asked && <Confirm title={words.forgetAsk} action={words.forget} danger onConfirm={() => void act(asked, true)} onClose={() => setAsked(null)}><p>{words.forgetHint}</p></Confirm>}
    </section>
  );
}
