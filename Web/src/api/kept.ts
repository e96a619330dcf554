import type { CutClip } from "../core/cut";
import { readDocument, savedForm, type FlowDocument } from "../core/flow";
import type { Kept } from "./canvases";
import { parseJson, writeJson } from "../core/json";
import { request } from "./http";
import { prefixOf } from "./leaving";
import { session } from "./session";
import type { Me } from "./types";

// What could not be sent to the gateway is kept in this browser until it can: for the person who made it, beside what others
// keep of the same, and no longer than until they sign out.

interface Entry { user: string; base: string | null; document: FlowDocument }

function keyOf(user: string, project: string, canvas: string): string { return `${prefixOf(user)}${project}/${canvas}`; }

function userNow(): string | null {
  const value = session.get();
  return value.state === "out" ? null : value.me?.user.id ?? null;
}

/** Keeps a canvas here; false where this browser has no room for it or nobody is known. */
export function keepHere(project: string, canvas: string, { base, document }: { base: string | null; document: FlowDocument }): boolean {
  const user = userNow();
  if (user === null) return false;
  const key = keyOf(user, project, canvas);
  try {
    localStorage.setItem(key, writeJson({ user, base, document: savedForm(document) } as Entry));
    return true;
  } catch {
    // What is kept of before would come back in its place.
    localStorage.removeItem(key);
    return false;
  }
}

/** What was kept here; null where nothing was, or by somebody else. */
export async function keptHere(project: string, canvas: string): Promise<Kept | null> {
  const user = userNow() ?? (await request<Me>("GET", "/api/v1/me")).value.user.id;
  let entry: Entry | null = null;
  try { entry = parseJson(localStorage.getItem(keyOf(user, project, canvas)) ?? "null") as Entry | null; } catch { /* Not ours: as if nothing were. */ }
  return entry?.user === user ? { base: entry.base, document: readDocument(entry.document) } : null;
}

/** It reached the gateway: this browser need not keep it any more. */
export function forgetHere(project: string, canvas: string): void {
  const user = userNow();
  if (user !== null) localStorage.removeItem(keyOf(user, project, canvas));
}

/** A cut that is not saved, and the version of the file that it was made from. */
export interface CutDraft { clips: CutClip[]; etag: string | null }

// A browser that has no room keeps it as long as the page is there.
const drafts = new Map<string, { user: string; draft: CutDraft }>();

function draftKey(user: string, project: string, cut: string | null): string { return `${prefixOf(user)}cut:${project}/${cut ?? ""}`; }

/** Keeps a cut that is not saved. */
export function keepDraft(project: string, cut: string | null, draft: CutDraft): void {
  const user = userNow();
  if (user === null) return;
  const key = draftKey(user, project, cut);
  drafts.set(key, { user, draft });
  try { localStorage.setItem(key, writeJson({ user, draft })); } catch { localStorage.removeItem(key); }
}

/** The cut as it was left without saving; null where it was not, or by somebody else. */
export function keptDraft(project: string, cut: string | null): CutDraft | null {
  const user = userNow();
  if (user === null) return null;
  const key = draftKey(user, project, cut);
  let entry = drafts.get(key) ?? null;
  try { entry ??= parseJson(localStorage.getItem(key) ?? "null") as typeof entry; } catch { /* Not ours: as if nothing were. */ }
  return entry && entry.user === user && Array.isArray(entry.draft?.clips) && entry.draft.clips.every(isClip) ? entry.draft : null;
}

/** It is saved, or nobody wants it. */
export function forgetDraft(project: string, cut: string | null): void {
  const user = userNow();
  if (user === null) return;
  const key = draftKey(user, project, cut);
  drafts.delete(key);
  localStorage.removeItem(key);
}

function isClip(clip: unknown): clip is CutClip {
  const one = clip as Partial<CutClip> | null;
  return typeof one === "object" && one !== null && typeof one.name === "string" && [one.in, one.out, one.dissolve, one.fadeOut, one.rate].every((value) => typeof value === "number");
}

session.subscribe(() => { if (session.get().state === "out") drafts.clear(); });
