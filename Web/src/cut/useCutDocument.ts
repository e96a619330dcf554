import { useCallback, useEffect, useRef, useState } from "react";
import { filePath, path, request, send } from "../api/http";
import { forgetDraft, keepDraft, keptDraft, type CutDraft } from "../api/kept";
import { ApiError, problemOf } from "../api/problems";
import type { TakeLine } from "../core/takes";
import { bodyOf, redone, stepped, undone, type CutClip, type Steps } from "../core/cut";
import { CutFileError, plainName, readEdl, readOtio, type ReadCut } from "../core/cutFiles";
import { nameOfTake } from "../takes/words";
import { t } from "../strings";
import { toast } from "../ui/toasts";

const folder = "04_Project_Files/EDLs";
const nothing: CutClip[] = [];
let nextKey = 1;

/** A key that no other clip of this page has. */
export function newClipKey(): string { return `clip-${nextKey++}`; }

/** A clip of a whole take. */
export function clipOf(take: TakeLine): CutClip {
  const rate = take.rate ?? 24;
  const frames = take.frames ?? Math.max(1, Math.round((take.seconds ?? 2) * rate));
  return { key: newClipKey(), take: take.id, file: null, name: nameOfTake(take), shot: take.shot, in: 0, out: frames, dissolve: 0, fadeOut: 0, frames, rate };
}

