/** One shot of a cut. In and out are frames of its source; out is the first that is not used. */
export interface CutClip {
  key: string; take: string | null; file: string | null; name: string; shot: string;
  in: number; out: number; dissolve: number; fadeOut: number;
  /** How many frames the source has; null where that is not known, as of a still. */
  frames: number | null;
  rate: number;
}

/** A clip with its place: where it begins in the film, in frames of the film, and how long it is there. */
export interface PlacedClip { clip: CutClip; index: number; start: number; length: number }

/** How long a clip is in the film. */
export function lengthOf(clip: CutClip, rate: number): number { return Math.max(1, Math.round(((clip.out - clip.in) * rate) / clip.rate)); }

/** All clips with their places. */
export function placed(clips: readonly CutClip[], rate: number): PlacedClip[] {
  let start = 0;
  return clips.map((clip, index) => {
    const length = lengthOf(clip, rate), place = { clip, index, start, length };
    start += length;
    return place;
  });
}

/** How long a film is. */
export function totalOf(clips: readonly CutClip[], rate: number): number { return clips.reduce((sum, clip) => sum + lengthOf(clip, rate), 0); }

/** The clip that is seen at a frame of the film, and which frame of its source. */
export function clipAt(places: readonly PlacedClip[], frame: number, rate: number): { place: PlacedClip; sourceFrame: number } | null {
  const place = places.find((one) => frame >= one.start && frame < one.start + one.length) ?? places[places.length - 1];
  if (!place) return null;
  const inside = Math.max(0, Math.min(place.length - 1, frame - place.start));
  return { place, sourceFrame: Math.min(place.clip.out - 1, place.clip.in + Math.floor((inside * place.clip.rate) / rate + 1e-6)) };
}

/** What is seen at a frame of the film: a clip, and below it the one that it dissolves from. */
export interface Layers {
  /** The clip on top. */
  place: PlacedClip; sourceFrame: number;
  /** How much of it is seen, 0 to 1; what is missing to 1 is the clip below, or black. */
  weight: number;
  below: { place: PlacedClip; sourceFrame: number } | null;
}

/**
 * The layers at a frame of the film, as the export mixes them: at the n-th of N frames of a dissolve the newer one has the
 * weight (n + 1) / (N + 1). A dissolve shows what comes behind the out-point of the clip before; of one that has nothing left
 * there the last frame stands.
 */
export function layersAt(places: readonly PlacedClip[], frame: number, rate: number): Layers | null {
  const at = clipAt(places, frame, rate);
  if (!at) return null;
  const { clip, index, start, length } = at.place;
  const inside = Math.max(0, Math.min(length - 1, frame - start));
  const inFilm = (frames: number) => Math.round((frames * rate) / clip.rate);
  const dissolve = inFilm(clip.dissolve);
  if (inside < dissolve) {
    const before = places[index - 1];
    const from = before ? before.clip.out + Math.floor((inside * before.clip.rate) / rate + 1e-6) : 0;
    const below = before ? { place: before, sourceFrame: Math.min(from, (before.clip.frames ?? Number.MAX_SAFE_INTEGER) - 1) } : null;
    return { ...at, weight: (inside + 1) / (dissolve + 1), below };
  }
  // A fade to black is of the last shot alone.
  const fade = index === places.length - 1 ? inFilm(clip.fadeOut) : 0, left = length - inside;
  return { ...at, weight: left <= fade ? left / (fade + 1) : 1, below: null };
}

function within(value: number, least: number, most: number): number { return Math.max(least, Math.min(most, Math.round(value))); }

/** Another in-point: at least one frame stays, and nothing before the source's first. */
export function trimIn(clip: CutClip, frame: number): CutClip { return fitted({ ...clip, in: within(frame, 0, clip.out - 1) }); }

/** Another out-point: at least one frame stays, and nothing behind the source's last. */
export function trimOut(clip: CutClip, frame: number): CutClip { return fitted({ ...clip, out: within(frame, clip.in + 1, clip.frames ?? Number.MAX_SAFE_INTEGER) }); }

/** A clip whose dissolve and fade are no longer than itself. */
function fitted(clip: CutClip): CutClip {
  const length = clip.out - clip.in;
  return { ...clip, dissolve: within(clip.dissolve, 0, length), fadeOut: within(clip.fadeOut, 0, length) };
}

/** A clip with other words. */
export function changed(clip: CutClip, part: Partial<Pick<CutClip, "dissolve" | "fadeOut">>): CutClip { return fitted({ ...clip, ...part }); }

/** How long a dissolve is that nobody has given a length: half a second, as far as the shot and what is left of the one before allow. */
export function dissolveOf(clip: CutClip, before: CutClip | null): number {
  const left = before && before.frames !== null ? before.frames - before.out : Number.MAX_SAFE_INTEGER;
  return within(clip.rate / 2, 0, Math.min(clip.out - clip.in, Math.max(0, left)));
}

/** A list with one of its things at another place. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  if (from < 0 || from >= list.length) return [...list];
  const rest = list.filter((_, index) => index !== from);
  rest.splice(Math.max(0, Math.min(rest.length, to)), 0, list[from] as T);
  return rest;
}

/** Cuts a clip in two at a frame of the film; nothing where that is at its edge. */
export function split(clips: readonly CutClip[], frame: number, rate: number, key: string): CutClip[] | null {
  const at = clipAt(placed(clips, rate), frame, rate);
  if (!at || at.sourceFrame <= at.place.clip.in || at.sourceFrame >= at.place.clip.out) return null;
  const { clip, index } = at.place;
  return [...clips.slice(0, index), fitted({ ...clip, out: at.sourceFrame, fadeOut: 0 }), fitted({ ...clip, key, in: at.sourceFrame, dissolve: 0 }), ...clips.slice(index + 1)];
}

/** A shot as the gateway takes it. */
export interface ShotBody { take?: string; file?: string; in: number; out: number; dissolve?: number; fadeOut?: number }

/** The cut as the gateway takes it. A fade to black is of the last shot alone. */
export function bodyOf(clips: readonly CutClip[]): ShotBody[] {
  return clips.map((clip, index) => ({
    ...(clip.take ? { take: clip.take } : { file: clip.file ?? "" }), in: clip.in, out: clip.out,
    ...(clip.dissolve > 0 ? { dissolve: clip.dissolve } : {}), ...(clip.fadeOut > 0 && index === clips.length - 1 ? { fadeOut: clip.fadeOut } : {}),
  }));
}

/** What was done, and what was undone, step by step. */
export interface Steps<T> { past: T[]; now: T; future: T[] }

const mostSteps = 200;

/** One step more. */
export function stepped<T>(steps: Steps<T>, now: T): Steps<T> { return Object.is(now, steps.now) ? steps : { past: [...steps.past.slice(1 - mostSteps), steps.now], now, future: [] }; }

/** One step back. */
export function undone<T>(steps: Steps<T>): Steps<T> {
  const before = steps.past[steps.past.length - 1];
  return before === undefined ? steps : { past: steps.past.slice(0, -1), now: before, future: [steps.now, ...steps.future] };
}

/** The step that was taken back, again. */
export function redone<T>(steps: Steps<T>): Steps<T> {
  const [next, ...future] = steps.future;
  return next === undefined ? steps : { past: [...steps.past, steps.now], now: next, future };
}
