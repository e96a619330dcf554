import { savedForm, type FlowDocument } from "./flow";
import { sameJson } from "./json";
import { merge, type MergeConflict } from "./merge";

/** A version of the document at the gateway. */
export interface Version { document: FlowDocument; etag: string }

/** What the saver asks of the gateway. */
export interface SaveWorld {
  /** Saves over a version; the new one, or the version that is there where it is another. */
  save(document: FlowDocument, over: string | null): Promise<{ saved: Version } | { stale: Version }>;
  /** Keeps what is not saved yet at the gateway, so that nothing is lost with the page. */
  keep(document: FlowDocument, base: string | null): Promise<void>;
  /** Keeps it in this browser, at once; false where that cannot be. */
  keepHere(document: FlowDocument, base: string | null): boolean;
  /** This browser need not keep it any more. */
  forgetHere(): void;
  /** Nobody wants what the gateway keeps. */
  forget(): Promise<void>;
  /** Whether trying the same again is in vain. */
  isFinal(error: unknown): boolean;
  later(milliseconds: number, then: () => void): () => void;
}

/** How what is on the screen and what is saved stand. */
export type SaveState = "saved" | "dirty" | "kept" | "saving" | "failed" | "refused" | "conflict";

/** What the saver is given of the editor. */
export interface SaveTarget { document(): FlowDocument; adopt(document: FlowDocument, from: FlowDocument): void }

const keepAfter = 800;
const saveAfter = 8_000;

/**
 * Saves a canvas by itself: kept a moment after the last change, committed when work rests. What somebody else saved
 * meanwhile is merged field by field and saved with it; where both changed one thing, somebody is asked, and nothing is
 * overwritten.
 */
export class Saver {
  state: SaveState = "saved";
  error: unknown = null;
  conflict: { theirs: Version; conflicts: MergeConflict[] } | null = null;
  private stops: (() => void)[] = [];
  private running: Promise<void> | null = null;
  private readonly listeners = new Set<() => void>();
  private failures = 0;
  /** Whether something is kept that is not saved, here or at the gateway. */
  hasKept = false;
  private keeping: Promise<void> = Promise.resolve();
  private stage: "open" | "left" | "ended" = "open";

  constructor(private base: Version | null, private readonly target: SaveTarget, private readonly world: SaveWorld) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The version that the gateway has, as far as is known. */
  get version(): Version | null { return this.base; }
  /** Whether something on the screen is not saved. */
  get isDirty(): boolean { return this.base === null || !sameContent(this.target.document(), this.base.document); }

  /** The document changed: it is kept soon, and saved when nothing more comes. */
  touched(): void {
    if (this.state === "conflict") return;
    this.cancelTimers();
    if (!this.isDirty) return this.clean();
    if (this.state !== "saving") this.become("dirty");
    if (this.stage !== "open") return;
    this.stops = [this.world.later(keepAfter, () => void this.keep()), this.world.later(saveAfter, () => void this.save())];
  }

  /** Saves now. Resolves when what was on the screen is saved, or the reason why not is known. */
  async save(): Promise<void> {
    while (this.running) await this.running;
    if (this.state === "conflict" || this.stage === "ended" || !this.isDirty) return;
    this.cancelTimers();
    this.running = this.saveOnce().finally(() => { this.running = null; });
    return this.running;
  }

  /** Somebody else saved: their changes come onto the screen, mine stay. */
  async theirs(version: Version): Promise<void> {
    while (this.running) await this.running;
    if (version.etag === this.base?.etag || this.state === "conflict") return;
    this.take(version);
  }

