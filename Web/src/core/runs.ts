import { indexOf, type FlowDocument } from "./flow";
import type { JobFailure, JobState, RunState } from "../api/types";

/** One job of a run, as the gateway tells it. */
export interface RunNode {
  node: string; index?: number; state: JobState | "cached"; job?: string; cached?: boolean; credits?: number; function?: string;
  startedAt?: string; finishedAt?: string; failure?: JobFailure; take?: string; file?: RunFile | string; fileProject?: string; shared?: boolean;
}
/** A file that a job of a run made. */
export interface RunFile { path?: string; port?: string; link?: string; mediaType?: string; fileName?: string }
/** A run of a canvas. */
export interface Run {
  id: string; project: string; canvas: string; state: RunState; credits: number; createdAt: string; finishedAt?: string; targets?: string[];
  user?: string; nodes?: RunNode[];
}

/** How a node stands in the run that is shown. */
export interface NodeRun {
  state: JobState | "cached"; jobs: RunNode[]; done: number; total: number; failure?: JobFailure; result?: RunNode; credits: number;
}

const order: NodeRun["state"][] = ["failed", "running", "queued", "waiting", "cancelled", "succeeded", "cached"];
const finished = new Set<NodeRun["state"]>(["failed", "cancelled", "succeeded", "cached"]);

/** The kinds of nodes that a run makes something of. */
const made = new Set(["function", "output"]);

/** Which of the chosen nodes can be what a run is for; of a group, what lies in it. */
export function targetsOf(document: FlowDocument, chosen: Iterable<string>): string[] {
  const { nodes, children } = indexOf(document);
  const targets = new Set<string>();
  const take = (id: string) => {
    const node = nodes.get(id);
    if (node && made.has(node.type)) targets.add(id);
    for (const child of children.get(id) ?? []) take(child.id);
  };
  for (const id of chosen) take(id);
  return [...targets];
}

/** The jobs of a run by node: a node that was fanned out is one, as far as the furthest behind of its jobs. */
export function byNode(nodes: readonly RunNode[]): Map<string, NodeRun> {
  const result = new Map<string, NodeRun>();
  for (const one of nodes) {
    const known = result.get(one.node);
    const jobs = [...(known?.jobs ?? []), one];
    result.set(one.node, summary(jobs));
  }
  return result;
}

function summary(jobs: RunNode[]): NodeRun {
  const states = jobs.map(stateOf);
  const state = order.find((candidate) => states.includes(candidate)) ?? "waiting";
  return {
    state, jobs, done: states.filter((one) => finished.has(one)).length, total: jobs.length,
    failure: jobs.find((job) => job.failure)?.failure, credits: jobs.reduce((sum, job) => sum + (job.credits ?? 0), 0),
    result: [...jobs].reverse().find((job) => job.take !== undefined || job.file !== undefined),
  };
}

function stateOf(job: RunNode): NodeRun["state"] { return job.cached && job.state === "succeeded" ? "cached" : job.state; }

/** Whether a node was not tried at all, because something that it waits for failed. */
export function isSkipped(run: NodeRun): boolean { return run.state === "failed" && run.failure?.code === "dependency-failed"; }

/** The node at which a run went wrong: what only waited for it does not count. */
export function culpritOf(run: Run): string | null {
  return (run.nodes ?? []).find((one) => one.failure !== undefined && one.failure.code !== "dependency-failed")?.node ?? null;
}

/** How many takes a run made. */
export function takesOf(run: Run): number { return (run.nodes ?? []).filter((one) => one.take !== undefined && !one.cached).length; }

/** A run after one of its jobs changed; the same where the job is not its. */
export function withJobState(run: Run, event: { run?: string; node?: string; index?: number; job: string; state: JobState; failure?: JobFailure }): Run {
  if (event.run !== run.id || !run.nodes) return run;
  let isKnown = false;
  const nodes = run.nodes.map((one) => {
    const isIt = one.job === event.job || (one.job === undefined && one.node === event.node && one.index === event.index);
    if (!isIt) return one;
    isKnown = true;
    return { ...one, job: event.job, state: event.state, failure: event.failure ?? (event.state === "failed" ? one.failure : undefined) };
  });
  return isKnown ? { ...run, nodes } : run;
}

/** How far a run is, 0 to 1, by the number of its jobs. */
export function shareDone(run: Run): number {
  const nodes = run.nodes ?? [];
  return nodes.length === 0 ? (run.state === "running" ? 0 : 1) : nodes.filter((one) => finished.has(stateOf(one))).length / nodes.length;
}

/** Whether nothing of a run happens any more. */
export function isOver(run: Run): boolean { return run.state !== "running"; }
