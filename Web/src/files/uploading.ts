import { filePath, path as projectAddress } from "../api/http";
import { comesInParts, putFile, safeName, uploadFile } from "../api/upload";
import { printOf } from "../core/interrupted";
import { isSaving } from "../api/media";
import { session } from "../api/session";
import { Store } from "../core/store";
import { ApiError } from "../api/problems";
import { explain } from "../ui/states";
import { lookAgain, memory } from "./memory";

/** A file on its way into a project. */
export interface Upload {
  id: number; project: string; folder: string; file: File; state: "waiting" | "sending" | "paused" | "exists" | "done" | "failed";
  share: number; bytesPerSecond: number; error: string | null;
  /** Where it is in the project, once it has come. */
  path: string | null;
}

/** All uploads of this page; they go on wherever in the page somebody is. */
export const uploads = new Store<readonly Upload[]>([]);

const atOnce = 2;
const stops = new Map<number, AbortController>();
const begun = new Set<number>();
const decisions = new Map<number, "replace" | "both">();
const listeners = new Set<(upload: Upload) => void>();
let next = 1;

function change(id: number, part: Partial<Upload>): void { uploads.update((all) => all.map((one) => (one.id === id ? { ...one, ...part } : one))); }

// They are of whoever signed out, not of whoever comes next.
session.subscribe(() => {
  if (session.get().state !== "out") return;
  for (const stop of stops.values()) stop.abort();
  for (const map of [stops, begun, decisions]) map.clear();
  uploads.set([]);
});

/** Calls back when a file has come. */
export function onUploaded(listener: (upload: Upload) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Puts files in the queue; their numbers. `folder` is a project's; a file dropped with its folder keeps that below it. Where
 * a name is taken somebody is asked, or both are kept.
 */
export function upload(project: string, files: readonly { file: File; folder: string }[], keepsBoth = false): number[] {
  const added = files.map(({ file, folder }): Upload => ({ id: next++, project, folder, file, state: "waiting", share: 0, bytesPerSecond: 0, error: null, path: null }));
  if (keepsBoth) for (const one of added) decisions.set(one.id, "both");
  uploads.update((all) => [...all, ...added]);
  work();
  return added.map((one) => one.id);
}

/** Stops one for now; what has come stays. */
export function pause(id: number): void {
  change(id, { state: "paused", bytesPerSecond: 0 });
  stops.get(id)?.abort();
}

/** Goes on with one, or tries it again. */
export function resume(id: number): void {
  change(id, { state: "waiting", error: null });
  work();
}

/** Decides about one whose name is taken. */
export function decide(id: number, how: "replace" | "both" | "leave"): void {
  if (how === "leave") return dismiss(id);
  change(id, { state: "waiting" });
  work({ id, how });
}

/** Takes one off the list, and stops it: nobody wants it any more. */
export function dismiss(id: number): void {
  stops.get(id)?.abort();
  const one = uploads.get().find((other) => other.id === id);
  if (one && one.state !== "done") forget(one);
  uploads.update((all) => all.filter((one) => one.id !== id));
}

/** Takes off the list what has come. */
export function dismissDone(): void { uploads.update((all) => all.filter((one) => one.state !== "done")); }

function work(decision?: { id: number; how: "replace" | "both" }): void {
  if (decision) decisions.set(decision.id, decision.how);
  for (let free = atOnce - stops.size; free > 0; free -= 1) {
    const waiting = uploads.get().find((one) => one.state === "waiting" && !stops.has(one.id));
    if (!waiting) return;
    void send(waiting);
  }
}

const placeOf = (one: Upload) => ({ project: one.project, folder: one.folder, name: safeName(one.file.name) });

function forget(one: Upload): void {
  memory()?.forget(placeOf(one));
  lookAgain();
}

/** Remembers a file that comes in parts, so that it goes on after the page was left; whether a part of it has come before. */
async function remembered(one: Upload): Promise<boolean> {
  if (!comesInParts(one.file)) return false;
  const print = await printOf(one.file);
  const kept = memory();
  if (!print || !kept) return false;
  const hasCome = kept.find(placeOf(one), print) !== null;
  kept.remember({ ...placeOf(one), ...print });
  lookAgain();
  return hasCome;
}

async function send(one: Upload): Promise<void> {
  const stop = new AbortController();
  stops.set(one.id, stop);
  change(one.id, { state: "sending" });
  const since = performance.now();
  let first: number | null = null;
  const onProgress = (share: number) => {
    first ??= share;
    const seconds = (performance.now() - since) / 1000;
    change(one.id, { share, bytesPerSecond: seconds > 0.5 ? ((share - first) * one.file.size) / seconds : 0 });
  };
  try {
    const how = decisions.get(one.id);
    let path = `${one.folder}/${safeName(one.file.name)}`;
    if (how === "both") path = await uploadFile(one.project, one.folder, one.file, onProgress, stop.signal);
    else {
      const address = `${projectAddress`/api/v1/projects/${one.project}`}/files/${filePath(path)}`;
      const hasCome = await remembered(one);
      if (stop.signal.aborted) return;
      const goesOn = begun.has(one.id) || hasCome;
      begun.add(one.id);
      const condition: Record<string, string> = how === "replace" ? { "if-match": "*" } : { "if-none-match": "*" };
      if ((await putFile(address, one.file, condition, onProgress, stop.signal, goesOn)) === "exists") {
        forget(one);
        return change(one.id, { state: "exists", share: 0 });
      }
    }
    forget(one);
    change(one.id, { state: "done", share: 1, bytesPerSecond: 0, path });
    for (const listener of [...listeners]) listener({ ...one, state: "done", path });
  } catch (error) {
    if ((stop.signal.aborted && !(error instanceof ApiError)) || session.get().state === "out") return;
    change(one.id, { state: "failed", error: explain(error), bytesPerSecond: 0 });
  } finally {
    if (stops.get(one.id) === stop) stops.delete(one.id);
    work();
  }
}

// Asks before the page is left while files are on their way, wherever in it somebody is.
const warn = (event: BeforeUnloadEvent) => {
  if (isSaving()) return;
  event.preventDefault();
  event.returnValue = "";
};
uploads.subscribe(() => {
  if (uploads.get().some((one) => one.state === "sending" || one.state === "waiting")) globalThis.addEventListener?.("beforeunload", warn);
  else globalThis.removeEventListener?.("beforeunload", warn);
});

interface Entry { isFile: boolean; isDirectory: boolean; name: string; file(then: (file: File) => void, failed: (error: unknown) => void): void; createReader(): { readEntries(then: (entries: Entry[]) => void, failed: (error: unknown) => void): void } }

/** The files of a drop, those of dropped folders with their folders. */
export async function dropped(data: DataTransfer, folder: string): Promise<{ file: File; folder: string }[]> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry() as unknown as Entry | null).filter((entry): entry is Entry => entry !== null);
  if (entries.length === 0) return [...data.files].map((file) => ({ file, folder }));
  const found: { file: File; folder: string }[] = [];
  const walk = async (entry: Entry, into: string): Promise<void> => {
    if (entry.name.startsWith(".")) return;
    if (entry.isFile) { found.push({ file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)), folder: into }); return; }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise<Entry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return;
      for (const one of some) await walk(one, `${into}/${safeName(entry.name)}`);
    }
  };
  for (const entry of entries) await walk(entry, folder);
  return found;
}
