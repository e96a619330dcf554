import { lazy, type ComponentType, type LazyExoticComponent } from "react";
import { t } from "../strings";

/** A part of the page that could not be fetched: the connection is gone, or the gateway serves a newer page by now. */
export class PartMissing extends Error {
  override name = "PartMissing";
  /** `reason` is what the last attempt failed of. */
  constructor(readonly reason: unknown) { super(t.common.partMissing); }
}

/** Milliseconds before each further attempt: a network that changes is back within a second, a gateway that starts anew within ten. */
const pauses = [250, 500, 1000, 2000, 4000, 8000];

/**
 * Fetches a part of the page, again where that fails: one aborted request must not cost what is shown.
 * Throws `PartMissing` after the last attempt; loading the page anew is the way on then.
 */
export async function fetched<T>(load: () => Promise<T>, wait: (milliseconds: number) => Promise<void> = pause): Promise<T> {
  for (const milliseconds of pauses) {
    try { return await load(); } catch { await wait(milliseconds); }
  }
  try { return await load(); } catch (error) { throw new PartMissing(error); }
}

/** A component that is fetched when it is first shown. */
export function part<Props>(load: () => Promise<{ default: ComponentType<Props> }>): LazyExoticComponent<ComponentType<Props>> {
  return lazy(() => fetched(load));
}

const pause = (milliseconds: number) => new Promise<void>((resolve) => { setTimeout(resolve, milliseconds); });
