/** A shot as an OTIO or EDL file says it. */
export interface ReadShot {
  /** What the source is called or where it is: the path, the file's name, or the clip's. */
  names: string[];
  /** In frames of the source, from 0; missing where the whole of it is used. */
  in?: number; out?: number; dissolve: number; fadeOut: number;
}

/** A cut file that was read: its shots, and what of it was left out and why. */
export interface ReadCut { name: string; rate: number | null; shots: ReadShot[]; notes: string[] }

/** Why a file is no cut. */
export class CutFileError extends Error {}

type Dictionary = Record<string, unknown>;
const object = (value: unknown): Dictionary => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Dictionary) : {});
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
const kind = (value: unknown): string => String(object(value).OTIO_SCHEMA ?? "").split(".")[0] ?? "";

function time(value: unknown): { value: number; rate: number } | null {
  const found = object(value);
  return typeof found.value === "number" && typeof found.rate === "number" && found.rate > 0 ? { value: found.value, rate: found.rate } : null;
}

/** Reads an OpenTimelineIO timeline. Throws `CutFileError`. */
export function readOtio(text: string): ReadCut {
  let document: Dictionary;
  try { document = object(JSON.parse(text)); } catch { throw new CutFileError("json"); }
  if (kind(document) !== "Timeline") throw new CutFileError("timeline");
  const tracks = list(object(document.tracks).children).filter((track) => kind(track) === "Track");
  const pictures = tracks.filter((track) => object(track).kind !== "Audio");
  const track = object(pictures[0]);
  const notes: string[] = [];
  if (pictures.length > 1) notes.push("tracks");
  if (!pictures[0]) throw new CutFileError("empty");
  let rate: number | null = null;
  const shots: ReadShot[] = [];
  let dissolve = 0;
  for (const child of list(track.children)) {
    const item = object(child);
    if (kind(item) === "Transition") {
      const into = number(time(item.out_offset)?.value), from = number(time(item.in_offset)?.value);
      const last = shots[shots.length - 1];
      dissolve = into;
      // One that begins before the cut is a fade out where nothing follows; what reaches across is heard of below.
      if (from > 0 && last) last.fadeOut = from;
      continue;
    }
    if (kind(item) === "Gap") { if (number(time(object(item.source_range).duration)?.value) > 0) notes.push("gap"); continue; }
    if (kind(item) !== "Clip") { notes.push("nested"); continue; }
    const references = object(item.media_references);
    const reference = object(item.media_reference ?? references[String(item.active_media_reference_key ?? "DEFAULT_MEDIA")] ?? Object.values(references)[0]);
    const start = time(object(item.source_range).start_time), length = time(object(item.source_range).duration);
    const available = time(object(reference.available_range).start_time);
    rate ??= length?.rate ?? null;
    const offset = start && available && start.value >= available.value ? available.value : 0;
    shots.push({
      names: [reference.target_url, reference.name, item.name].filter((name): name is string => typeof name === "string" && name !== ""),
      ...(start && length ? { in: Math.round(start.value - offset), out: Math.round(start.value - offset + length.value) } : {}), dissolve: Math.round(dissolve), fadeOut: 0,
    });
    dissolve = 0;
    const before = shots[shots.length - 2];
    if (before && before.fadeOut > 0) { notes.push("transition"); before.fadeOut = 0; }
  }
  return { name: typeof document.name === "string" ? document.name : "", rate, shots, notes: [...new Set(notes)] };
}

/** Frames of a timecode, which may drop some of its numbers. */
export function framesOf(timecode: string, rate: number): number | null {
  const parts = /^(\d{1,2}):(\d\d):(\d\d)([:;.])(\d\d)$/.exec(timecode);
  if (!parts) return null;
  const whole = Math.max(1, Math.round(rate));
  const minutes = Number(parts[1]) * 60 + Number(parts[2]);
  const frames = (minutes * 60 + Number(parts[3])) * whole + Number(parts[5]);
  return parts[4] === ":" ? frames : frames - (whole / 15) * (minutes - Math.floor(minutes / 10));
}

/** Reads an edit decision list (CMX3600): cuts, dissolves, fades to black. Throws `CutFileError`. */
export function readEdl(text: string, rate: number): ReadCut {
  const cut: ReadCut = { name: "", rate: null, shots: [], notes: [] };
  const event = /^\s*(\d+)\s+(\S+)\s+(\S+)\s+(C|D|W\d*|KB?)\s+(?:(\d+)\s+)?(\d\d:\d\d:\d\d[:;]\d\d)\s+(\d\d:\d\d:\d\d[:;]\d\d)\s+\d\d:\d\d:\d\d[:;]\d\d\s+\d\d:\d\d:\d\d[:;]\d\d/;
  // Comments name the sources of the event they follow: of its one shot, or of both sides of its transition.
  let from: ReadShot | null = null, to: ReadShot | null = null, isEvent = false;
  for (const line of text.split(/\r?\n/)) {
    const title = /^TITLE:\s*(.+)$/.exec(line);
    if (title) { cut.name = (title[1] as string).trim(); continue; }
    const found = event.exec(line);
    if (found) {
      isEvent = true;
      const [, , reel, channel, transition, length, begin, end] = found as unknown as string[];
      if (!/V|B/.test(channel as string) || /^A\d*$/.test(channel as string)) { cut.notes.push("sound"); from = to = null; continue; }
      const start = framesOf(begin as string, rate) ?? 0, stop = framesOf(end as string, rate) ?? 0;
      const last = cut.shots[cut.shots.length - 1] ?? null;
      if (/^(W|K)/.test(transition as string)) cut.notes.push("transition");
      if ((reel as string).toUpperCase() === "BL") {
        // The picture goes on below the black: what fades belongs to the shot.
        if (transition === "D" && last) { last.fadeOut = Number(length); last.out = (last.out ?? 0) + Number(length); }
        else if (stop > start) cut.notes.push("gap");
        from = last;
        to = null;
        continue;
      }
      // The first line of a dissolve repeats where the shot before ends.
      if (stop === start) { from = last; to = null; continue; }
      const shot: ReadShot = { names: [reel as string], in: start, out: stop, dissolve: transition === "D" ? Number(length) : 0, fadeOut: 0 };
      from = transition === "D" ? last : shot;
      to = transition === "D" ? shot : null;
      cut.shots.push(shot);
      continue;
    }
    const comment = /^\*?\s*(FROM|TO) (CLIP NAME|CLIP|FILE)(?: IS)?:\s*(.+)$/i.exec(line) ?? /^\*?\s*(SOURCE) (FILE):\s*(.+)$/i.exec(line);
    if (!comment) continue;
    const which = (comment[1] as string).toUpperCase() === "TO" ? to : from;
    const name = (comment[3] as string).trim();
    // A path says more than a name.
    if (which && !which.names.includes(name)) { if (/[/.]/.test(name)) which.names.unshift(name); else which.names.splice(-1, 0, name); }
  }
  if (!isEvent) throw new CutFileError("edl");
  cut.notes = [...new Set(cut.notes)];
  return cut;
}

/** A name without folders, address and extension, in small letters: what files of several programs have in common. */
export function plainName(name: string): string {
  let text = name;
  try { text = decodeURIComponent(name); } catch { /* A per cent sign that is one. */ }
  return (text.split(/[\\/]/).pop() ?? text).replace(/\.[A-Za-z0-9]{1,5}$/, "").toLowerCase();
}
