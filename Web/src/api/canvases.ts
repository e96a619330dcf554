import { readDocument, savedForm, type FlowDocument } from "../core/flow";
import { parseJson } from "../core/json";
import type { Version } from "../core/saver";
import { path, request, send } from "./http";
import { problemOf, ApiError, type Finding } from "./problems";
import type { Page } from "./types";

export interface CanvasEntry { name: string; etag: string; nodes: number; edges: number; updatedAt: string; updatedBy?: string }
export interface CanvasCommit { commit: string; etag: string; author: string; at: string; message: string }
export interface Kept { base: string | null; document: FlowDocument; at?: string }
export interface Missing { functions: string[]; files: string[]; takes: string[] }

/** A canvas' address. */
export function canvasAddress(project: string, canvas: string): string { return path`/api/v1/projects/${project}/canvases/${canvas}`; }

/** Tags travel quoted in headers and bare in bodies. */
function quoted(etag: string): string { return /^(W\/)?"/.test(etag) ? etag : `"${etag}"`; }
function bare(etag: string | null | undefined): string { return (etag ?? "").replace(/^W\//, "").replace(/^"|"$/g, ""); }

/** Reads a canvas, now or as a commit has it; null where there is none. */
export async function readCanvas(project: string, canvas: string, signal?: AbortSignal, commit?: string): Promise<Version | null> {
  try {
    const { value, etag } = await request<unknown>("GET", canvasAddress(project, canvas), { signal, query: { commit } });
    return { document: readDocument(value), etag: bare(etag) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404 && commit === undefined) return null;
    throw error;
  }
}

/** Saves over a version. Where another is there it is answered instead, and nothing is changed. */
export async function saveCanvas(project: string, canvas: string, document: FlowDocument, over: string | null): Promise<{ saved: Version } | { stale: Version }> {
  const headers: Record<string, string> = over === null ? { "if-none-match": "*" } : { "if-match": quoted(over) };
  const response = await send("PUT", canvasAddress(project, canvas), { body: savedForm(document), headers });
  if (response.status === 412 || (response.status === 409 && over === null)) {
    const there = await readCanvas(project, canvas);
    if (there) return { stale: there };
    // Somebody deleted it: what is on the screen is there again.
    if (over !== null) return saveCanvas(project, canvas, document, null);
  }
  if (!response.ok) throw await problemOf(response);
  const value = parseJson(await response.text());
  const inner = typeof value === "object" && value !== null && "nodes" in value ? value : document;
  return { saved: { document: readDocument(inner), etag: bare(response.headers.get("etag")) } };
}

/** Keeps what is not saved. */
export async function keepCanvas(project: string, canvas: string, document: FlowDocument, base: string | null): Promise<void> {
  await request("PUT", `${canvasAddress(project, canvas)}/autosave`, { body: { base, document: savedForm(document) } });
}

/** Nobody wants what was kept. */
export async function forgetCanvas(project: string, canvas: string): Promise<void> { await request("DELETE", `${canvasAddress(project, canvas)}/autosave`); }

/** What was kept; null where nothing was. */
export async function readKept(project: string, canvas: string, signal?: AbortSignal): Promise<Kept | null> {
  try {
    const { value } = await request<{ base?: string | null; document?: unknown; at?: string } | null>("GET", `${canvasAddress(project, canvas)}/autosave`, { signal });
    return value?.document ? { base: value.base ? bare(value.base) : null, document: readDocument(value.document), at: value.at } : null;
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 405)) return null;
    throw error;
  }
}

/** The canvases of a project. */
export async function listCanvases(project: string, signal?: AbortSignal): Promise<CanvasEntry[]> {
  try {
    const { value } = await request<Page<CanvasEntry>>("GET", path`/api/v1/projects/${project}/canvases`, { signal, query: { limit: 200 } });
    return value.items;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

/** Earlier versions of a canvas, the newest first. */
export async function canvasHistory(project: string, canvas: string, signal?: AbortSignal): Promise<CanvasCommit[]> {
  const { value } = await request<Page<CanvasCommit>>("GET", `${canvasAddress(project, canvas)}/history`, { signal, query: { limit: 100 } });
  return value.items.map((entry) => ({ ...entry, etag: bare(entry.etag) }));
}

/** All that is wrong with a canvas. */
export async function validateCanvas(project: string, canvas: string, document: FlowDocument): Promise<Finding[]> {
  const { value } = await request<{ valid: boolean; findings: Finding[] }>("POST", `${canvasAddress(project, canvas)}/validate`, { body: savedForm(document) });
  return value.findings;
}
