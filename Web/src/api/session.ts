import { Store } from "../core/store";
import type { Me } from "./types";

/** Who is signed in. `expired` keeps everything on the screen and asks for the password again. */
export type Session =
  | { state: "out" }
  | { state: "in"; token: string; expiresAt: number; email: string | null; me: Me | null }
  | { state: "expired"; email: string | null; me: Me | null; wasKept: boolean };

const key = "studio.session";
// Says to other tabs that somebody signed out: a token that is only gone may have ended.
const left = "studio.signed-out";

/** Where the session is kept: this tab, or this browser where the person asked to stay signed in. */
function stores(): Storage[] { return [localStorage, sessionStorage]; }

function keptIn(store: Storage): { token: string; expiresAt: number; email?: string } | null {
  try { return JSON.parse(store.getItem(key) ?? "null"); } catch { /* Something else is kept under the name: as if nothing were. */ return null; }
}

function tokenIn(store: Storage): string | null { return keptIn(store)?.token ?? null; }

function read(): Session {
  for (const store of stores()) {
    const kept = keptIn(store);
    if (kept && kept.expiresAt > Date.now()) return { state: "in", token: kept.token, expiresAt: kept.expiresAt, email: kept.email ?? null, me: null };
  }
  return { state: "out" };
}

/** The session of this page. */
export const session = new Store<Session>(read());

/** Takes a new token of somebody. */
export function signedIn(email: string, token: string, expiresAt: string, keep: boolean): void {
  const end = Date.parse(expiresAt);
  forget();
  const kept = JSON.stringify({ token, expiresAt: end, email });
  // A browser that has no room keeps it for this tab, or for as long as the page is there.
  for (const store of keep ? stores() : [sessionStorage]) {
    try {
      store.setItem(key, kept);
      break;
    } catch { /* Full. */ }
  }
  const before = session.get();
  session.set({ state: "in", token, expiresAt: end, email, me: before.state === "expired" && isSame(before.email, email) ? before.me : null });
}

/** Who it is, once the gateway said so. */
export function known(me: Me): void {
  session.update((value) => (value.state === "in" ? { ...value, me } : value));
}

/** The token is not taken any more: everything waits for the password. */
export function expired(): void {
  session.update((value) => {
    if (value.state !== "in") return value;
    const now = lapsed(value, tokenIn(localStorage) === value.token);
    // What is kept there may be somebody else's by now.
    for (const store of stores()) if (tokenIn(store) === value.token) store.removeItem(key);
    return now;
  });
}

/** Ends the session, in all tabs. */
export function signOut(): void {
  try { localStorage.setItem(left, `${Date.now()}-${Math.random()}`); } catch { /* Full: the other tabs ask for the password. */ }
  forget();
  session.set({ state: "out" });
}

/** The token; null where there is none to send. */
export function token(): string | null {
  const value = session.get();
  return value.state === "in" ? value.token : null;
}

/** Waits until somebody is signed in again; false where they signed out instead. */
export function renewed(): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = session.subscribe(() => {
      const { state } = session.get();
      if (state === "expired") return;
      stop();
      resolve(state === "in");
    });
  });
}

function forget(): void {
  for (const store of stores()) store.removeItem(key);
}

function lapsed(value: Session & { state: "in" }, wasKept: boolean): Session { return { wasKept, state: "expired", email: value.me?.user.email ?? value.email, me: value.me }; }

function isSame(one: string | null, other: string | null): boolean { return one !== null && one.toLowerCase() === other?.toLowerCase(); }

/**
 * Another tab signed out, in, or in again; or its token ended. What is on the screen and waits to be sent is one person's:
 * the token of somebody else is not taken for it.
 */
export function followOtherTabs(): void {
  window.addEventListener("storage", (event) => {
    const before = session.get(), isOwn = sessionStorage.getItem(key) !== null;
    if (event.key === left && event.newValue !== null) {
      // A token of this tab alone had nothing to do with theirs, also once it has ended.
      if (before.state !== "out" && !isOwn && (before.state === "in" || before.wasKept)) session.set({ state: "out" });
      return;
    }
    if (event.key !== key || isOwn) return;
    const now = read();
    if (now.state !== "in") { if (before.state === "in") session.set(lapsed(before, true)); return; }
    if (before.state === "out") session.set(now);
    else if ((before.state !== "in" || before.token !== now.token) && isSame(before.state === "in" ? before.me?.user.email ?? before.email : before.email, now.email)) session.set({ ...now, me: before.me });
  });
}
