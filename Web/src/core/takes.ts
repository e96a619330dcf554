import type { Take } from "../api/types";
import { framesOf } from "./cutFiles";
import type { JsonObject } from "./json";

/** What a take's media is. */
export type TakeKind = "video" | "image" | "audio" | "other";

/** What lists need of a take: ten thousand of them stay small. */
export interface TakeLine {
  id: string; job: string; project: string; shot: string; version: number; number: number; kind: TakeKind; mediaType: string; fileName: string; path: string; sizeBytes?: number;
  seconds?: number; rate?: number; frames?: number; width?: number; height?: number; /** The frame that the source's own timecode gives its first picture. */ start?: number; hasThumbnail: boolean; circled: boolean; rating: number; revision: number; createdAt: string;
  made: string; prompt: string; sources: string[];
}

function objectOf(value: unknown): JsonObject | null { return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null; }

function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string") return undefined;
  const [above, below = "1"] = value.split("/");
  const result = Number(above) / Number(below);
  return Number.isFinite(result) ? result : undefined;
}

/** What a media type is. */
export function kindOf(mediaType: string): TakeKind {
  const kind = mediaType.split("/")[0];
  return kind === "video" || kind === "image" || kind === "audio" ? kind : "other";
}

/** What made a take: of what a canvas has published that is the node, with its function and parameters, not the publishing. */
export function makerOf(provenance: Take["provenance"]): JsonObject {
  const origin = objectOf(provenance?.function)?.name === "publish" ? objectOf(objectOf(provenance?.parameters)?.origin) : undefined;
  return { ...provenance, ...origin };
}

/** The part of a take that lists show. */
export function lineOf(take: Take): TakeLine {
  const streams = Array.isArray(take.probe?.streams) ? take.probe?.streams ?? [] : [];
  const picture = objectOf((streams as unknown[]).find((stream) => objectOf(stream)?.kind === "video" && !objectOf(stream)?.isCover));
  const kind = kindOf(take.mediaType);
  const rate = kind === "video" ? numberOf(picture?.steadyFrameRate) ?? numberOf(picture?.frameRate) : undefined;
  const timecode = picture?.timecode ?? take.probe?.timecode;
  const seconds = numberOf(take.probe?.durationSeconds);
  const inputs = Array.isArray(take.provenance?.inputs) ? (take.provenance?.inputs as unknown[]) : [];
  const maker = makerOf(take.provenance);
  const prompt = objectOf(maker.parameters)?.prompt;
  return {
    id: take.id, job: take.job, project: take.project, shot: take.shot, version: take.version, number: take.number, kind, mediaType: take.mediaType, fileName: take.fileName, path: take.path, sizeBytes: take.sizeBytes,
    seconds, rate, frames: kind === "video" ? numberOf(picture?.frameCount) ?? (seconds && rate ? Math.round(seconds * rate) : undefined) : undefined,
    start: typeof timecode === "string" && rate ? framesOf(timecode, rate) ?? undefined : undefined,
    width: numberOf(picture?.width), height: numberOf(picture?.height), hasThumbnail: take.links.thumbnail !== undefined, circled: take.circled, rating: take.rating ?? 0, revision: take.revision, createdAt: take.createdAt,
    made: String(objectOf(maker.function)?.name ?? ""), prompt: typeof prompt === "string" ? prompt : "",
    sources: inputs.flatMap((input) => { const text = objectOf(input)?.reference; return typeof text === "string" && text.startsWith("take:") ? [text.slice(5)] : []; }),
  };
}

/** What takes are looked for. */
export interface TakeFilter { shot: string | null; version: number | null; kind: TakeKind | null; circled: boolean; rating: number; search: string; order: "shot" | "newest" | "rating" }

/** Everything there is. */
export const everyTake: TakeFilter = { shot: null, version: null, kind: null, circled: false, rating: 0, search: "", order: "shot" };

function compareText(a: string, b: string): number { return a < b ? -1 : a > b ? 1 : 0; }

/** By shot, newest version and take first. */
export function compareTakes(a: TakeLine, b: TakeLine): number { return compareText(a.shot, b.shot) || b.version - a.version || b.number - a.number || compareText(b.id, a.id); }

/** The takes that fit, in the order that was asked for. Sheets that only serve scrubbing are no takes to look at. */
export function selectTakes(takes: Iterable<TakeLine>, filter: TakeFilter): TakeLine[] {
  const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  const found: TakeLine[] = [];
  for (const take of takes) {
    if (isSprite(take) || (filter.shot !== null && take.shot !== filter.shot) || (filter.version !== null && take.version !== filter.version) || (filter.kind !== null && take.kind !== filter.kind)) continue;
    if ((filter.circled && !take.circled) || take.rating < filter.rating) continue;
    const text = `${take.shot} ${take.fileName} ${take.prompt} ${take.made}`.toLowerCase();
    if (words.every((word) => text.includes(word))) found.push(take);
  }
  const newest = (a: TakeLine, b: TakeLine) => compareText(b.createdAt, a.createdAt) || compareText(b.id, a.id);
  if (filter.order === "newest") return found.sort(newest);
  if (filter.order === "rating") return found.sort((a, b) => Number(b.circled) - Number(a.circled) || b.rating - a.rating || newest(a, b));
  return found.sort(compareTakes);
}

/** A shot and what is known of its takes. */
export interface ShotLine { shot: string; count: number; circled: number; versions: number[] }

/** The shots of takes, by name. */
export function shotsOf(takes: Iterable<TakeLine>): ShotLine[] {
  const shots = new Map<string, ShotLine>();
  for (const take of takes) {
    if (isSprite(take)) continue;
    const line = shots.get(take.shot) ?? { shot: take.shot, count: 0, circled: 0, versions: [] };
    line.count += 1;
    if (take.circled) line.circled += 1;
    if (!line.versions.includes(take.version)) line.versions = [...line.versions, take.version].sort((a, b) => b - a);
    shots.set(take.shot, line);
  }
  return [...shots.values()].sort((a, b) => compareText(a.shot, b.shot));
}

function isSprite(take: TakeLine): boolean { return take.made === "sprite" && take.kind === "image" && take.sources.length === 1; }

/** The sheet of small stills of each take that has one. */
export function spritesOf(takes: Iterable<TakeLine>): Map<string, string> {
  const sprites = new Map<string, string>();
  for (const take of takes) if (isSprite(take)) sprites.set(take.sources[0] as string, take.id);
  return sprites;
}

/** A still of a sheet: from when to when, and where on it. */
export interface Still { start: number; end: number; x: number; y: number; width: number; height: number }

function secondsOf(text: string): number { return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0); }

/** Reads a sheet's index (WebVTT with `image#xywh=`). */
export function stillsOf(vtt: string): Still[] {
  const stills: Still[] = [];
  const pattern = /([\d:.]+)\s+-->\s+([\d:.]+)[^\n]*\r?\n[^\n]*#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)/g;
  for (const [, start, end, x, y, width, height] of vtt.matchAll(pattern)) {
    stills.push({ start: secondsOf(start as string), end: secondsOf(end as string), x: Number(x), y: Number(y), width: Number(width), height: Number(height) });
  }
  return stills;
}

/** The still of a moment. */
export function stillAt(stills: readonly Still[], seconds: number): Still | null {
  return stills.find((still) => seconds >= still.start && seconds < still.end) ?? (stills.length > 0 && seconds >= (stills[stills.length - 1] as Still).end ? stills[stills.length - 1] as Still : stills[0] ?? null);
}
