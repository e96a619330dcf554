import { Store } from "../core/store";

/** Whether the gateway was reached by the last request and by the event stream. */
export interface Connection { requests: boolean; events: "off" | "connecting" | "open" | "waiting" }

/** How the page and the gateway stand. */
export const connection = new Store<Connection>({ requests: true, events: "off" });

/** A request was answered. */
export function reached(): void {
  if (!connection.get().requests) connection.update((value) => ({ ...value, requests: true }));
}

/** A request was not answered. */
export function missed(): void {
  if (connection.get().requests) connection.update((value) => ({ ...value, requests: false }));
}

/** What became of the event stream. */
export function streamIs(events: Connection["events"]): void {
  if (connection.get().events !== events) connection.update((value) => ({ ...value, events }));
}
