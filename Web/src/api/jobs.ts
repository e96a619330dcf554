import { useEffect, useMemo } from "react";
import { Store } from "../core/store";
import { everything } from "../core/stream";
import { Turns } from "../core/turns";
import { useStore } from "../ui/useStore";
import { events } from "./events";
import { path, request } from "./http";
import type { Job, JobState, Page } from "./types";

/** What is known of a list of jobs. */
export interface JobList { jobs: ReadonlyMap<string, Job>; started: boolean; loading: boolean; error: unknown; hasMore: boolean }

const nothing: JobList = { jobs: new Map(), started: false, loading: true, error: null, hasMore: false };
const together = 25;
const calm = 2000;

/** Which jobs: of some projects or of all, in some states, perhaps of one function or one person. */
export interface JobQuery { projects: readonly string[] | "all"; states: readonly JobState[]; fn?: string | null; user?: string | null }

// Progress is told by project: of those that run something, of so many at most.
const mostFollowed = 60;

/** A list of jobs: read page by page, and kept as the event stream tells. */
export class JobFeed {
  readonly store = new Store<JobList>(nothing);
  private readonly cursors = new Map<string, string | null>();
  private readonly asked = new Set<string>();
  private readonly followed = new Map<string, () => void>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private stopping = new AbortController();
  private readonly turns = new Turns();
  /** Raised with every reading of all: what was begun before it ends for nothing. */
  private reading = 0;
  private failed: (() => void) | null = null;
  /** When the list was last read anew. */
  private readAt = 0;

  constructor(private readonly query: JobQuery, private readonly limit = 100) {}

  /** The lists that are joined: each project's, or one of all. */
  private get sources(): readonly string[] { return this.query.projects === "all" ? [everything] : this.query.projects; }

  private covers(project: string): boolean { return this.query.projects === "all" || this.query.projects.includes(project); }

  /** Reads the first pages and follows; the answer ends it. */
  start(): () => void {
    this.stopping = new AbortController();
    const stops = this.sources.map((source) => events.follow(source));
    stops.push(events.listen((event) => {
      if (event.type === "job.state" && event.job && event.project && this.covers(event.project)) this.heard(event.job, event.state as JobState);
    }));
    stops.push(events.onResync((source) => { if (this.sources.includes(source)) this.reload(); }));
    this.reload();
    return () => {
      for (const stop of [...stops, ...this.followed.values()]) stop();
      this.followed.clear();
      if (this.timer) clearTimeout(this.timer);
      this.timer = null;
      this.stopping.abort();
    };
  }

  /** Reads everything anew. */
  readonly reload = (): void => { void this.read([...this.sources], true); };

  /** Reads the next pages. */
  readonly more = (): void => {
    const { loading, hasMore, error } = this.store.get();
    if (!loading && hasMore && error === null) void this.read([...this.cursors].filter(([, cursor]) => cursor !== null).map(([source]) => source), false);
  };

  /** Tries again what failed. */
  readonly again = (): void => (this.failed ?? this.reload)();

  /** Takes a job as it is now. */
  readonly put = (job: Job): void => {
    this.turns.told(job.id);
    this.take(job);
  };

  private readonly take = (job: Job): void => {
    this.store.update((list) => {
      const jobs = new Map(list.jobs);
      if (this.query.states.includes(job.state)) jobs.set(job.id, job);
      else jobs.delete(job.id);
      return { ...list, jobs };
    });
    this.followProgress();
  };

  private address(source: string): string { return source === everything ? "/api/v1/jobs" : path`/api/v1/projects/${source}/jobs`; }

