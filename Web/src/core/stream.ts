/** What the stream needs of a WebSocket. */
export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

/** An event as it came, with the members that every one has. */
export interface RawEvent { type: string; id?: string; project?: string; job?: string; [member: string]: unknown }

/** What the stream is given: how to connect, who it is, and how time passes. */
export interface StreamWorld {
  /** A new connection; null where nobody is signed in. */
  connect(): Socket | null;
  /** Calls back after so many milliseconds; the answer calls it off. */
  later(milliseconds: number, then: () => void): () => void;
  /** 0 to 1, so that clients do not all come back at once. */
  chance(): number;
  onState(state: "off" | "connecting" | "open" | "waiting"): void;
  /** The token has ended. */
  onExpired(): void;
}

/** What `follow` takes for all projects of the tenant. */
export const everything = "*";

interface Subscription { count: number; since: string | null; isFresh: boolean }

const remembered = 2000;
const silence = 25_000;
const patience = 10_000;

/**
 * The event stream: one connection for all projects that somebody looks at. When it breaks it comes back by itself and
 * asks for what was missed since the last durable event; an event that comes twice is told once.
 */
export class EventStream {
  private socket: Socket | null = null;
  private isOpen = false;
  private readonly projects = new Map<string, Subscription>();
  private readonly listeners = new Set<(event: RawEvent) => void>();
  private readonly resyncs = new Set<(project: string) => void>();
  private seen = new Set<string>();
  private failures = 0;
  private callOff: (() => void) | null = null;
  private watch: (() => void) | null = null;

  constructor(private readonly world: StreamWorld) {}

  /** Hears every event until the answer is called. */
  listen(listener: (event: RawEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Hears when events of a project may have been missed for good, so that what is shown must be read anew. */
  onResync(listener: (project: string) => void): () => void {
    this.resyncs.add(listener);
    return () => this.resyncs.delete(listener);
  }

  /** Follows a project, or `everything`, until the answer is called. Of everything the durable events are told alone, and none again that was missed: then it is read anew. */
  follow(project: string): () => void {
    const known = this.projects.get(project);
    if (known) known.count += 1;
    else {
      this.projects.set(project, { count: 1, since: null, isFresh: true });
      // One that is not open yet subscribes to all when it is.
      if (this.socket) this.subscribe(project);
      else if (!this.callOff) this.open();
    }
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const now = this.projects.get(project);
      if (!now || (now.count -= 1) > 0) return;
      this.projects.delete(project);
      this.say(project === everything ? { type: "unsubscribe", all: true } : { type: "unsubscribe", project });
      if (this.projects.size === 0) this.close();
    };
  }

  /** Connects now instead of later: somebody signed in, the network is back, the page is looked at again. */
  wake(): void {
    if (this.socket || this.projects.size === 0) return;
    this.failures = 0;
    this.open();
  }

  /** The network is gone, as far as the browser knows: what is open is not waited for until it falls silent. */
  lost(): void {
    if (!this.socket) return;
    this.drop();
    this.retry();
  }

  /** Ends the connection; `follow` or `wake` begin anew. */
  close(): void {
    this.callOff?.();
    this.callOff = null;
    this.drop();
    this.world.onState("off");
  }

  private open(): void {
    this.callOff?.();
    this.callOff = null;
    const socket = this.world.connect();
    if (!socket) return this.world.onState("off");
    this.world.onState("connecting");
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      this.isOpen = true;
      this.world.onState("open");
      for (const project of this.projects.keys()) this.subscribe(project);
      this.listenForSilence();
    };
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.drop();
      if (event.code === 4401) {
        this.world.onState("off");
        this.world.onExpired();
      } else this.retry();
    };
  }

  private retry(): void {
    if (this.projects.size === 0) return this.world.onState("off");
    const pause = Math.min(15_000, 500 * 2 ** this.failures) * (0.5 + this.world.chance() / 2);
    this.failures = Math.min(this.failures + 1, 6);
    this.world.onState("waiting");
    this.callOff = this.world.later(pause, () => this.open());
  }

  private drop(): void {
    this.watch?.();
    this.watch = null;
    const socket = this.socket;
    this.socket = null;
    this.isOpen = false;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  /** A network that is gone says nothing: after some silence the server is asked, and given up where it does not answer. */
  private listenForSilence(): void {
    this.watch?.();
    this.watch = this.world.later(silence, () => {
      const project = this.projects.keys().next().value as string | undefined;
      if (project !== undefined) this.subscribe(project);
      this.watch = this.world.later(patience, () => {
        this.drop();
        this.retry();
      });
    });
  }

  private subscribe(project: string): void {
    if (project === everything) {
      const all = this.projects.get(project);
      if (all) all.isFresh = true;
      return this.say({ type: "subscribe", all: true });
    }
    const since = this.projects.get(project)?.since;
    this.say(since ? { type: "subscribe", project, since } : { type: "subscribe", project });
  }

  private say(command: object): void {
    if (this.isOpen) this.socket?.send(JSON.stringify(command));
  }

  private receive(data: unknown): void {
    let event: RawEvent;
    try { event = JSON.parse(String(data)) as RawEvent; } catch { return; }
    this.listenForSilence();
    if (event.type === "subscribed") return this.subscribed(event);
    // What is followed already: the answer to what only asks whether anybody is there.
    if (event.type === "error") return event.code === "conflict" ? undefined : this.refused();
    if (event.id !== undefined) {
      if (this.seen.has(event.id)) return;
      this.remember(event.id);
      const subscription = event.project === undefined ? undefined : this.projects.get(event.project);
      if (subscription) subscription.since = event.id;
    }
    for (const listener of [...this.listeners]) listener(event);
  }

  private subscribed(event: RawEvent): void {
    const project = event.all === true ? everything : event.project ?? "";
    const subscription = this.projects.get(project);
    if (!subscription) return;
    // What came before the first subscription was read with the page itself. Between the two, something may have come.
    if (project !== everything && subscription.since === null && typeof event.newest === "string") subscription.since = event.newest;
    if (subscription.isFresh) {
      subscription.isFresh = false;
      for (const listener of [...this.resyncs]) listener(project);
    }
  }

  /** A `since` that the server does not know any more: everything is read anew. */
  private refused(): void {
    for (const [project, subscription] of this.projects) {
      if (subscription.since === null) continue;
      subscription.since = null;
      subscription.isFresh = true;
      this.subscribe(project);
    }
  }

  private remember(id: string): void {
    this.seen.add(id);
    if (this.seen.size > remembered * 2) this.seen = new Set([...this.seen].slice(-remembered));
  }
}
