import { session } from "../api/session";
import { InterruptedUploads, type Interrupted } from "../core/interrupted";
import { Store } from "../core/store";

/** What was begun here and has not come: shown where the page was left in between. */
export const interrupted = new Store<readonly Interrupted[]>([]);

let of: string | null = null;

/** The memory of whoever is signed in; null before that is known. */
export function memory(): InterruptedUploads | null {
  const now = session.get();
  const me = now.state === "out" ? null : now.me;
  return me ? new InterruptedUploads(localStorage, `studio.uploads.${me.tenant.id}.${me.user.id}`) : null;
}

/** Looks what is remembered now. */
export function lookAgain(): void { interrupted.set(memory()?.list() ?? []); }

// Another person has begun other uploads.
session.subscribe(() => {
  const now = session.get();
  const who = now.state === "out" ? null : now.me?.user.id ?? of;
  if (who === of) return;
  of = who;
  lookAgain();
});
