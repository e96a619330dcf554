import type { Job, JobState } from "../api/types";

/** The lists of the queue. */
export type JobTab = "active" | "finished" | "failed";

/** The states in each list. */
export const statesOf: Record<JobTab, JobState[]> = {
  active: ["running", "queued", "waiting"], finished: ["succeeded", "cancelled"], failed: ["failed"],
};

/** Whether a job has not started, so that its place and priority can change. */
export function isMovable(job: Pick<Job, "state">): boolean { return job.state === "queued" || job.state === "waiting"; }

/** Whether a job is over. */
export function isOver(state: JobState): boolean { return state === "succeeded" || state === "failed" || state === "cancelled"; }

function compareText(a: string, b: string): number { return a < b ? -1 : a > b ? 1 : 0; }

/** What runs first, oldest first; then what waits, as it will be started; then what is over, newest first. */
export function compareJobs(a: Job, b: Job): number {
  const rank = (job: Job) => (job.state === "running" ? 0 : isMovable(job) ? 1 : 2);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (rank(a) === 0) return compareText(a.startedAt ?? "", b.startedAt ?? "") || compareText(a.id, b.id);
  if (rank(a) === 1) return b.priority - a.priority || compareText(a.place, b.place) || compareText(a.id, b.id);
  return compareText(b.finishedAt ?? b.createdAt, a.finishedAt ?? a.createdAt) || compareText(b.id, a.id);
}

/** What is sent to move a job. */
export interface Move { priority?: number; before?: string; after?: string }

/**
 * How a job of a list gets from one place to another: priority goes before place, so that it takes its new neighbours'
 * where its own would lead it elsewhere. Null where nothing changes.
 */
export function moveOf(waiting: readonly Pick<Job, "id" | "priority">[], from: number, to: number): Move | null {
  const job = waiting[from];
  if (!job || from === to || to < 0 || to >= waiting.length) return null;
  const others = waiting.filter((_, index) => index !== from);
  const above = others[to - 1], below = others[to];
  let priority = job.priority;
  if (above) priority = Math.min(priority, above.priority);
  if (below) priority = Math.max(priority, below.priority);
  const move: Move = {};
  if (priority !== job.priority) move.priority = priority;
  if (below && below.priority === priority) move.before = below.id;
  else if (above && above.priority === priority) move.after = above.id;
  return move.priority === undefined && !move.before && !move.after ? null : move;
}

/** How long a job ran, or has been running. */
export function runSeconds(job: Job, now: number): number | null {
  if (!job.startedAt) return null;
  return Math.max(0, ((job.finishedAt ? Date.parse(job.finishedAt) : now) - Date.parse(job.startedAt)) / 1000);
}

/** Whether a job has what somebody types: its shot, function, project or id. */
export function matchesJob(job: Job, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${job.shot ?? ""} ${job.function} ${job.project} ${job.id} ${job.failure?.code ?? ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
}
