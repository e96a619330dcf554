/** How a queue was in one minute, as the gateway keeps it. */
export interface QueueMinute { at: string; queued?: number; running?: number; oldestAgeSeconds?: number; succeeded: number; failed: number; cancelled: number }

/** A queue's last hour. */
export interface QueueHistory { name: string; minutes: readonly QueueMinute[] }

/** All queues in one minute. What waits and runs is not known of a minute in which no gateway looked. */
export interface HistoryPoint { at: number; queued: number | null; running: number | null; oldest: number | null; succeeded: number; failed: number }

/** The minutes of all queues together, by time; each stands at its end, where all of it is known. */
export function historyOf(queues: readonly QueueHistory[]): HistoryPoint[] {
  const points = new Map<number, HistoryPoint>();
  for (const { minutes } of queues) {
    for (const minute of minutes) {
      const at = Date.parse(minute.at) + 60_000;
      const point = points.get(at) ?? { at, queued: null, running: null, oldest: null, succeeded: 0, failed: 0 };
      points.set(at, point);
      point.succeeded += minute.succeeded;
      point.failed += minute.failed;
      if (minute.queued === undefined) continue;
      point.queued = (point.queued ?? 0) + minute.queued;
      point.running = (point.running ?? 0) + (minute.running ?? 0);
      point.oldest = Math.max(point.oldest ?? 0, minute.oldestAgeSeconds ?? 0);
    }
  }
  return [...points.values()].sort((a, b) => a.at - b.at);
}

/** One line of it: of the minutes that are over and came before the first measurement, where it is known. */
export function lineBefore(history: readonly HistoryPoint[], until: number, of: (point: HistoryPoint) => number | null): { at: number; value: number }[] {
  return history.flatMap((point) => { const value = of(point); return value === null || point.at > until ? [] : [{ at: point.at, value }]; });
}
