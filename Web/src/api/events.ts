import { EventStream, type Socket } from "../core/stream";
import { useEffect, useRef } from "react";
import { streamIs } from "./connection";
import { request } from "./http";
import { expired, session, token } from "./session";
import type { StudioEvent } from "./types";

/** The page's event stream. The token goes as a subprotocol: addresses are logged, subprotocols are not. */
export const events = new EventStream({
  connect() {
    const bearer = token();
    if (!bearer) return null;
    const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/events`;
    return new WebSocket(address, ["studio.v1", `bearer.${bearer}`]) as unknown as Socket;
  },
  later(milliseconds, then) {
    const timer = setTimeout(then, milliseconds);
    return () => clearTimeout(timer);
  },
  chance: Math.random,
  onState(state) {
    streamIs(state);
    // A browser does not say why a connection was refused; a request finds out whether the token has ended.
    if (state === "waiting") void request("GET", "/api/v1/me").catch(() => undefined);
  },
  onExpired: expired,
});

/** Connects again as soon as that may help. */
export function keepStreamAlive(): void {
  window.addEventListener("offline", () => events.lost());
  window.addEventListener("online", () => events.wake());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") events.wake();
  });
  let last = token();
  session.subscribe(() => {
    const now = token();
    if (now === last) return;
    last = now;
    events.close();
    if (now) events.wake();
  });
}

/** Follows a project's events while the component is there. */
export function useProjectEvents(project: string | null, onEvent: (event: StudioEvent) => void, onResync?: () => void): void {
  const latest = useRef({ onEvent, onResync });
  latest.current = { onEvent, onResync };
  useEffect(() => {
    if (!project) return;
    const stopListening = events.listen((event) => {
      if (event.project === project) latest.current.onEvent(event as unknown as StudioEvent);
    });
    const stopResync = events.onResync((name) => { if (name === project) latest.current.onResync?.(); });
    const unfollow = events.follow(project);
    return () => { stopListening(); stopResync(); unfollow(); };
  }, [project]);
}
