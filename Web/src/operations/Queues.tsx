import { useState } from "react";
import { path, request } from "../api/http";
import type { Queue } from "../api/types";
import { useMay } from "../app/me";
import { t } from "../strings";
import { Badge, Button } from "../ui/controls";
import { duration } from "../ui/format";
import { Empty, Failure, Skeleton } from "../ui/states";
import { toast, toastError } from "../ui/toasts";
import { measure, useMeasured } from "./sampling";

/** What waits where; operators pause it. */
export function Queues() {
  const { queues, samples, error } = useMeasured();
  const [busy, setBusy] = useState<string | null>(null);
  const mayPause = useMay("admin");
  const words = t.operations.queues;
  const toggle = async (queue: Queue) => {
    setBusy(queue.name);
    try {
      await request("POST", `${path`/api/v1/queues/${queue.name}`}/${queue.paused ? "resume" : "pause"}`);
      toast(queue.paused ? words.resumedSaid(queue.name) : words.pausedSaid(queue.name));
      await measure();
    } catch (problem) { toastError(problem); }
    setBusy(null);
  };
  if (samples.length === 0) return error !== null ? <Failure error={error} onRetry={() => void measure()} /> : <Skeleton shape="line" count={3} />;
  if (queues.length === 0) return <Empty icon="queue" title={words.empty} hint={words.emptyHint} />;
  return (
    <section className="card ops-card">
      <div className="ops-table" tabIndex={0} role="region" aria-label={t.operations.tabs.queues}><table>
        <thead><tr><th scope="col">{words.name}</th><th scope="col">{words.state}</th><th scope="col">{words.queued}</th><th scope="col">{words.running}</th><th scope="col">{words.oldest}</th><th scope="col">{words.runway}</th>{mayPause && <th scope="col"><span className="unseen">{words.pause}</span></th>}</tr></thead>
        <tbody>{queues.map((queue) => (
          <tr key={queue.name}>
            <th scope="row"><strong>{queue.name}</strong>{queue.denied && <span className="small ops-sub ops-bad">{words.deniedHint}</span>}</th>
            <td>{queue.denied ? <Badge tone="bad">{words.denied}</Badge> : queue.paused ? <Badge tone="warn">{words.paused}</Badge> : <Badge tone="good">{words.open}</Badge>}</td>
            <td className="tabular">{queue.queued}</td><td className="tabular">{queue.running}</td>
            <td className="tabular">{queue.oldestAgeSeconds !== undefined ? duration(Math.round(queue.oldestAgeSeconds)) : "–"}</td><td className="tabular muted">{queue.onRunway ?? "–"}</td>
            {mayPause && <td><Button small icon={queue.paused ? "play" : "pause"} busy={busy === queue.name} aria-label={queue.paused ? words.resumeOf(queue.name) : words.pauseOf(queue.name)} onClick={() => void toggle(queue)}>{queue.paused ? words.resume : words.pause}</Button></td>}
          </tr>))}</tbody>
      </table></div>
    </section>
  );
}
