import { connection } from "../api/connection";
import { request } from "../api/http";
import { known, session } from "../api/session";
import type { Me, Role } from "../api/types";
import { useSlice } from "../ui/useStore";

const rank: Record<Role, number> = { viewer: 0, artist: 1, producer: 2, admin: 3 };

/** Who is signed in, once the gateway has said so. */
export function useMe(): Me | null { return useSlice(session, (value) => (value.state === "out" ? null : value.me)); }

/** Whether a role may do what asks for another at least. */
export function may(me: Me | null, least: Role): boolean {
  return me?.roles.some((role) => rank[role] >= rank[least]) ?? false;
}

/** Whether the person may do what asks for a role at least. */
export function useMay(least: Role): boolean { return may(useMe(), least); }

const soonest = 2_000, latest = 30_000;

/** Asks who it is, and again where nobody answers, at once when the gateway is reached; the answer ends it. */
export function keepReadingMe(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined, failures = 0, isOver = false, isAsking = false;
  const ask = () => {
    clearTimeout(timer);
    if (isOver || isAsking) return;
    isAsking = true;
    void readMe().then(stop, () => {
      isAsking = false;
      if (!isOver) timer = setTimeout(ask, Math.min(latest, soonest * 2 ** failures++));
    });
  };
  let wasReached = connection.get().requests;
  const unsubscribe = connection.subscribe(() => {
    const isReached = connection.get().requests;
    if (isReached && !wasReached) ask();
    wasReached = isReached;
  });
  const stop = () => {
    isOver = true;
    clearTimeout(timer);
    unsubscribe();
  };
  ask();
  return stop;
}

/** Asks the gateway who it is and what they have. */
export async function readMe(): Promise<void> {
  const { value } = await request<Me>("GET", "/api/v1/me");
  known(value);
}
