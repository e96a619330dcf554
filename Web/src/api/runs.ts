import { savedForm, type FlowDocument } from "../core/flow";
import type { Run, RunNode } from "../core/runs";
import { canvasAddress } from "./canvases";
import { newKey, path, request } from "./http";
import type { Finding } from "./problems";
import type { Page, RunState } from "./types";

/** What somebody wants made. */
export interface RunWish { targets?: string[]; from?: string; document?: FlowDocument }

/** What a run makes, and what is there already. */
export interface RunPlan {
  id?: string; canvas?: string; state?: RunState; credits: number; createdAt?: string; jobs: RunNode[]; cached: RunNode[]; waiting: RunNode[]; findings?: Finding[];
}

interface PlanBody { id?: string; canvas?: string; state?: RunState; credits?: number; createdAt?: string; jobs?: RunNode[]; cached?: RunNode[]; waiting?: RunNode[]; findings?: Finding[] }

function body({ targets, from, document }: RunWish): object {
  return { ...(targets ? { targets } : {}), ...(from ? { from } : {}), ...(document ? { document: savedForm(document) } : {}) };
}

function plan(value: PlanBody): RunPlan {
  return { ...value, credits: value.credits ?? 0, jobs: value.jobs ?? [], cached: value.cached ?? [], waiting: value.waiting ?? [] };
}

/** What a run would make and cost; nothing is started. */
export async function dryRun(project: string, canvas: string, wish: RunWish): Promise<RunPlan> {
  const { value } = await request<PlanBody>("POST", `${canvasAddress(project, canvas)}/runs`, { body: body(wish), query: { dryRun: true }, idempotencyKey: newKey() });
  return plan(value);
}

/** Starts a run. */
export async function startRun(project: string, canvas: string, wish: RunWish, key: string): Promise<RunPlan> {
  const { value } = await request<PlanBody>("POST", `${canvasAddress(project, canvas)}/runs`, { body: body(wish), idempotencyKey: key });
  return plan(value);
}

/** Reads a run with all its nodes. */
export async function readRun(id: string, signal?: AbortSignal): Promise<Run> {
  const { value } = await request<Run>("GET", path`/api/v1/runs/${id}`, { signal });
  return value;
}

/** The runs of a canvas, the newest first. */
export async function listRuns(project: string, canvas: string, signal?: AbortSignal): Promise<Run[]> {
  const { value } = await request<Page<Run>>("GET", path`/api/v1/projects/${project}/runs`, { query: { canvas, limit: 50 }, signal });
  return value.items;
}

/** Cancels, resumes or repeats a run; the run afterwards. */
export async function actOnRun(id: string, action: "cancel" | "resume" | "repeat"): Promise<Run> {
  const { value } = await request<Run>("POST", `${path`/api/v1/runs/${id}`}/${action}`, action === "repeat" ? { idempotencyKey: newKey() } : {});
  return value;
}

/** The graph that made a take. */
export async function graphOfTake(take: string): Promise<{ run: string; node: string; canvas: string; document: unknown }> {
  const { value } = await request<{ run: string; node: string; canvas: string; document: unknown }>("GET", path`/api/v1/takes/${take}/graph`);
  return value;
}
