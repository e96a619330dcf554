import { session } from "./session";

const prefix = "studio.kept:";

/** What the names begin with under which this browser keeps a person's work that is not saved. */
export function prefixOf(user: string): string { return `${prefix}${user}/`; }

/** Who signs out leaves nothing behind; what other people keep here is theirs. */
export function leaveNothingBehind(): void {
  let last: string | null = null;
  session.subscribe(() => {
    const value = session.get();
    if (value.state !== "out") {
      last = value.me?.user.id ?? last;
      return;
    }
    for (const key of Object.keys(localStorage)) if (key.startsWith(prefix) && isLeft(key, last)) localStorage.removeItem(key);
    last = null;
  });
}

/** Whether what is kept is of who signs out, or nobody's. Earlier pages kept one for all, and whose it was inside. */
function isLeft(key: string, who: string | null): boolean {
  if (who !== null && key.startsWith(prefixOf(who))) return true;
  try {
    const { user } = JSON.parse(localStorage.getItem(key) ?? "{}") as { user?: unknown };
    return typeof user !== "string" || user === who;
  } catch { return true; }
}
