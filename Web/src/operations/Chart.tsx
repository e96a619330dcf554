import { useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { niceTop, type Point } from "../core/metrics";
import { t } from "../strings";

/** A line of a chart. */
export interface Series { name: string; color: string; points: readonly Point[] }

const width = 560, height = 170, left = 44, right = 8, top = 10, bottom = 22;
const clock = (at: number) => new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Lines over the time that was measured; what the pointer or the arrow keys are at is told in words. */
export function Chart({ title, hint, series, format }: { title: string; hint: string; series: readonly Series[]; format: (value: number) => string }) {
  const [at, setAt] = useState<number | null>(null);
  const ref = useRef<SVGSVGElement>(null);
  const times = useMemo(() => [...new Set(series.flatMap((one) => one.points.map((point) => point.at)))].sort((a, b) => a - b), [series]);
  const most = Math.max(0, ...series.flatMap((one) => one.points.map((point) => point.value)));
  const ceiling = niceTop(most);
  // Ten minutes at least, so that a line that has just begun does not look like an hour.
  const end = times[times.length - 1] ?? 0, start = Math.min(times[0] ?? 0, end - 600_000);
  const x = (time: number) => left + ((time - start) / Math.max(1, end - start)) * (width - left - right);
  const y = (value: number) => top + (1 - value / ceiling) * (height - top - bottom);
  const valueAt = (one: Series, time: number) => one.points.find((point) => point.at === time)?.value;
  const words = (time: number) => series.map((one) => { const value = valueAt(one, time); return value === undefined ? null : `${one.name} ${format(value)}`; }).filter(Boolean).join(", ");
  const near = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const time = start + (((event.clientX - box.left) / box.width) * width - left) / (width - left - right) * (end - start);
    const found = times.reduce<number | null>((best, one) => (best === null || Math.abs(one - time) < Math.abs(best - time) ? one : best), null);
    setAt(found);
  };
  const keyDown = (event: KeyboardEvent) => {
    const index = at === null ? times.length - 1 : times.indexOf(at);
    const to = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: times.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    setAt(times[Math.max(0, Math.min(times.length - 1, to))] ?? null);
  };
  const now = times.length > 0 ? words(end) : t.operations.tiles.none;
  return (
    <figure className="chart card">
      <figcaption><h2>{title}</h2><p className="muted small">{hint}</p></figcaption>
      <div className="chart-legend small" role={at === null ? undefined : "status"}>{series.map((one) => { const value = at === null ? one.points[one.points.length - 1]?.value : valueAt(one, at); return <span key={one.name}><i style={{ background: one.color }} aria-hidden="true" />{one.name} <strong className="tabular">{value === undefined ? t.operations.tiles.none : format(value)}</strong></span>; })}<span className="muted chart-when tabular">{at === null ? "" : clock(at)}</span></div>
      <svg ref={ref} viewBox={`0 0 ${width} ${height}`} role="img" tabIndex={0} aria-label={t.operations.charts.summary(title, now, format(most))} onPointerMove={near} onPointerLeave={() => setAt(null)} onBlur={() => setAt(null)} onKeyDown={keyDown}>
        {[0, 0.5, 1].map((share) => <g key={share}><line x1={left} x2={width - right} y1={y(ceiling * share)} y2={y(ceiling * share)} className="chart-grid" /><text x={left - 8} y={y(ceiling * share) + 4} textAnchor="end" className="chart-text">{format(ceiling * share)}</text></g>)}
        <text x={left} y={height - 5} className="chart-text">{times.length > 0 ? clock(start) : ""}</text><text x={width - right} y={height - 5} textAnchor="end" className="chart-text">{times.length > 0 ? t.operations.charts.now : ""}</text>
        {series.map((one) => <path key={one.name} d={one.points.map((point, index) => `${index === 0 ? "M" : "L"}${x(point.at).toFixed(1)} ${y(point.value).toFixed(1)}`).join("")} fill="none" stroke={one.color} strokeWidth={2} strokeLinejoin="round" strokeLinecap="round" />)}
        {series.map((one) => { const last = at === null ? one.points[one.points.length - 1] : one.points.find((point) => point.at === at); return last ? <circle key={one.name} cx={x(last.at)} cy={y(last.value)} r={3.5} fill={one.color} className="chart-dot" /> : null; })}
        {at !== null && <line x1={x(at)} x2={x(at)} y1={top} y2={height - bottom} className="chart-cursor" />}
      </svg>
      {times.length < 3 && <p className="muted small chart-begins">{t.operations.charts.collecting}</p>}
      <details className="small"><summary>{t.operations.charts.table}</summary><div className="chart-table" tabIndex={0} role="region" aria-label={`${title}: ${t.operations.charts.table}`}><table><thead><tr><th scope="col">{t.operations.charts.time}</th>{series.map((one) => <th key={one.name} scope="col">{one.name}</th>)}</tr></thead>
        <tbody>{[...times].reverse().slice(0, 60).map((time) => <tr key={time}><th scope="row" className="tabular">{clock(time)}</th>{series.map((one) => { const value = valueAt(one, time); return <td key={one.name} className="tabular">{value === undefined ? "" : format(value)}</td>; })}</tr>)}</tbody></table></div></details>
    </figure>
  );
}
