import type { Json, JsonObject } from "../core/json";
import type { Finding } from "./problems";

export type Role = "viewer" | "artist" | "producer" | "admin";
export interface Page<T> { items: T[]; nextCursor: string | null }
export interface Credits { available: number; held: number; settled: number }
export interface Me {
  user: { id: string; email: string; displayName: string };
  tenant: { id: string; name: string };
  roles: Role[];
  credits: Credits;
  quotas: { requestsPerSecond: number | null; activeJobs: number | null; uploadMaxBytes: number };
}
export type Quality = "low" | "standard" | "high";
export interface Project {
  id: string; name: string; title: string; description: string; quality: Quality; createdAt: string; createdBy?: string;
  archived: boolean; archivedAt?: string; paused: boolean; weight: number; revision: number;
}

export type PortKind = "image" | "video" | "audio" | "mask" | "text" | "number" | "json" | "model";
export interface FunctionPort { type: PortKind; required: boolean; list: boolean; primary?: boolean; extension?: string }
export interface StudioFunction {
  name: string; version: string; title: string; description: string; category: string; parameters: JsonObject;
  inputs: Record<string, FunctionPort>; outputs: Record<string, FunctionPort>; quality: Record<string, JsonObject>;
  cost: { credits: number; perSecond: number }; timeoutSeconds: number; maxAttempts: number; queue: string; runner: string;
  faults?: Finding[];
}

export type JobState = "waiting" | "queued" | "running" | "succeeded" | "failed" | "cancelled";
export interface JobFailure { code: string; message: string; retryable: boolean; logTail?: string }
export interface JobAttempt {
  attempt: number; worker: string; workerName: string; startedAt: string; finishedAt?: string; outcome?: string; failure?: JobFailure;
}
export interface JobFile {
  port: string; primary: boolean; path: string; fileName: string; mediaType: string; sha256: string; sizeBytes: number;
  probe?: Json; createdAt: string; removedAt?: string; link: string;
}
export interface Job {
  id: string; state: JobState; project: string; user: string; shot?: string; version: number; destination: string; function: string;
  functionVersion: string; parameters: JsonObject; inputs: Record<string, string | string[]>; quality: Quality; queue: string;
  priority: number; held: boolean; previewJob?: string; awaitsApproval: boolean; place: string; maxAttempts: number;
  timeoutSeconds: number; notBefore?: string; dependsOn: string[]; attempt: number; countedAttempts: number; progress: number;
  stage?: string; message?: string; etaSeconds?: number; preview?: number; cancelRequested: boolean; worker?: string;
  failure?: JobFailure; credits: number; creditsHeld: number; takes: string[]; createdAt: string; queuedAt?: string;
  startedAt?: string; finishedAt?: string; attempts?: JobAttempt[]; files?: JobFile[];
}

export interface Take {
  id: string; project: string; job: string; shot: string; version: number; number: number; path: string; fileName: string;
  mediaType: string; sha256?: string; sizeBytes?: number; probe?: JsonObject; provenance?: JsonObject; commit?: string;
  files?: JobFile[]; rating?: number; circled: boolean; revision: number; createdAt: string; publishedAt?: string;
  links: { self: string; media: string; thumbnail?: string; job: string };
}

export interface Asset {
  path: string; fileName: string; mediaType: string; sha256: string; sizeBytes: number; changedAt: string; probe?: JsonObject;
  derivatives?: { kind: string; job: string; state: JobState; link?: string }[];
}
export interface FolderEntry { name: string; kind: "file" | "folder"; sizeBytes?: number; changedAt?: string; mediaType?: string }

export interface Worker {
  id: string; name: string; hostname?: string; pid?: number; version?: string; queues?: string[]; slots?: number;
  state: "serving" | "draining" | "stopped" | "lost"; startedAt: string; seenAt: string;
  running: { job: string; attempt: number }[]; blockedFunctions?: string[];
}
export interface Queue {
  name: string; paused: boolean; queued: number; running: number; onRunway?: number; denied?: boolean; oldestAgeSeconds?: number;
}
export interface User {
  id: string; email: string; displayName: string; roles: Role[]; disabled: boolean; createdAt: string; revision: number; credits: Credits;
}

/** What the event stream tells. */
export type StudioEvent =
  | { type: "job.state"; id: string; project: string; job: string; state: JobState; attempt: number; failure?: JobFailure; at: string; run?: string; node?: string; index?: number }
  | { type: "job.progress"; project: string; job: string; attempt: number; progress: number; stage: string; message: string; etaSeconds?: number; preview?: number; at: string; run?: string; node?: string; index?: number }
  | { type: "take.created"; id: string; project: string; job: string; take: string; shot: string; version: number; number: number; path: string; at: string }
  | { type: "project.changed"; id: string; project: string; change: string; detail?: JsonObject; at: string }
  | { type: "asset.changed"; id: string; project: string; change: string; path: string; sha256: string; sizeBytes: number; at: string }
  | { type: "run.state"; id: string; run: string; project: string; canvas: string; state: RunState; at: string };

export type RunState = "running" | "succeeded" | "failed" | "cancelled";
