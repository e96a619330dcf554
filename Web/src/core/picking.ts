import type { Point } from "./flow";

/** How far a point is from the line of a connection. */
export function distanceToCurve(point: Point, from: Point, to: Point): number {
  const reach = Math.max(36, Math.min(220, Math.abs(to.x - from.x) * 0.5 + (to.x < from.x ? 60 : 0)));
  const a = { x: from.x + reach, y: from.y }, b = { x: to.x - reach, y: to.y };
  let best = Infinity;
  let last = from;
  for (let step = 1; step <= 24; step += 1) {
    const t = step / 24, u = 1 - t;
    const next = {
      x: u * u * u * from.x + 3 * u * u * t * a.x + 3 * u * t * t * b.x + t * t * t * to.x,
      y: u * u * u * from.y + 3 * u * u * t * a.y + 3 * u * t * t * b.y + t * t * t * to.y,
    };
    best = Math.min(best, distanceToSegment(point, last, next));
    last = next;
  }
  return best;
}

function distanceToSegment(point: Point, from: Point, to: Point): number {
  const dx = to.x - from.x, dy = to.y - from.y;
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((point.x - from.x) * dx + (point.y - from.y) * dy) / length));
  return Math.hypot(point.x - from.x - t * dx, point.y - from.y - t * dy);
}
