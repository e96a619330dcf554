import { useMemo } from "react";
import type { Worker } from "../api/types";
import { lineBefore, type HistoryPoint } from "../core/history";
import { ratePerMinute } from "../core/metrics";
import { t } from "../strings";
import { duration } from "../ui/format";
import { Failure, Skeleton } from "../ui/states";
import { Chart } from "./Chart";
import { measure, useMeasured } from "./sampling";

const whole = (value: number) => (value >= 10_000 ? `${Math.round(value / 1000)}k` : String(Math.round(value * 10) / 10));
const seconds = (value: number) => (value === 0 ? "0 s" : duration(Math.round(value)));

/** How the studio does: now, and while one looks. */
export function Overview({ workers }: { workers: readonly Worker[] }) {
  const { samples, history, error } = useMeasured();
  const last = samples[samples.length - 1], first = samples[0];
  const points = useMemo(() => {
    const first = samples[0]?.at ?? 0;
    const line = (of: (one: HistoryPoint | (typeof samples)[number]) => number | null) => [...lineBefore(history, first, of), ...samples.map((sample) => ({ at: sample.at, value: of(sample) ?? 0 }))];
    const rate = (of: (one: HistoryPoint | (typeof samples)[number]) => number | null) => {
      const measured = ratePerMinute(samples, of);
      // Who sees no metrics goes on with the gateway's minutes.
      return [...lineBefore(history, measured[0]?.at ?? Date.now(), of), ...measured];
    };
    return {
      depth: [{ name: t.operations.charts.queued, color: "var(--accent)", points: line((one) => one.queued) }, { name: t.operations.charts.running, color: "var(--good)", points: line((one) => one.running) }],
      age: [{ name: t.operations.charts.oldest, color: "var(--warn)", points: line((one) => one.oldest) }],
      rate: [{ name: t.operations.charts.succeeded, color: "var(--good)", points: rate((one) => one.succeeded) }, { name: t.operations.charts.failed, color: "var(--bad)", points: rate((one) => one.failed) }],
    };
  }, [samples, history]);
  if (!last) return error !== null ? <Failure error={error} onRetry={() => void measure()} /> : <Skeleton count={4} />;
  const serving = workers.filter((worker) => worker.state === "serving");
  const slots = serving.reduce((sum, worker) => sum + (worker.slots ?? 0), 0), busy = serving.reduce((sum, worker) => sum + worker.running.length, 0);
  const done = last.succeeded !== null && first?.succeeded != null ? Math.max(0, last.succeeded - first.succeeded) : null;
  const failed = last.failed !== null && first?.failed != null ? Math.max(0, last.failed - first.failed) : null;
  const { tiles, charts } = t.operations;
  return (
    <>
      {error !== null && <Failure error={error} onRetry={() => void measure()} />}
      <dl className="tiles">
        <div><dt>{tiles.running}</dt><dd className="tabular">{last.running}</dd></div>
        <div><dt>{tiles.queued}</dt><dd className="tabular">{last.queued}</dd></div>
        <div><dt>{tiles.oldest}</dt><dd className="tabular">{last.oldest > 0 ? duration(Math.round(last.oldest)) : tiles.none}</dd></div>
        <div><dt>{tiles.workers}</dt><dd className="tabular">{serving.length}<small>{slots > 0 ? tiles.slots(busy, slots) : ""}</small></dd></div>
        <div><dt>{tiles.done}</dt><dd className="tabular">{done ?? tiles.none}<small>{failed === null ? "" : `${tiles.failed(failed)}, `}{tiles.sinceOpen}</small></dd></div>
      </dl>
      {history.length > 0 && <p className="muted small charts-note">{charts.past}</p>}
      <div className="charts">
        <Chart title={charts.depth} hint={charts.depthHint} series={points.depth} format={whole} />
        <Chart title={charts.age} hint={charts.ageHint} series={points.age} format={seconds} />
        <Chart title={charts.throughput} hint={charts.throughputHint} series={points.rate} format={whole} />
      </div>
    </>
  );
}
