import { t } from "../strings";
import { ApiError, problemOf } from "./problems";
import { expired, renewed, session, token } from "./session";
import { twice } from "../core/again";
import { parseJson, writeJson } from "../core/json";
import { reached, missed } from "./connection";

/** What a request carries. */
export interface Options {
  body?: unknown;
  headers?: Record<string, string>;
  query?: Record<string, string | number | boolean | null | undefined>;
  signal?: AbortSignal;
  /** Makes a request that creates repeatable. */
  idempotencyKey?: string;
}

/** An answer with what its headers say. */
export interface Answer<T> { value: T; etag: string | null; status: number; headers: Headers }

/** A path's parts, each encoded. */
export function path(strings: TemplateStringsArray, ...parts: (string | number)[]): string {
  return strings.reduce((text, piece, index) => text + encodeURIComponent(String(parts[index - 1])) + piece);
}

/** A project file's path, each part encoded and the slashes kept. */
export function filePath(file: string): string { return file.split("/").map(encodeURIComponent).join("/"); }

/**
 * Sends a request and reads its JSON. A token that has ended does not fail it: it waits until somebody has signed in
 * again, and is sent anew. Throws `ApiError`.
 */
export async function request<T>(method: string, url: string, options: Options = {}): Promise<Answer<T>> {
  const response = await send(method, url, options);
  if (!response.ok && response.status !== 304) throw await problemOf(response);
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  const value = (isJson ? parseJson(await response.text()) : undefined) as T;
  return { value, etag: response.headers.get("etag"), status: response.status, headers: response.headers };
}

/** Sends a request; the answer as it came, also a refusal. */
export async function send(method: string, url: string, options: Options = {}): Promise<Response> {
  for (;;) {
    const sent = token();
    const response = await once(method, withQuery(url, options.query), options, sent);
    if (response.status !== 401 || url.endsWith("/auth/login")) return response;
    if (session.get().state === "out") throw await problemOf(response);
    // Another request may have found out, and somebody may have signed in again meanwhile.
    if (token() === sent) expired();
    if (session.get().state === "expired" && !(await renewed())) throw await problemOf(response);
  }
}

async function once(method: string, url: string, options: Options, bearer: string | null): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json", ...options.headers };
  if (bearer) headers.authorization = `Bearer ${bearer}`;
  if (options.idempotencyKey) headers["idempotency-key"] = options.idempotencyKey;
  let body: BodyInit | undefined;
  if (options.body instanceof Blob) body = options.body;
  else if (options.body !== undefined) {
    body = writeJson(options.body);
    headers["content-type"] = "application/json";
  }
  const ask = () => fetch(url, { method, headers, body, signal: options.signal, credentials: "omit", cache: "no-store" });
  try {
    const response = await (method === "GET" ? twice(ask, options.signal) : ask());
    reached();
    return response;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    missed();
    throw new ApiError(0, "offline", `${t.common.offlineTitle}.`);
  }
}

function withQuery(url: string, query: Options["query"]): string {
  const parts = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== "");
  if (parts.length === 0) return url;
  return `${url}?${parts.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&")}`;
}

/** A key for `Idempotency-Key`. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
