import assert from "node:assert/strict";
import { test } from "node:test";
import { historyOf, lineBefore } from "../src/core/history";
import { metricBy, niceTop, ratePerMinute, withSample, type Sample } from "../src/core/metrics";

const sample = (part: Partial<Sample>): Sample => ({ at: 0, queued: 0, running: 0, oldest: 0, succeeded: 0, failed: 0, ...part });

test("a metric is read by its label, and no other that begins alike", () => {
  const text = "# HELP studio_jobs Jobs.\nstudio_jobs{state=\"queued\"} 4\nstudio_jobs{state=\"failed\"} 1.5e1\nstudio_jobs_total{state=\"queued\"} 9\nup 1\n";
  assert.deepEqual([...metricBy(text, "studio_jobs", "state")], [["queued", 4], ["failed", 15]]);
  assert.deepEqual([...metricBy(text, "up", "state")], [["", 1]]);
});

test("samples of the last hour are kept", () => {
  const hour = 3_600_000;
  const kept = withSample([sample({ at: 1 }), sample({ at: hour })], sample({ at: hour + 10 }));
  assert.deepEqual(kept.map((one) => one.at), [hour, hour + 10]);
});

test("a rate is counted over a minute, and a count that falls is none", () => {
  const samples = [0, 30, 60, 90].map((at, index) => sample({ at: at * 1000, succeeded: [0, 5, 10, 10][index] as number, failed: [4, 4, 2, 2][index] as number }));
  assert.deepEqual(ratePerMinute(samples, (one) => one.succeeded).map((point) => point.value), [10, 10, 5]);
  assert.deepEqual(ratePerMinute(samples, (one) => one.failed).map((point) => point.value), [0, 0, 0]);
  assert.deepEqual(ratePerMinute([sample({ succeeded: null })], (one) => one.succeeded), []);
});

test("the hour before is the minutes of all queues together, and says what it does not know", () => {
  const minute = (at: number, part: object) => ({ at: new Date(at * 60_000).toISOString(), succeeded: 0, failed: 0, cancelled: 0, ...part });
  const history = historyOf([
    { name: "a", minutes: [minute(1, { succeeded: 2 }), minute(2, { queued: 3, running: 1, oldestAgeSeconds: 7 })] },
    { name: "b", minutes: [minute(2, { queued: 1, running: 0, oldestAgeSeconds: 9, failed: 1 }), minute(3, { queued: 0, running: 0 })] },
  ]);
  assert.deepEqual(history, [
    { at: 120_000, queued: null, running: null, oldest: null, succeeded: 2, failed: 0 }, { at: 180_000, queued: 4, running: 1, oldest: 9, succeeded: 0, failed: 1 },
    { at: 240_000, queued: 0, running: 0, oldest: 0, succeeded: 0, failed: 0 },
  ]);
  assert.deepEqual(lineBefore(history, 200_000, (point) => point.queued), [{ at: 180_000, value: 4 }]);
  assert.deepEqual(lineBefore(history, Infinity, (point) => point.succeeded).map((point) => point.value), [2, 0, 0]);
});

test("axes end at round numbers", () => { assert.deepEqual([0, 3, 5, 9, 11, 130, 999].map(niceTop), [4, 4, 5, 10, 20, 200, 1000]); });
