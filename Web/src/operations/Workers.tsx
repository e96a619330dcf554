import { useEffect, useState } from "react";
import { path, request } from "../api/http";
import type { Page, Worker } from "../api/types";
import { useMay } from "../app/me";
import { t } from "../strings";
import { Badge, Button, Check } from "../ui/controls";
import { Confirm } from "../ui/Dialog";
import { ago, dateTime } from "../ui/format";
import { Empty, Failure, Skeleton } from "../ui/states";
import { toast, toastError } from "../ui/toasts";
import { useLoad, type Loaded } from "../ui/useLoad";

/** A function that a worker is not given. */
interface Block { worker: string; workerName: string; function: string; failures: number; lastCode: string; blockedAt: string }

const tones = { serving: "good", draining: "warn", stopped: "quiet", lost: "bad" } as const;

/** The workers, read anew every few seconds. */
export function useWorkersLive(isNeeded: boolean): Loaded<Worker[]> {
  const read = useLoad(isNeeded ? "workers" : null, async (signal) => (await request<Page<Worker>>("GET", "/api/v1/workers", { query: { limit: 200 }, signal })).value.items);
  useEffect(() => {
    if (!isNeeded) return;
    const timer = setInterval(() => { if (!document.hidden) read.reload(); }, 5000);
    return () => clearInterval(timer);
  }, [isNeeded, read.reload]);
  return read;
}

function Blocks() {
  const read = useLoad("blocks", async (signal) => (await request<Page<Block>>("GET", "/api/v1/admin/worker-blocks", { query: { limit: 200 }, signal })).value.items);
  const [busy, setBusy] = useState<string | null>(null);
  const allow = async (block: Block) => {
    setBusy(`${block.worker} ${block.function}`);
    try {
      await request("DELETE", path`/api/v1/admin/worker-blocks/${block.worker}/${block.function}`);
      toast(t.operations.workers.allowed(block.function, block.workerName));
      read.reload();
    } catch (error) { toastError(error); }
    setBusy(null);
  };
  return (
    <section className="card"><h2>{t.operations.workers.blocks}</h2><p className="muted small">{t.operations.workers.blocksHint}</p>
      {read.error !== null && !read.value ? <Failure error={read.error} onRetry={read.reload} /> : read.value && read.value.length === 0 ? <p className="ops-none">{t.operations.workers.blocksEmpty}</p> : (
        <ul className="ops-lines">{(read.value ?? []).map((block) => (
          <li key={`${block.worker} ${block.function}`}><div className="grow"><strong>{block.function}</strong> <span className="muted">· {block.workerName}</span><p className="small muted">{t.operations.workers.failures(block.failures, block.lastCode)} · {ago(block.blockedAt)}</p></div>
            <Button small busy={busy === `${block.worker} ${block.function}`} aria-label={t.operations.workers.allowOf(block.function, block.workerName)} onClick={() => void allow(block)}>{t.operations.workers.allow}</Button></li>))}</ul>
      )}
    </section>
  );
}

/** Who runs what. */
export function Workers({ read }: { read: Loaded<Worker[]> }) {
  const [asked, setAsked] = useState<Worker | null>(null);
  const mayDrain = useMay("admin");
  const [busy, setBusy] = useState(false);
  const [showsGone, setShowsGone] = useState(false);
  const drain = async (worker: Worker) => {
    setBusy(true);
    try {
      await request("POST", path`/api/v1/workers/${worker.id}/drain`);
      toast(t.operations.workers.drained(worker.name));
      read.reload();
    } catch (error) { toastError(error); }
    setBusy(false);
    setAsked(null);
  };
  const words = t.operations.workers;
  const all = read.value ?? [];
  const here = all.filter((worker) => worker.state === "serving" || worker.state === "draining");
  const shown = showsGone || here.length === 0 ? all : here;
  return (
    <>
      {read.error !== null && !read.value ? <Failure error={read.error} onRetry={read.reload} /> : !read.value ? <Skeleton shape="line" count={3} /> : all.length === 0 ? <Empty icon="operations" title={mayDrain ? words.empty : words.none} hint={mayDrain ? words.emptyHint : words.noneHint} /> : (
        <section className="card ops-card">
          {all.length > here.length && here.length > 0 && <Check label={words.showGone} checked={showsGone} onChange={setShowsGone} />}
          <div className="ops-table" tabIndex={0} role="region" aria-label={t.operations.tabs.workers}><table>
            <thead><tr><th scope="col">{words.name}</th><th scope="col">{words.state}</th><th scope="col">{words.slots}</th><th scope="col">{words.runs}</th><th scope="col">{words.queues}</th><th scope="col">{words.seen}</th>{mayDrain && <th scope="col"><span className="unseen">{words.drain}</span></th>}</tr></thead>
            <tbody>{shown.map((worker) => (
              <tr key={worker.id}>
                <th scope="row"><strong>{worker.name}</strong><span className="muted small ops-sub">{[worker.hostname, worker.version, worker.pid].filter(Boolean).join(" · ")}</span></th>
                <td><Badge tone={tones[worker.state]}>{words.states[worker.state]}</Badge></td>
                <td className="tabular">{worker.running.length}/{worker.slots ?? "–"}</td>
                <td>{worker.running.length === 0 ? <span className="muted">{words.idle}</span> : <ul className="ops-jobs">{worker.running.map((one) => <li key={one.job}><code title={one.job}>{one.job.slice(-12)}</code></li>)}</ul>}</td>
                <td className="muted small">{worker.queues?.join(", ")}</td>
                <td className="muted small" title={dateTime(worker.seenAt)}>{ago(worker.seenAt)}</td>
                {mayDrain && <td>{worker.state === "serving" && <Button small aria-label={words.drainOf(worker.name)} onClick={() => setAsked(worker)}>{words.drain}</Button>}</td>}
              </tr>))}</tbody>
          </table></div>
        </section>
      )}
      {mayDrain && <Blocks />}
      {asked && <Confirm title={words.drainAsk(asked.name)} action={words.drain} danger busy={busy} onConfirm={() => void drain(asked)} onClose={() => setAsked(null)}><p>{words.drainHint}</p></Confirm>}
    </>
  );
}
