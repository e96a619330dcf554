import { useState } from "react";
import { jobActions } from "../api/jobs";
import type { Job } from "../api/types";
import { t } from "../strings";
import { announce, toast, toastError } from "../ui/toasts";

/** What can be done with jobs, with words about how it went; `onChange` hears of a job as it is afterwards. */
export function useJobActions(onChange: (job: Job) => void) {
  const [busy, setBusy] = useState<string | null>(null);
  const run = async (job: Job, what: string, body: () => Promise<Job | void>, said?: (job: Job | void) => string) => {
    setBusy(`${what} ${job.id}`);
    try {
      const value = await body();
      if (value) onChange(value);
      if (said) toast(said(value));
    } catch (error) { toastError(error); }
    setBusy(null);
  };
  return {
    isBusy: (what: string, job: Job) => busy === `${what} ${job.id}`,
    cancel: (job: Job) => run(job, "cancel", () => jobActions.cancel(job.id), (value) => (value?.state === "running" ? t.queue.cancelAsked : t.queue.cancelled)),
    retry: (job: Job) => run(job, "retry", () => jobActions.retry(job), () => t.queue.retried),
    approve: (job: Job) => run(job, "approve", () => jobActions.approve(job.id), () => t.queue.approved),
    hold: (job: Job, hold: boolean) => run(job, "hold", () => jobActions.change(job.id, { hold })),
    priority: async (job: Job, priority: number) => {
      if (priority < 0 || priority > 9 || priority === job.priority) return;
      await run(job, "priority", () => jobActions.change(job.id, { priority }));
      announce(t.queue.priorityOf(job.shot ?? job.function, priority));
    },
  };
}

/** Tries several jobs again, a few at a time. */
export async function retryAll(jobs: readonly Job[]): Promise<void> {
  let done = 0, refused = 0, why: unknown = null;
  const left = [...jobs];
  await Promise.all(Array.from({ length: 4 }, async () => {
    for (let job = left.shift(); job; job = left.shift()) {
      try {
        await jobActions.retry(job);
        done += 1;
      } catch (error) {
        refused += 1;
        why ??= error;
      }
    }
  }));
  if (refused === 0) toast(t.queue.retriedAll(done));
  else toast(t.queue.retriedSome(done, refused, why instanceof Error ? why.message : String(why)), "bad");
}

/** The type of what `useJobActions` gives. */
export type JobActions = ReturnType<typeof useJobActions>;
