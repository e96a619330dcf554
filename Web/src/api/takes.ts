import { useEffect, useMemo } from "react";
import { Store } from "../core/store";
import { lineOf, type TakeLine } from "../core/takes";
import { Turns } from "../core/turns";
import { useStore } from "../ui/useStore";
import { events } from "./events";
import { path, request } from "./http";
import { ApiError } from "./problems";
import type { Page, Take } from "./types";

/** The takes that are known, and how reading more stands. */
export interface TakeList { takes: ReadonlyMap<string, TakeLine>; started: boolean; loading: boolean; error: unknown; hasMore: boolean }

const pageSize = 200;
const together = 25;

/** A project's takes, read page by page and kept as the event stream tells. */
export class TakeFeed {
  readonly store = new Store<TakeList>({ takes: new Map(), started: false, loading: true, error: null, hasMore: false });
  private cursor: string | null = null;
  private readonly asked = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private stopping = new AbortController();

  private readonly turns = new Turns();
  /** Raised with every reading of all: what was begun before it ends for nothing. */
  private reading = 0;
  private failed: (() => void) | null = null;

  constructor(readonly project: string, readonly shot: string | null) {}

  /** Reads the first page and follows; the answer ends it. */
  start(): () => void {
    this.stopping = new AbortController();
    const stops = [events.follow(this.project), events.onResync((project) => { if (project === this.project) this.reload(); })];
    stops.push(events.listen((event) => {
      if (event.type !== "take.created" || event.project !== this.project || (this.shot !== null && event.shot !== this.shot)) return;
      this.asked.add(String(event.take));
      this.timer ??= setTimeout(() => { void this.fetchAsked(); }, 200);
    }));
    this.reload();
    return () => {
      for (const stop of stops) stop();
      if (this.timer) clearTimeout(this.timer);
      this.timer = null;
      this.stopping.abort();
    };
  }

  readonly reload = (): void => { void this.read(true); };
  readonly more = (): void => { const { loading, hasMore, error } = this.store.get(); if (!loading && hasMore && error === null) void this.read(false); };

  /** Tries again what failed. */
  readonly again = (): void => (this.failed ?? this.reload)();

  /** Takes a take as it is now. */
  readonly put = (...lines: TakeLine[]): void => {
    for (const line of lines) this.turns.told(line.id);
    this.keep(lines);
  };

  private readonly keep = (lines: readonly TakeLine[]): void => this.store.update((list) => {
    const takes = new Map(list.takes);
    for (const line of lines) takes.set(line.id, line);
    return { ...list, takes };
  });

  private async read(anew: boolean): Promise<void> {
    const { signal } = this.stopping;
    if (anew) this.reading += 1;
    const { reading } = this, asked = this.turns.ask();
    const isOver = () => signal.aborted || reading !== this.reading;
    this.store.update((list) => ({ ...list, loading: true, error: null }));
    try {
      const { value } = await request<Page<Take>>("GET", path`/api/v1/projects/${this.project}/takes`, { query: { limit: pageSize, cursor: anew ? null : this.cursor, shot: this.shot }, signal });
      if (isOver()) return;
      this.cursor = value.nextCursor;
      const isNewer = (id: string) => this.turns.isOlder(id, asked);
      const fresh = value.items.filter((take) => !isNewer(take.id)).map(lineOf);
      this.store.update((list) => ({
        // What was heard of meanwhile is newer than what was read.
        takes: new Map([...[...list.takes].filter(([id]) => !anew || isNewer(id)), ...fresh.map((line) => [line.id, line] as const)]),
        started: true, loading: false, error: null, hasMore: value.nextCursor !== null,
      }));
      for (const line of fresh) this.turns.takes(line.id, asked);
      if (anew) this.turns.all(asked);
      this.failed = null;
    } catch (error) {
      if (isOver()) return;
      this.failed = () => { void this.read(anew); };
      this.store.update((list) => ({ ...list, loading: false, error }));
    }
  }

  private async fetchAsked(): Promise<void> {
    this.timer = null;
    const ids = [...this.asked];
    this.asked.clear();
    if (ids.length > together) return this.reload();
    const asked = this.turns.ask();
    const found = await Promise.all(ids.map(async (id) => {
      try { return lineOf((await request<Take>("GET", path`/api/v1/takes/${id}`, { signal: this.stopping.signal })).value); } catch { return null; }
    }));
    if (!this.stopping.signal.aborted) this.keep(found.filter((line): line is TakeLine => line !== null && this.turns.takes(line.id, asked)));
  }
}

/** Follows a project's takes, or those of one shot, while the component is there; null follows none. */
export function useTakes(project: string | null, shot: string | null): TakeList & Pick<TakeFeed, "put" | "more" | "reload" | "again"> {
  const feed = useMemo(() => new TakeFeed(project ?? "", shot), [project, shot]);
  useEffect(() => (project === null ? undefined : feed.start()), [feed]);
  const list = useStore(feed.store);
  return { ...list, put: feed.put, more: feed.more, reload: feed.reload, again: feed.again };
}

const underWay = new Map<string, Promise<TakeLine>>();

/**
 * Rates or circles a take; what somebody else did to it meanwhile is kept beside it. Quick changes of one take go one after
 * the other, each upon the version that the one before made.
 */
export function rate(take: Pick<TakeLine, "id" | "revision">, body: { rating?: number; circled?: boolean }): Promise<TakeLine> {
  const before = underWay.get(take.id);
  const now = before ? before.then((made) => rateOnce(made, body), () => rateOnce(take, body)) : rateOnce(take, body);
  underWay.set(take.id, now);
  const end = () => { if (underWay.get(take.id) === now) underWay.delete(take.id); };
  now.then(end, end);
  return now;
}

async function rateOnce(take: Pick<TakeLine, "id" | "revision">, body: { rating?: number; circled?: boolean }): Promise<TakeLine> {
  const put = async (revision: number) => lineOf((await request<Take>("PUT", path`/api/v1/takes/${take.id}/rating`, { body, headers: { "if-match": `"r${revision}"` } })).value);
  try { return await put(take.revision); } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 412) throw error;
    return put((await request<Take>("GET", path`/api/v1/takes/${take.id}`)).value.revision);
  }
}
