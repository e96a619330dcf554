import { useEffect, useState } from "react";
import { followLog } from "../api/log";
import { t } from "../strings";

/** The newest lines of a job's log, how many older ones were let go, and how following it goes. */
export interface JobLogText { lines: string[]; dropped: number; state: "reading" | "following" | "ended" | "failed"; error: unknown }

const most = 5000;
const nothing: JobLogText = { lines: [], dropped: 0, state: "reading", error: null };

/** Follows a job's log while the component is there. */
export function useJobLog(job: string): JobLogText {
  const [text, setText] = useState<JobLogText>(nothing);
  useEffect(() => {
    const stop = new AbortController();
    let fresh: string[] = [], attempt = 0;
    let planned: ReturnType<typeof setTimeout> | null = null;
    setText(nothing);
    // Logs come in bursts: what is shown changes a few times a second at most.
    const show = (change: Partial<JobLogText>) => {
      planned = null;
      const added = fresh;
      fresh = [];
      if (stop.signal.aborted) return;
      setText((before) => {
        const lines = added.length > 0 ? [...before.lines, ...added] : before.lines;
        const over = Math.max(0, lines.length - most);
        return { ...before, ...change, lines: over > 0 ? lines.slice(over) : lines, dropped: before.dropped + over };
      });
    };
    followLog(job, (part) => {
      if (attempt !== 0 && part.attempt !== attempt) fresh.push(t.queue.attemptHead(part.attempt));
      attempt = part.attempt;
      fresh.push(...part.lines);
      planned ??= setTimeout(() => show({ state: "following" }), 60);
    }, stop.signal, () => show({ state: "following" })).then(() => show({ state: "ended" }), (error: unknown) => show({ state: "failed", error }));
    return () => {
      stop.abort();
      if (planned) clearTimeout(planned);
    };
  }, [job]);
  return text;
}