  private async read(sources: string[], anew: boolean): Promise<void> {
    const { signal } = this.stopping;
    if (anew) {
      this.readAt = Date.now();
      this.reading += 1;
    }
    const { reading } = this, asked = this.turns.ask(), cursors = new Map<string, string | null>();
    const isOver = () => signal.aborted || reading !== this.reading;
    this.store.update((list) => ({ ...list, loading: true, error: null }));
    const found: Job[] = [];
    try {
      const left = [...sources];
      await Promise.all(Array.from({ length: 4 }, async () => {
        for (let source = left.shift(); source !== undefined; source = left.shift()) {
          const cursor = anew ? null : this.cursors.get(source);
          const { states, fn, user } = this.query;
          const { value } = await request<Page<Job>>("GET", this.address(source), { query: { state: states.join(","), limit: this.limit, cursor, function: fn, user }, signal });
          found.push(...value.items);
          cursors.set(source, value.nextCursor);
        }
      }));
      if (isOver()) return;
      for (const [source, cursor] of cursors) this.cursors.set(source, cursor);
      const isNewer = (id: string) => this.turns.isOlder(id, asked);
      const fresh = found.filter((job) => !isNewer(job.id));
      this.store.update((list) => ({
        // What was heard of meanwhile is newer than what was read.
        jobs: new Map([...[...list.jobs].filter(([id]) => !anew || isNewer(id)), ...fresh.map((job) => [job.id, job] as const)]),
        started: true, loading: false, error: null, hasMore: [...this.cursors.values()].some((cursor) => cursor !== null),
      }));
      for (const job of fresh) this.turns.takes(job.id, asked);
      if (anew) this.turns.all(asked);
      this.failed = null;
      this.followProgress();
    } catch (error) {
      if (isOver()) return;
      this.failed = () => { void this.read(sources, anew); };
      this.store.update((list) => ({ ...list, loading: false, error }));
    }
  }

  /** Whose progress is shown is followed as well: of everything only states are told. */
  private followProgress(): void {
    if (this.query.projects !== "all" || this.stopping.signal.aborted) return;
    const running = new Set([...this.store.get().jobs.values()].filter((job) => job.state === "running").map((job) => job.project).slice(0, mostFollowed));
    for (const [project, stop] of this.followed) if (!running.has(project)) { stop(); this.followed.delete(project); }
    for (const project of running) if (!this.followed.has(project)) this.followed.set(project, events.follow(project));
  }

  private heard(id: string, state: JobState): void {
    const known = this.store.get().jobs.get(id);
    this.turns.told(id);
    if (known) this.take({ ...known, state });
    if (!this.query.states.includes(state)) return;
    this.asked.add(id);
    this.timer ??= setTimeout(() => { void this.fetchAsked(); }, 120);
  }

  private async fetchAsked(): Promise<void> {
    this.timer = null;
    const ids = [...this.asked];
    this.asked.clear();
    // A batch that was submitted or cancelled at once: its list is cheaper than its jobs.
    if (ids.length > together) {
      const wait = this.readAt + calm - Date.now();
      if (wait <= 0) return this.reload();
      // In a flood the list is read once in a while, not with every wave.
      for (const id of ids.slice(0, together + 1)) this.asked.add(id);
      this.timer = setTimeout(() => { void this.fetchAsked(); }, wait);
      return;
    }
    const { signal } = this.stopping;
    const { fn, user } = this.query;
    await Promise.all(ids.map(async (id) => {
      const asked = this.turns.ask();
      try {
        const { value } = await request<Job>("GET", path`/api/v1/jobs/${id}`, { signal });
        if (!signal.aborted && (!fn || value.function === fn) && (!user || value.user === user) && this.turns.takes(id, asked)) this.take(value);
      } catch { /* The next event or a reload brings it. */ }
    }));
  }
}

/** Follows jobs while the component is there; nothing where there is no query. */
export function useJobs(query: JobQuery | null): JobList & Pick<JobFeed, "put" | "more" | "reload" | "again"> {
  const key = query === null ? null : JSON.stringify(query);
  const feed = useMemo(() => new JobFeed(query ?? { projects: [], states: [] }), [key]);
  useEffect(() => (query === null ? undefined : feed.start()), [feed]);
  const list = useStore(feed.store);
  return { ...list, put: feed.put, more: feed.more, reload: feed.reload, again: feed.again };
}

/** Asks for a job's end, change or new try. */
export const jobActions = {
  async cancel(job: string): Promise<Job> { return (await request<Job>("POST", path`/api/v1/jobs/${job}/cancel`)).value; },
  async retry(job: Job): Promise<void> {
    // One click is one try, however often it is sent: a new try of the same attempt is the same one.
    await request("POST", path`/api/v1/jobs/${job.id}/retry`, { idempotencyKey: `retry-${job.id}-${job.attempt}-${job.finishedAt ?? ""}`.replace(/[^\x21-\x7e]/g, "") });
  },
  async approve(job: string): Promise<Job> { return (await request<Job>("POST", path`/api/v1/jobs/${job}/approve`)).value; },
  async change(job: string, body: { priority?: number; hold?: boolean; before?: string; after?: string }): Promise<Job> {
    return (await request<Job>("PATCH", path`/api/v1/jobs/${job}`, { body })).value;
  },
};