  /** Somebody else may have saved: looks, and takes in what there is. True where something was. */
  async look(read: () => Promise<Version | null>): Promise<boolean> {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      while (this.running) await this.running;
      const before = this.base?.etag;
      const version = await read();
      // What was read before my own save is older than it.
      if (this.running || this.base?.etag !== before) continue;
      if (!version || version.etag === before || this.state === "conflict" || this.stage !== "open") return false;
      this.take(version);
      return true;
    }
    return false;
  }

  /** Decides a conflict: the document as somebody wants it, over the version that is there. */
  async resolve(document: FlowDocument): Promise<void> {
    const conflict = this.conflict;
    if (!conflict) return;
    const before = this.target.document();
    this.conflict = null;
    this.base = conflict.theirs;
    this.target.adopt(document, before);
    this.become("dirty");
    await this.save();
  }

  /** The gateway answers again: what could not be saved is tried at once. */
  again(): void { if (this.state === "failed" || this.state === "refused") void this.save(); }

  /** The canvas is left: what is on its way arrives or stays in this browser, and nothing is begun any more. */
  stop(): void {
    if (this.isDirty && this.stage === "open") this.keepHere();
    this.cancelTimers();
    // What has ended stays so, also for a save that waits for its turn.
    if (this.stage === "open") this.stage = "left";
  }

  /** The canvas is deleted: nothing is saved meanwhile, and where that was done nothing afterwards. Throws what `act` does. */
  async remove(act: (etag: string) => Promise<void>): Promise<void> {
    while (this.running) await this.running;
    this.cancelTimers();
    const removing = (async () => {
      await this.keeping;
      await act(this.base?.etag ?? "");
      this.end();
      this.hasKept = false;
      this.world.forgetHere();
    })();
    this.running = removing.catch(() => { if (this.isDirty) this.touched(); }).finally(() => { this.running = null; });
    return removing;
  }

  /** Nobody is signed in any more: nothing is sent, whoever comes next. */
  end(): void {
    this.cancelTimers();
    this.stage = "ended";
  }

  private async saveOnce(): Promise<void> {
    this.become("saving");
    this.keepHere();
    for (let attempt = 0; attempt < 5; attempt += 1) {
      if (this.hasEnded()) return;
      const document = savedForm(this.target.document());
      try {
        const answer = await this.world.save(document, this.base?.etag ?? null);
        if ("saved" in answer) {
          this.failures = 0;
          this.error = null;
          const { saved } = answer;
          this.base = { etag: saved.etag, document: saved.document };
          this.hasKept = false;
          this.world.forgetHere();
          // What was typed while it was on its way is saved next.
          if (this.isDirty) {
            this.become("dirty");
            this.touched();
          } else this.become("saved");
          return;
        }
        if (!this.take(answer.stale)) return;
        if (!this.isDirty) return this.clean();
      } catch (error) {
        this.error = error;
        this.failures += 1;
        // Also what was typed while it was on its way.
        if (!this.hasEnded()) this.keepHere();
        const isFinal = this.world.isFinal(error);
        this.become(isFinal ? "refused" : "failed");
        if (!isFinal && this.stage === "open") this.stops = [this.world.later(Math.min(30_000, 2_000 * 2 ** this.failures), () => void this.save())];
        return;
      }
    }
    this.become("dirty");
    this.touched();
  }

  /** Takes in a version of somebody else's; false where somebody has to decide. */
  private take(theirs: Version): boolean {
    const mine = this.target.document();
    const base = this.base?.document ?? { nodes: [], edges: [] };
    const { document, conflicts } = merge(base, mine, theirs.document);
    if (conflicts.length > 0) {
      this.conflict = { theirs, conflicts };
      this.cancelTimers();
      // Over the version that it was made on: whoever comes back is asked again.
      this.keepHere();
      this.become("conflict");
      return false;
    }
    this.base = theirs;
    if (!sameJson(document, mine)) this.target.adopt(document, mine);
    if (this.state !== "saving") {
      if (this.isDirty) this.touched(); else this.clean();
    }
    return true;
  }

  /** Nothing is to be saved: what was kept before would come back otherwise. */
  private clean(): void {
    this.become("saved");
    if (!this.hasKept) return;
    this.hasKept = false;
    this.world.forgetHere();
    this.keeping = this.keeping.then(() => (this.isDirty || this.stage === "ended" ? undefined : this.world.forget())).catch(() => undefined);
  }

  private keepHere(): boolean {
    this.hasKept = true;
    return this.world.keepHere(savedForm(this.target.document()), this.base?.etag ?? null);
  }

  private async keep(): Promise<void> {
    if (this.state !== "dirty" || this.stage === "ended") return;
    const document = savedForm(this.target.document()), base = this.base?.etag ?? null;
    // First: the gateway may be away, or wait for the password.
    const isHere = this.keepHere();
    const isCurrent = () => this.state === "dirty" && sameContent(this.target.document(), document);
    this.keeping = this.keeping.then(async () => {
      if (!isCurrent() || this.stage === "ended") return;
      try {
        await this.world.keep(document, base);
        if (isCurrent()) this.world.forgetHere();
      } catch {
        // Saving follows, and tells of what is wrong.
        if (!isHere) return;
      }
      if (isCurrent()) this.become("kept");
    });
    return this.keeping;
  }

  private hasEnded(): boolean { return this.stage === "ended"; }

  private cancelTimers(): void {
    for (const stop of this.stops) stop();
    this.stops = [];
  }

  private become(state: SaveState): void {
    if (this.state === state && state !== "failed" && state !== "refused") return;
    this.state = state;
    for (const listener of [...this.listeners]) listener();
  }
}

/** Whether two documents say the same; where somebody looks at them from does not count. */
export function sameContent(left: FlowDocument, right: FlowDocument): boolean {
  if (left === right) return true;
  const { viewport: _, ...a } = savedForm(left), { viewport: __, ...b } = savedForm(right);
  void _; void __;
  return sameJson(a, b);
}
