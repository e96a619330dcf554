/** An upload of which a part has come: where it belongs, and what tells its file from others. Never what it may be done with. */
export interface Interrupted {
  project: string; folder: string; name: string;
  size: number; modified: number;
  /** SHA-256 of its first mebibyte. */
  head: string;
  /** When it was begun or went on last. */
  at: number;
}

/** What of a browser's storage is needed. */
export interface Shelf { getItem(key: string): string | null; setItem(key: string, value: string): void; removeItem(key: string): void }

const most = 50;
/** The gateway keeps a part for a day after its last byte. */
const keptFor = 86_400_000;
const mebibyte = 1 << 20;

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

function isInterrupted(value: unknown): value is Interrupted {
  const one = value as Partial<Record<keyof Interrupted, unknown>> | null;
  return typeof one === "object" && one !== null && isText(one.project) && isText(one.folder) && isText(one.name) && isText(one.head) && isNumber(one.size) && isNumber(one.modified) && isNumber(one.at);
}

/** Whether two are of one place. */
export function isSamePlace(a: Pick<Interrupted, "project" | "folder" | "name">, b: Pick<Interrupted, "project" | "folder" | "name">): boolean {
  return a.project === b.project && a.folder === b.folder && a.name === b.name;
}

/** What of a file tells it from others. */
export type Print = Pick<Interrupted, "size" | "modified" | "head">;

/** Whether a file is the one that was begun. */
export function isSameFile(a: Print, b: Print): boolean { return a.size === b.size && a.modified === b.modified && a.head === b.head; }

/** What of a file tells it from others; null where this browser has no hashes, as on an address that is not secure. */
export async function printOf(file: Blob & { readonly lastModified: number }, digest: SubtleCrypto | undefined = globalThis.crypto?.subtle): Promise<Print | null> {
  if (!digest) return null;
  const hash = new Uint8Array(await digest.digest("SHA-256", await file.slice(0, mebibyte).arrayBuffer()));
  return { size: file.size, modified: file.lastModified, head: [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}

/** The uploads that this browser has begun for one person of one tenant, so that they go on after the page was left. */
export class InterruptedUploads {
  constructor(private readonly shelf: Shelf, private readonly key: string, private readonly now: () => number = Date.now) {}

  /** Those whose parts the gateway still has, the newest first. */
  list(): Interrupted[] {
    let kept: unknown;
    try { kept = JSON.parse(this.shelf.getItem(this.key) ?? "[]"); } catch { return []; }
    return Array.isArray(kept) ? kept.filter(isInterrupted).filter((one) => one.at > this.now() - keptFor) : [];
  }

  /** The one of a place that this very file began; none where another file did. */
  find(place: Pick<Interrupted, "project" | "folder" | "name">, print: Print): Interrupted | null {
    return this.list().find((one) => isSamePlace(one, place) && isSameFile(one, print)) ?? null;
  }

  /** Remembers one that begins or goes on. */
  remember(one: Omit<Interrupted, "at">): void { this.write([{ ...one, at: this.now() }, ...this.list().filter((other) => !isSamePlace(one, other))].slice(0, most)); }

  /** Forgets one that has come, or that nobody wants. */
  forget(place: Pick<Interrupted, "project" | "folder" | "name">): void {
    const before = this.list();
    const left = before.filter((one) => !isSamePlace(one, place));
    if (left.length !== before.length) this.write(left);
  }

  private write(list: Interrupted[]): void {
    // A browser that keeps nothing uploads all the same.
    try { if (list.length > 0) this.shelf.setItem(this.key, JSON.stringify(list)); else this.shelf.removeItem(this.key); } catch { /* Full, or forbidden. */ }
  }
}
