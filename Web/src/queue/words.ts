import type { Job } from "../api/types";
import { t } from "../strings";
import { dateTime } from "../ui/format";

/** What a job is called in lists and for those who hear it. */
export function nameOfJob(job: Job): string { return job.shot ? t.queue.of(job.function, job.shot) : job.function; }

/** How a job stands: a word and its colour. */
export function standing(job: Job): { word: string; tone: "quiet" | "accent" | "good" | "warn" | "bad" } {
  if (job.cancelRequested && job.state === "running") return { word: t.queue.stopping, tone: "warn" };
  const word = t.queue.states[job.state];
  switch (job.state) {
    case "running": return { word, tone: "accent" };
    case "succeeded": return { word, tone: "good" };
    case "failed": return { word, tone: "bad" };
    case "cancelled": return { word, tone: "quiet" };
    case "queued": case "waiting":
      if (job.awaitsApproval) return { word: t.queue.awaits, tone: "warn" };
      if (job.held) return { word: t.queue.held, tone: "warn" };
      if (job.notBefore && Date.parse(job.notBefore) > Date.now()) return { word: t.queue.later(dateTime(job.notBefore)), tone: "quiet" };
      return { word, tone: "quiet" };
  }
}
