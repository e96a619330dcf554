/** Reads Prometheus' text: the values of one metric, by one of its labels. */
export function metricBy(text: string, metric: string, label: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (!line.startsWith(metric) || (line[metric.length] !== "{" && line[metric.length] !== " ")) continue;
    const found = new RegExp(`[{,]${label}="((?:[^"\\\\]|\\\\.)*)"`).exec(line);
    const value = Number(line.slice(line.lastIndexOf(" ") + 1));
    const name = found?.[1] ?? "";
    if (Number.isFinite(value)) values.set(name, (values.get(name) ?? 0) + value);
  }
  return values;
}

/** What was measured at one moment: the queues, and how many jobs have ended so far. */
export interface Sample { at: number; queued: number; running: number; oldest: number; succeeded: number | null; failed: number | null }

/** A point of a line. */
export interface Point { at: number; value: number }

const hour = 3_600_000;

/** The samples with one more, those of the last hour. */
export function withSample(samples: readonly Sample[], sample: Sample): Sample[] { return [...samples.filter((one) => one.at > sample.at - hour && one.at < sample.at), sample]; }

/** How many ended in a minute, over windows of at least so many seconds: counts are made anew every ten seconds only. */
export function ratePerMinute(samples: readonly Sample[], of: (sample: Sample) => number | null, windowSeconds = 60): Point[] {
  const points: Point[] = [];
  let from = 0;
  for (let at = 1; at < samples.length; at += 1) {
    const now = samples[at] as Sample;
    while (from + 1 < at && now.at - (samples[from + 1] as Sample).at >= windowSeconds * 1000) from += 1;
    const before = samples[from] as Sample, a = of(before), b = of(now);
    if (a === null || b === null || now.at === before.at) continue;
    // Jobs that are tried again are failed no more: a count that falls is no throughput.
    points.push({ at: now.at, value: Math.max(0, ((b - a) * 60_000) / (now.at - before.at)) });
  }
  return points;
}

/** A round number at or above, for the top of an axis. */
export function niceTop(value: number): number {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 4, 5, 8, 10].find((one) => one * power >= value) ?? 10;
  return step * power;
}
