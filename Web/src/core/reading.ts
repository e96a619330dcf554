import type { Rect } from "./flow";

/** How far apart two things may begin and still stand in one row. */
const rowTolerance = 60;

/** Things in the order in which they are read: row by row, each from left to right. */
export function readingOrder<T extends Pick<Rect, "x" | "y">>(things: readonly T[]): T[] {
  const rows: T[][] = [];
  for (const thing of [...things].sort((a, b) => a.y - b.y)) {
    const row = rows[rows.length - 1];
    if (row && thing.y - (row[0] as T).y <= rowTolerance) row.push(thing);
    else rows.push([thing]);
  }
  return rows.flatMap((row) => row.sort((a, b) => a.x - b.x || a.y - b.y));
}
