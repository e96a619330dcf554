import { EventParser } from "../core/sse";
import { path, send } from "./http";
import { problemOf } from "./problems";

/** Lines of a job's log, of one attempt. */
export interface LogPart { attempt: number; at: string; lines: string[] }

/**
 * Follows a job's log until it has ended or somebody stops it; says when the gateway has answered. A stream that breaks is
 * taken up after the last part that came. The token goes in a header, which `EventSource` could not.
 */
export async function followLog(job: string, onPart: (part: LogPart) => void, signal: AbortSignal, onOpen?: () => void): Promise<void> {
  let last = "", failures = 0;
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = { accept: "text/event-stream" };
      if (last) headers["last-event-id"] = last;
      const response = await send("GET", path`/api/v1/jobs/${job}/log`, { headers, signal });
      if (!response.ok || !response.body) throw await problemOf(response);
      failures = 0;
      onOpen?.();
      const parser = new EventParser(), decoder = new TextDecoder(), reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        for (const event of parser.push(decoder.decode(value, { stream: true }))) {
          if (event.id) last = event.id;
          if (event.event === "log") {
            const part = JSON.parse(event.data) as { attempt: number; at: string; lines: string };
            onPart({ ...part, lines: part.lines.replace(/\n$/, "").split("\n") });
          } else if (event.event === "end") {
            void reader.cancel();
            return;
          }
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if ((failures += 1) > 6) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(10_000, 400 * 2 ** failures)));
  }
}
