import type { TakeLine } from "../core/takes";
import { t } from "../strings";

/** What a take is called. */
export function nameOfTake(take: Pick<TakeLine, "shot" | "version" | "number">): string { return t.takes.name(take.shot, take.version, take.number); }
