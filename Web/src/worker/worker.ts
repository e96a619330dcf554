// Adds the token to what the page's own elements ask of the gateway: pictures and films, with their ranges, and downloads.
// So a token is in no address, and films are streamed instead of held in memory. Tokens are in memory only, one for each
// window: two may be of two people. A worker that was stopped asks the window for its own.

import { twice } from "../core/again";

declare const self: ServiceWorkerGlobalScope;

const tokens = new Map<string, string | null>();
const asked = new Map<string, { answer: Promise<string | null>; tell: (token: string | null) => void }>();
/** What windows are about to navigate to, to save it: whose it is, and where they hear how it went. */
const downloads = new Map<string, { client: string; port: MessagePort }>();

self.addEventListener("install", () => { void self.skipWaiting(); });
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const message = event.data as { type?: string; token?: string | null; address?: string } | null;
  const client = (event.source as Client | null)?.id;
  if (!client) return;
  if (message?.type === "token") {
    tokens.set(client, message.token ?? null);
    asked.get(client)?.tell(message.token ?? null);
    event.waitUntil(forgetClosed());
  } else if (message?.type === "download" && message.address && event.ports[0]) {
    const address = new URL(message.address, self.location.href).href;
    downloads.set(address, { client, port: event.ports[0] });
    event.ports[0].postMessage({ type: "ready" });
  }
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin || !url.pathname.startsWith("/api/") || request.method !== "GET") return;
  // The page's own code sends the token itself.
  const isElement = ["image", "video", "audio", "track"].includes(request.destination);
  if (isElement) event.respondWith(tokenOf(event.clientId).then((token) => answerWith(token, request, url)));
  else if (request.mode === "navigate") event.respondWith(save(request, url, event.clientId));
});

async function answerWith(token: string | null, request: Request, url: URL): Promise<Response> {
  const headers = new Headers();
  for (const name of ["range", "if-range", "accept"]) {
    const value = request.headers.get(name);
    if (value) headers.set(name, value);
  }
  if (token) headers.set("authorization", `Bearer ${token}`);
  // The page's policy lets nothing come from anywhere else, so that a storage's own address would be of no use.
  headers.set("prefer", "inline-media");
  // An element does not ask again by itself.
  return twice(() => fetch(url.href, { headers, credentials: "omit", signal: request.signal }), request.signal);
}

/** Whatever is navigated to below /api/ is saved, never shown as a page of this origin; a refusal is the window's to tell. */
async function save(request: Request, url: URL, client: string): Promise<Response> {
  const download = downloads.get(url.href);
  downloads.delete(url.href);
  let response: Response, refusal = "";
  try {
    response = await answerWith(await tokenOf(download?.client ?? client), request, url);
    if (!response.ok && download) refusal = await response.text();
  } catch (error) {
    if (!download) throw error;
    download.port.postMessage({ type: "refused", status: 0, text: "" });
    return new Response(null, { status: 204 });
  }
  if (!response.ok) {
    if (!download) return response;
    download.port.postMessage({ type: "refused", status: response.status, text: refusal });
    // Nothing to go to: the page stays.
    return new Response(null, { status: 204 });
  }
  download?.port.postMessage({ type: "saving" });
  const saved = new Headers(response.headers);
  const disposition = saved.get("content-disposition") ?? "";
  saved.set("content-disposition", disposition.replace(/^inline/i, "attachment") || "attachment");
  return new Response(response.body, { status: response.status, headers: saved });
}

/** A window's token. What no window is known of has the one that all windows have, where that is one. */
async function tokenOf(client: string): Promise<string | null> {
  if (client && tokens.has(client)) return tokens.get(client) ?? null;
  if (client && (await self.clients.get(client))) return askForToken(client);
  const windows = await self.clients.matchAll({ includeUncontrolled: true, type: "window" });
  const all = new Set(await Promise.all(windows.map((one) => (tokens.has(one.id) ? tokens.get(one.id) ?? null : askForToken(one.id)))));
  all.delete(null);
  return all.size === 1 ? [...all][0] ?? null : null;
}

function askForToken(client: string): Promise<string | null> {
  const before = asked.get(client);
  if (before) return before.answer;
  let tell: (token: string | null) => void = () => undefined;
  const answer = new Promise<string | null>((resolve) => {
    const timer = setTimeout(() => resolve(null), 3000);
    tell = (token) => {
      clearTimeout(timer);
      resolve(token);
    };
    void self.clients.get(client).then((window) => window?.postMessage({ type: "token?" }));
  }).finally(() => asked.delete(client));
  asked.set(client, { answer, tell });
  return answer;
}

async function forgetClosed(): Promise<void> {
  const open = new Set((await self.clients.matchAll({ includeUncontrolled: true })).map((client) => client.id));
  for (const client of tokens.keys()) if (!open.has(client)) tokens.delete(client);
}

export {};