/** The clips of a cut that was read, and what of it this project does not have. */
export function matched(read: ReadCut, takes: Iterable<TakeLine>): { clips: CutClip[]; missing: string[]; notes: string[] } {
  const byPath = new Map<string, TakeLine>(), byName = new Map<string, TakeLine>();
  for (const take of takes) {
    if (take.kind !== "video") continue;
    byPath.set(take.path, take);
    byName.set(plainName(take.fileName), take);
  }
  const clips: CutClip[] = [], missing: string[] = [], notes = new Set(read.notes);
  for (const shot of read.shots) {
    const take = shot.names.map((name) => byPath.get(name) ?? byName.get(plainName(name))).find((one) => one !== undefined);
    const file = shot.names.find((name) => /^0[1-6]_[A-Za-z_]+\//.test(name));
    if (take) {
      // Lists tell times of the source's clock, which begins where the source says.
      const whole = clipOf(take), offset = take.start !== undefined && (shot.in ?? 0) >= take.start ? take.start : 0;
      let from = (shot.in ?? 0) - offset, out = Math.min((shot.out ?? whole.out + offset) - offset, whole.out);
      if (from >= whole.out) {
        [from, out] = [0, whole.out];
        notes.add("outside");
      }
      clips.push({ ...whole, in: Math.max(0, Math.min(from, out - 1)), out, dissolve: shot.dissolve, fadeOut: shot.fadeOut });
    } else if (file && shot.in !== undefined && shot.out !== undefined) {
      clips.push({ key: newClipKey(), take: null, file, name: plainName(file), shot: plainName(file), in: shot.in, out: shot.out, dissolve: shot.dissolve, fadeOut: shot.fadeOut, frames: null, rate: read.rate ?? 24 });
    } else missing.push(shot.names[0] ?? "?");
  }
  return { clips, missing: [...new Set(missing)], notes: [...notes] };
}

/** Reads a cut file that somebody chose. Throws `CutFileError`. */
export function readCutFile(name: string, text: string, rate: number): ReadCut { return /\.edl$/i.test(name) ? readEdl(text, rate) : readOtio(text); }

/** What was written. */
export interface WrittenCut { name: string; files: string[]; frames: number; frameRate: string; notes: string[] }

/** A cut with its steps, and how it stands to the file that it is saved in. */
interface OpenCut {
  /** The name it has; null where it has none yet. */
  name: string | null;
  steps: Steps<CutClip[]>;
  saved: CutClip[];
  rate: number | null;
  /** The version of the file that it was read from or written to; null where that is not known. */
  etag: string | null;
  /** What of the file is not here: saved under its name, it would be gone from there. */
  left: { missing: string[]; notes: string[] } | null;
}

function fileAddress(project: string, name: string, extension: string): string { return `${path`/api/v1/projects/${project}/files/`}${filePath(`${folder}/${name}.${extension}`)}`; }

function opened(name: string | null, clips: CutClip[], rest: Pick<OpenCut, "rate" | "etag" | "left">, draft: CutDraft | null): OpenCut {
  const saved: OpenCut = { name, steps: { past: [], now: clips, future: [] }, saved: clips, ...rest };
  if (!draft) return saved;
  // What it was made from counts, not what is there now: whoever saves it is asked where that is something else.
  return { ...saved, steps: { past: [clips], now: draft.clips.map((clip) => ({ ...clip, key: newClipKey() })), future: [] }, etag: name === null ? null : draft.etag };
}

/** A cut that is worked on: its clips with undo, reading it, keeping what is not saved, and writing it. */
export function useCutDocument(project: string, name: string | null, takes: ReadonlyMap<string, TakeLine>, areTakesRead: boolean, isKnown: boolean) {
  const [cut, setCut] = useState<OpenCut | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  const known = useRef(takes);
  known.current = takes;
  // Lists are read anew now and then: a cut that is open does not wait for them again.
  const wereRead = useRef(false);
  wereRead.current ||= areTakesRead;
  const isReady = isKnown && (name === null || wereRead.current);
  const now = useRef(cut);
  now.current = cut;
  const savedAs = useRef<string>();

  const change = useCallback((step: (steps: Steps<CutClip[]>) => Steps<CutClip[]>) => setCut((before) => (before ? { ...before, steps: step(before.steps) } : before)), []);
  const apply = useCallback((edit: (clips: CutClip[]) => CutClip[]) => change((steps) => stepped(steps, edit(steps.now))), [change]);
  useEffect(() => {
    // A cut that was just saved under this name is what is on the screen already, whether or not that was drawn yet.
    if (now.current !== null && (now.current.name === name || savedAs.current === name)) return;
    savedAs.current = undefined;
    setError(null);
    setCut(null);
    if (!isReady) return;
    const show = (clips: CutClip[], rest: Pick<OpenCut, "rate" | "etag" | "left">) => {
      const draft = keptDraft(project, name);
      setCut(opened(name, clips, rest, draft));
      if (draft) toast(t.cut.broughtBack, "info");
    };
    if (name === null) return show([], { rate: null, etag: null, left: null });
    const stop = new AbortController();
    (async () => {
      const get = (extension: string) => send("GET", fileAddress(project, name, extension), { signal: stop.signal, headers: { accept: "*/*" } });
      const response = await get("otio");
      // One from elsewhere may be an edit list alone: it is saved as both from then on.
      const list = response.status === 404 ? await get("edl") : null;
      if (!response.ok && !list?.ok) throw await problemOf(response);
      const usual = [...known.current.values()].find((take) => take.kind === "video" && take.rate)?.rate ?? 24;
      const read = list?.ok ? { ...readEdl(await list.text(), usual), rate: usual } : readOtio(await response.text());
      const { clips, missing, notes } = matched(read, known.current.values());
      if (stop.signal.aborted) return;
      const left = missing.length > 0 || notes.length > 0 ? { missing, notes } : null;
      show(clips, { rate: read.rate, etag: response.ok ? response.headers.get("etag") : null, left });
    })().catch((problem: unknown) => {
      if (!stop.signal.aborted) setError(problem instanceof CutFileError ? new Error(t.cut.importFailed[problem.message]) : problem);
    });
    return () => stop.abort();
  }, [project, name, isReady, turn]);
  // What is not saved outlasts the page.
  useEffect(() => {
    if (!cut) return;
    if (cut.steps.now === cut.saved) forgetDraft(project, cut.name);
    else keepDraft(project, cut.name, { clips: cut.steps.now, etag: cut.etag });
  }, [project, cut]);

  const save = useCallback(async (as: string, replace: boolean, isDecided: boolean): Promise<WrittenCut | "exists" | "changed"> => {
    if (!cut) throw new Error("No cut is open.");
    const clips = cut.steps.now;
    // Writing has no condition: of what somebody else saved meanwhile the page learns by a look just before.
    if (replace && !isDecided && as === cut.name && cut.etag !== null) {
      const there = await send("GET", fileAddress(project, as, "otio"), { headers: { accept: "*/*", "if-none-match": cut.etag } });
      if (there.ok) return "changed";
    }
    try {
      const { value } = await request<WrittenCut>("PUT", path`/api/v1/projects/${project}/cuts/${as}`, { body: { shots: bodyOf(clips), replace } });
      const written = await send("GET", fileAddress(project, as, "otio"), { headers: { accept: "*/*" } }).catch(() => null);
      forgetDraft(project, cut.name);
      if (now.current?.name === cut.name) savedAs.current = as;
      setCut((before) => (before?.name === cut.name ? { ...before, name: as, saved: clips, etag: written?.ok ? written.headers.get("etag") : null, left: null } : before));
      return value;
    } catch (problem) {
      if (problem instanceof ApiError && problem.status === 409 && problem.code === "conflict" && !replace) return "exists";
      throw problem;
    }
  }, [project, cut]);

  const clips = cut?.steps.now ?? nothing;
  return {
    clips, apply, save, loading: cut === null && error === null, error, fileRate: cut?.rate ?? null, isDirty: cut !== null && clips !== cut.saved, left: cut?.left ?? null,
    reload: () => setTurn((value) => value + 1), drop: () => { if (cut) { forgetDraft(project, cut.name); setCut({ ...cut, steps: { past: [], now: cut.saved, future: [] } }); } },
    canUndo: (cut?.steps.past.length ?? 0) > 0, canRedo: (cut?.steps.future.length ?? 0) > 0, undo: () => change(undone), redo: () => change(redone),
  };
}
