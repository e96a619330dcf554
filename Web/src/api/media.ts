import { useEffect, useState } from "react";
import { Store } from "../core/store";
import { send } from "./http";
import { ApiError, problemOf } from "./problems";
import { expired, renewed, session, token } from "./session";

/** How pictures and films get their token: by the service worker, or each fetched whole where there is none. */
export const mediaBy = new Store<"unknown" | "worker" | "fetch">("unknown");

/** Raised when somebody has signed in again: what could not be shown is asked for once more. */
export const mediaTurn = new Store(0);
let wasIn = session.get().state === "in";
session.subscribe(() => {
  const isIn = session.get().state === "in";
  if (isIn && !wasIn) mediaTurn.update((turn) => turn + 1);
  wasIn = isIn;
});

/** Starts the service worker, which needs HTTPS or this very machine. */
export async function startMedia(): Promise<void> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (!container) return mediaBy.set("fetch");
  const tell = () => container.controller?.postMessage({ type: "token", token: token() });
  container.addEventListener("message", (event) => {
    if ((event.data as { type?: string } | null)?.type !== "token?") return;
    (event.source as ServiceWorker | null)?.postMessage({ type: "token", token: token() });
  });
  const settle = () => {
    tell();
    mediaBy.set("worker");
  };
  container.addEventListener("controllerchange", settle);
  session.subscribe(tell);
  // A page that does not get one within a moment does without; it is taken into use as soon as it is there.
  setTimeout(() => { if (mediaBy.get() === "unknown") mediaBy.set("fetch"); }, 4000);
  try {
    const address = "/web/worker.js";
    const policy = window.trustedTypes?.createPolicy("studio-worker", {
      createScriptURL(url) {
        if (url !== address) throw new TypeError("only the page's own worker is started");
        return url;
      },
    });
    // The types of TypeScript 4.8 know no trusted ones.
    const trusted = (policy?.createScriptURL(address) ?? address) as string;
    await container.register(trusted, { scope: "/" });
    if (container.controller) settle();
  } catch {
    mediaBy.set("fetch");
  }
}

/** The address that an element may show of one of the gateway's; null until there is one. */
export function useMedia(address: string | null): { src: string | null; failed: boolean } {
  const [by, setBy] = useState(mediaBy.get());
  const [blob, setBlob] = useState<{ address: string; src: string | null } | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => mediaBy.subscribe(() => setBy(mediaBy.get())), []);
  const hasFailed = blob !== null && blob.src === null;
  useEffect(() => (hasFailed ? mediaTurn.subscribe(() => setAttempt((value) => value + 1)) : undefined), [hasFailed]);
  useEffect(() => {
    if (!address || by !== "fetch") return;
    const stop = new AbortController();
    let made: string | null = null;
    void fetchBlob(address, stop.signal).then(
      (value) => {
        if (stop.signal.aborted) return;
        made = URL.createObjectURL(value);
        setBlob({ address, src: made });
      },
      () => { if (!stop.signal.aborted) setBlob({ address, src: null }); },
    );
    return () => {
      stop.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [address, by, attempt]);
  if (!address || by === "unknown") return { src: null, failed: false };
  if (by === "worker") return { src: address, failed: false };
  return blob?.address === address ? { src: blob.src, failed: blob.src === null } : { src: null, failed: false };
}

async function fetchBlob(address: string, signal: AbortSignal): Promise<Blob> {
  const response = await send("GET", address, { signal, headers: { accept: "*/*", prefer: "inline-media" } });
  if (!response.ok) throw await problemOf(response);
  return response.blob();
}

/** Saves what is at an address: streamed by the worker, or through memory where there is none. Throws `ApiError`. */
export async function download(address: string, name: string): Promise<void> {
  const worker = mediaBy.get() === "worker" ? navigator.serviceWorker.controller : null;
  if (worker) return streamed(address, worker);
  const made = URL.createObjectURL(await fetchBlob(address, new AbortController().signal));
  click(made, name);
  setTimeout(() => URL.revokeObjectURL(made), 60_000);
}

let clickedAt = -Infinity;

/** Whether the page is left for a download only, which leaves it where it is: nothing is to be asked then. */
export function isSaving(): boolean { return performance.now() - clickedAt < 1000; }

function click(address: string, name?: string): void {
  clickedAt = performance.now();
  const link = document.createElement("a");
  link.href = address;
  if (name !== undefined) link.download = name;
  link.rel = "noopener";
  document.body.append(link);
  link.click();
  link.remove();
}

/** The worker navigates on the page's behalf, and says what came of it; a refusal leaves the page where it is. */
async function streamed(address: string, worker: ServiceWorker): Promise<void> {
  for (;;) {
    const sent = token(), channel = new MessageChannel();
    const outcome = await new Promise<{ status: number; text: string } | null>((resolve) => {
      // One that says nothing has been stopped: the browser shows what it has.
      const timer = setTimeout(() => resolve(null), 60_000);
      // Nor does one of before an update: it streams all the same.
      let hasBegun = false;
      const begin = () => {
        if (hasBegun) return;
        hasBegun = true;
        click(address);
      };
      const early = setTimeout(begin, 2000);
      channel.port1.onmessage = ({ data }: MessageEvent<{ type: "ready" | "saving" | "refused"; status: number; text: string }>) => {
        clearTimeout(early);
        // One that was only slow says so after all: once is enough.
        if (data.type === "ready") return begin();
        clearTimeout(timer);
        resolve(data.type === "refused" ? data : null);
      };
      worker.postMessage({ type: "download", address }, [channel.port2]);
    });
    channel.port1.close();
    if (!outcome) return;
    if (outcome.status === 0) throw new ApiError(0, "offline", "");
    if (outcome.status === 401) {
      if (token() === sent) expired();
      if (session.get().state === "in" || (session.get().state === "expired" && (await renewed()))) continue;
    }
    throw await problemOf(new Response(outcome.text, { status: outcome.status }));
  }
}
