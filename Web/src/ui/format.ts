import { t } from "../strings";

/** A size in bytes for people. */
export function bytes(count: number | undefined): string {
  if (count === undefined) return "–";
  let value = count, unit = 0;
  while (value >= 1000 && unit < t.common.bytes.length - 1) { value /= 1000; unit += 1; }
  return t.common.size(value < 10 && unit > 0 ? value.toFixed(1) : String(Math.round(value)), t.common.bytes[unit] ?? "");
}

/** A span of seconds for people. */
export function duration(seconds: number): string {
  if (seconds < 0) return "–";
  const { spans } = t.common, two = (value: number) => String(value).padStart(2, "0");
  if (seconds < 10) return spans.seconds(seconds.toFixed(1));
  if (seconds < 60) return spans.seconds(Math.round(seconds));
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return spans.minutesSeconds(minutes, two(whole % 60));
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? spans.hoursMinutes(hours, two(minutes % 60)) : spans.days(Math.floor(hours / 24));
}

/** How long ago something was. */
export function ago(time: string | undefined, now = Date.now()): string {
  if (!time) return "–";
  const seconds = (now - Date.parse(time)) / 1000;
  if (seconds < 5) return t.common.justNow;
  // Of something past one number is enough.
  const { days, hours, minutes, seconds: few } = t.common.spans;
  const units: [number, (count: number) => string][] = [[86_400, days], [3_600, hours], [60, minutes], [1, few]];
  const [size, words] = units.find(([size]) => seconds >= size) ?? [1, few];
  return t.common.ago(words(Math.floor(seconds / size)));
}

/** A day and time. */
export function dateTime(time: string | undefined): string {
  return time ? new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }) : "–";
}

/** A time within a film: minutes, seconds and frames. */
export function timecode(seconds: number, rate: number): string {
  const frames = Math.round(seconds * rate), whole = Math.max(1, Math.round(rate));
  const two = (value: number) => String(value).padStart(2, "0");
  const total = Math.floor(frames / whole);
  return `${two(Math.floor(total / 3600))}:${two(Math.floor(total / 60) % 60)}:${two(total % 60)}:${two(frames % whole)}`;
}
