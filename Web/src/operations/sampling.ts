import { useEffect } from "react";
import { request, send } from "../api/http";
import { session } from "../api/session";
import type { Me, Page, Queue } from "../api/types";
import { may } from "../app/me";
import { historyOf, type HistoryPoint, type QueueHistory } from "../core/history";
import { metricBy, withSample, type Sample } from "../core/metrics";
import { Store } from "../core/store";
import { useStore } from "../ui/useStore";

/** What was measured in the last hour while the page Operations was open, and the queues as they are. */
export const measured = new Store<{ samples: readonly Sample[]; history: readonly HistoryPoint[]; queues: readonly Queue[]; error: unknown }>({ samples: [], history: [], queues: [], error: null });

const every = 5000, everyHistory = 20_000;
/** The tenant of those who run the studio. */
export const ownTenant = "studio";
let users = 0;
let timer: ReturnType<typeof setTimeout> | null = null;

/** The hour before, as the gateways keep it minute by minute. */
async function readHistory(): Promise<void> {
  const queues: QueueHistory[] = [];
  for (let cursor: string | null = "", page: Page<QueueHistory>; cursor !== null; cursor = page.nextCursor) {
    page = (await request<Page<QueueHistory>>("GET", "/api/v1/queues/history", { query: { limit: 200, cursor } })).value;
    queues.push(...page.items);
  }
  measured.update((before) => ({ ...before, history: historyOf(queues) }));
}

/** Whether somebody sees everybody's jobs. The metrics count those of all tenants: for others they tell too much. */
function seesAll(): boolean {
  const { me } = session.get() as { me?: Me | null };
  return me?.tenant.name === ownTenant && may(me, "admin");
}

/** Reads the queues, and the metrics, once. */
export async function measure(): Promise<void> {
  try {
    const { value } = await request<Page<Queue>>("GET", "/api/v1/queues", { query: { limit: 200 } });
    // The metrics may be kept from browsers by what stands before the gateway; queues are shown all the same.
    const text = !seesAll() ? "" : await send("GET", "/metrics", { headers: { accept: "text/plain" } }).then((response) => (response.ok ? response.text() : ""), () => "");
    const jobs = metricBy(text, "studio_jobs", "state");
    const sum = (of: (queue: Queue) => number) => value.items.reduce((all, queue) => all + of(queue), 0);
    const sample: Sample = {
      at: Date.now(), queued: sum((queue) => queue.queued), running: sum((queue) => queue.running), oldest: Math.max(0, ...value.items.map((queue) => queue.oldestAgeSeconds ?? 0)),
      succeeded: jobs.get("succeeded") ?? null, failed: jobs.get("failed") ?? null,
    };
    measured.update((before) => ({ ...before, samples: withSample(before.samples, sample), queues: value.items, error: null }));
  } catch (error) { measured.update((before) => ({ ...before, error })); }
}

/** Measures every few seconds while the component is there; what was measured stays while the page lives. */
export function useMeasured() {
  useEffect(() => {
    let isHere = true;
    users += 1;
    const turn = () => {
      timer = null;
      void measure().finally(() => { if (users > 0 && isHere && timer === null) timer = setTimeout(turn, every); });
    };
    if (users === 1) turn();
    // Also while one looks: what ended in a minute is counted there, for those who see no metrics.
    const read = () => { if (!document.hidden) void readHistory().catch(() => undefined); };
    read();
    const reading = setInterval(read, everyHistory);
    return () => {
      isHere = false;
      clearInterval(reading);
      users -= 1;
      if (timer) clearTimeout(timer);
      timer = null;
    };
  }, []);
  return useStore(measured);
}
