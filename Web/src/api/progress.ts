import { useCallback, useRef, useSyncExternalStore } from "react";
import { events } from "./events";

/** How far a job is, as it was told last. */
export interface Progress { progress: number; stage: string; message: string; etaSeconds?: number; preview?: number; attempt: number; at: number }

const newest = new Map<string, Progress>();
const listeners = new Map<string, Set<() => void>>();
let touched = new Set<string>();
let isPlanned = false;

// Hundreds of reports a second may come; what is shown changes once for each frame and job at most.
events.listen((event) => {
  if (event.type === "job.state" && event.job && event.state !== "running") newest.delete(event.job);
  if (event.type !== "job.progress" || !event.job) return;
  newest.set(event.job, {
    progress: Number(event.progress), stage: String(event.stage ?? ""), message: String(event.message ?? ""),
    etaSeconds: event.etaSeconds as number | undefined, preview: event.preview as number | undefined,
    attempt: Number(event.attempt), at: Date.now(),
  });
  if (!listeners.has(event.job)) return;
  touched.add(event.job);
  if (isPlanned) return;
  isPlanned = true;
  requestAnimationFrame(() => {
    isPlanned = false;
    const jobs = touched;
    touched = new Set();
    for (const job of jobs) for (const listener of [...(listeners.get(job) ?? [])]) listener();
  });
});

/** Calls back when a job's progress is another. */
export function onProgress(job: string, listener: () => void): () => void {
  const known = listeners.get(job) ?? new Set();
  listeners.set(job, known);
  known.add(listener);
  return () => {
    known.delete(listener);
    if (known.size === 0) listeners.delete(job);
  };
}

/** The newest progress of a job, if any was told. */
export function progressOf(job: string): Progress | undefined { return newest.get(job); }

/** The progress of a job, live. */
export function useProgress(job: string | null): Progress | undefined {
  const key = useRef(job);
  key.current = job;
  const subscribe = useCallback((listener: () => void) => (job ? onProgress(job, listener) : () => undefined), [job]);
  return useSyncExternalStore(subscribe, () => (key.current ? newest.get(key.current) : undefined));
}
