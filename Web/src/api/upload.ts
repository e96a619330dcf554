import { t } from "../strings";
import { kindOfFile } from "../core/ports";
import { filePath, path, send } from "./http";
import { missed, reached } from "./connection";
import { ApiError } from "./problems";
import { expired, renewed, session, token } from "./session";

const part = 16 * 1024 * 1024;

/** Whether a file is sent in parts, of which those that have come are kept. */
export function comesInParts(file: Blob): boolean { return file.size > part; }

/** The folder that a file of its kind belongs to. */
export function folderFor(name: string): string {
  switch (kindOfFile(name)) {
    case "image": return "01_Assets/Media/Images";
    case "video": return "01_Assets/Media/Video";
    case "audio": return "01_Assets/Media/Audio";
    case "model": return "01_Assets/Models";
    case "text": return "02_Source_Creative/Scripts";
    default: return "01_Assets/Media";
  }
}

/** A name that every system takes: what the gateway refuses becomes a hyphen. */
export function safeName(name: string): string {
  const clean = name.normalize("NFC").replace(/[^\p{L}\p{M}\p{Nd} ._()[\]+,@&'!=#-]/gu, "-").trim().replace(/\.+$/, "").replace(/^\.+/, "");
  return clean || "file";
}

/** The name with a number before its ending. */
function numbered(name: string, number: number): string {
  const dot = name.lastIndexOf(".");
  return number === 1 ? name : dot > 0 ? `${name.slice(0, dot)}-${number}${name.slice(dot)}` : `${name}-${number}`;
}

/**
 * Uploads a file into a folder of a project, in parts where it is large, going on after what had come where the network
 * breaks. One that is there is left alone: the new one gets a number. Answers the path that it has.
 */
export async function uploadFile(project: string, folder: string, file: File, onProgress: (share: number) => void, signal: AbortSignal): Promise<string> {
  const name = safeName(file.name);
  for (let number = 1; number < 1000; number += 1) {
    const target = `${folder}/${numbered(name, number)}`;
    const address = `${path`/api/v1/projects/${project}`}/files/${filePath(target)}`;
    if ((await putFile(address, file, isNew, onProgress, signal)) !== "exists") return target;
  }
  throw new ApiError(409, "conflict", t.files.tooMany);
}

const isNew = { "if-none-match": "*" };

/**
 * Puts a file at a place of a project. `condition` says whether one may be there; `goesOn` that a part of this very file
 * has come before, so that the rest is enough.
 */
export async function putFile(address: string, file: File, condition: Record<string, string>, onProgress: (share: number) => void, signal: AbortSignal, goesOn = false): Promise<"done" | "exists"> {
  // Whoever signs out takes their uploads along: the next person's token is not for them.
  const stop = new AbortController(), end = () => stop.abort();
  signal.addEventListener("abort", end);
  const unsubscribe = session.subscribe(() => { if (session.get().state === "out") end(); });
  if (signal.aborted || session.get().state === "out") end();
  try {
    return await (!comesInParts(file) ? whole(address, file, condition, onProgress, stop.signal) : inParts(address, file, condition, onProgress, stop.signal, goesOn));
  } finally {
    signal.removeEventListener("abort", end);
    unsubscribe();
  }
}

async function whole(address: string, file: File, condition: Record<string, string>, onProgress: (share: number) => void, signal: AbortSignal): Promise<"done" | "exists"> {
  const answer = await put(address, file, condition, (sent) => onProgress(file.size === 0 ? 1 : sent / file.size), signal);
  return verdict(answer);
}

async function inParts(address: string, file: File, condition: Record<string, string>, onProgress: (share: number) => void, signal: AbortSignal, goesOn: boolean): Promise<"done" | "exists"> {
  let from = 0, failures = 0;
  // How much had come is the gateway's to say.
  const ask = async (): Promise<boolean> => {
    const asked = await send("PUT", address, { headers: { "content-range": `bytes */${file.size}`, ...condition }, body: new Blob([]), signal }).catch(() => null);
    if (asked?.status === 308) from = received(asked.headers.get("range"));
    return asked?.ok ?? false;
  };
  if (goesOn && (await ask())) return "done";
  while (from < file.size) {
    const end = Math.min(file.size, from + part);
    try {
      const answer = await put(address, file.slice(from, end), { ...condition, "content-range": `bytes ${from}-${end - 1}/${file.size}` },
        (sent) => onProgress((from + sent) / file.size), signal);
      failures = 0;
      if (answer.status !== 308) return verdict(answer);
      from = received(answer.range);
    } catch (error) {
      if (!(error instanceof ApiError && error.isOffline) || signal.aborted || (failures += 1) > 8) throw error;
      await pause(500 * 2 ** failures, signal);
      if (await ask()) return "done";
    }
  }
  return "done";
}

function received(range: string | null): number {
  const match = /bytes=0-(\d+)/.exec(range ?? "");
  return match ? Number(match[1]) + 1 : 0;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, Math.min(milliseconds, 15_000));
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(new DOMException("", "AbortError")); }, { once: true });
  });
}

interface Put { status: number; range: string | null; text: string }

function verdict(answer: Put): "done" | "exists" {
  if (answer.status === 200 || answer.status === 201) return "done";
  if (answer.status === 412 || answer.status === 409) return "exists";
  let detail = "", code = "";
  try {
    const document = JSON.parse(answer.text) as { detail?: string; type?: string };
    detail = document.detail ?? "";
    code = (document.type ?? "").replace("/problems/", "");
  } catch { /* Not a problem document. */ }
  throw new ApiError(answer.status, code, detail || t.files.refused(answer.status));
}

/** One PUT that tells how much was sent, which `fetch` cannot. */
async function put(address: string, body: Blob, headers: Record<string, string>, onSent: (bytes: number) => void, signal: AbortSignal): Promise<Put> {
  for (;;) {
    if (signal.aborted) throw new DOMException("", "AbortError");
    const bearer = token();
    const answer = await new Promise<Put>((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("PUT", address);
      request.setRequestHeader("content-type", "application/octet-stream");
      if (bearer) request.setRequestHeader("authorization", `Bearer ${bearer}`);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => onSent(event.loaded);
      request.onload = () => { reached(); resolve({ status: request.status, range: request.getResponseHeader("range"), text: request.responseText }); };
      request.onerror = () => { missed(); reject(new ApiError(0, "offline", `${t.common.offlineTitle}.`)); };
      request.onabort = () => reject(new DOMException("", "AbortError"));
      signal.addEventListener("abort", () => request.abort(), { once: true });
      request.send(body);
    });
    if (answer.status !== 401) return answer;
    // Another request may have found out, and somebody may have signed in again meanwhile.
    if (token() === bearer) expired();
    if (session.get().state === "out" || (session.get().state === "expired" && !(await renewed()))) throw new ApiError(401, "unauthenticated", t.common.signedOut);
  }
}
