/** How a film is played: where it is, how fast and which way, and between which frames. */
export interface Transport {
  /** The frame that is seen, from 0. */
  frame: number;
  /** 0 stands still, 1 plays, 2 is twice as fast, negative plays backwards. */
  speed: number;
  loop: boolean;
  /** The first frame that is played; null is the film's first. */
  start: number | null;
  /** The last frame that is played; null is the film's last. */
  end: number | null;
  /** How many frames the film has. */
  frames: number;
}

/** What a key or a button asks of a player. */
export type Press = "play" | "back" | "stop" | "forward" | "mark-in" | "mark-out" | "clear" | "loop" | "first" | "last" | { step: number } | { to: number };

const fastest = 8;

/** A film that stands at its beginning. */
export function transportOf(frames: number): Transport { return { frame: 0, speed: 0, loop: false, start: null, end: null, frames: Math.max(1, frames) }; }

/** The first and the last frame that are played. */
export function bounds(state: Transport): [first: number, last: number] {
  const last = Math.min(state.end ?? state.frames - 1, state.frames - 1);
  return [Math.min(state.start ?? 0, last), last];
}

function clamp(state: Transport, frame: number): number { return Math.max(0, Math.min(state.frames - 1, Math.round(frame))); }

/** What becomes of it. */
export function press(state: Transport, what: Press): Transport {
  const [first, last] = bounds(state);
  if (typeof what === "object") return "step" in what ? { ...state, speed: 0, frame: clamp(state, state.frame + what.step) } : { ...state, frame: clamp(state, what.to) };
  switch (what) {
    case "play": return state.speed !== 0 ? { ...state, speed: 0 } : { ...state, speed: 1, frame: state.frame >= last || state.frame < first ? first : state.frame };
    case "stop": return { ...state, speed: 0 };
    case "forward": return { ...state, speed: state.speed > 0 ? Math.min(fastest, state.speed * 2) : 1, frame: state.speed <= 0 && state.frame >= last ? first : state.frame };
    case "back": return { ...state, speed: state.speed < 0 ? Math.max(-fastest, state.speed * 2) : -1, frame: state.speed >= 0 && state.frame <= first ? last : state.frame };
    case "mark-in": return { ...state, start: state.frame, end: state.end !== null && state.end < state.frame ? null : state.end };
    case "mark-out": return { ...state, end: state.frame, start: state.start !== null && state.start > state.frame ? null : state.start };
    case "clear": return { ...state, start: null, end: null };
    case "loop": return { ...state, loop: !state.loop };
    case "first": return { ...state, speed: 0, frame: first };
    case "last": return { ...state, speed: 0, frame: last };
  }
}

/** The film has come to a frame by itself: at an end it begins again or stands. */
export function arrive(state: Transport, frame: number): Transport {
  const [first, last] = bounds(state);
  if (state.speed > 0 && frame > last) return state.loop ? { ...state, frame: first } : { ...state, speed: 0, frame: last };
  if (state.speed < 0 && frame < first) return state.loop ? { ...state, frame: last } : { ...state, speed: 0, frame: first };
  const at = clamp(state, frame);
  return at === state.frame ? state : { ...state, frame: at };
}

/** The frame that is seen at a time. */
export function frameAt(seconds: number, rate: number): number { return Math.floor(seconds * rate + 1e-3); }

/** A time in the middle of a frame: seeking there shows it, however times are rounded. */
export function timeOf(frame: number, rate: number): number { return (frame + 0.5) / rate; }

const keys: Record<string, Press> = {
  " ": "play", k: "stop", j: "back", l: "forward", i: "mark-in", o: "mark-out", x: "clear", r: "loop", ArrowLeft: { step: -1 }, ArrowRight: { step: 1 }, Home: "first", End: "last", ",": { step: -1 }, ".": { step: 1 },
};

/** What a key asks for; null for others. */
export function pressOf(key: string, shift: boolean): Press | null {
  const what = keys[key.length === 1 ? key.toLowerCase() : key] ?? null;
  return shift && what !== null && typeof what === "object" && "step" in what ? { step: what.step * 10 } : what;
}
