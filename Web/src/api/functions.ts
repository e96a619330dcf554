import { request } from "./http";
import type { Page, StudioFunction } from "./types";

/** All functions that a node can be of, by name. */
export async function readCatalogue(signal: AbortSignal): Promise<Map<string, StudioFunction>> {
  const catalogue = new Map<string, StudioFunction>();
  for (let cursor: string | null = "", page: Page<StudioFunction>; cursor !== null; cursor = page.nextCursor) {
    page = (await request<Page<StudioFunction>>("GET", "/api/v1/functions", { query: { limit: 200, cursor }, signal })).value;
    for (const entry of page.items) catalogue.set(entry.name, entry);
  }
  return catalogue;
}
