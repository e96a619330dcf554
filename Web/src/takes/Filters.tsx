import type { ShotLine, TakeFilter, TakeKind } from "../core/takes";
import { linkTo } from "../app/router";
import { t } from "../strings";
import { Check } from "../ui/controls";
import { Icon } from "../ui/Icon";

const kinds: TakeKind[] = ["video", "image", "audio", "other"];

/** The bar over the grid. */
export function FilterBar({ filter, size, versions, onFilter, onSize }: { filter: TakeFilter; size: number; versions: number[]; onFilter: (change: Partial<TakeFilter>) => void; onSize: (size: number) => void }) {
  return (
    <div className="take-filters" role="group" aria-label={t.common.search}>
      <label className="search"><Icon name="search" size={16} /><input type="search" aria-label={t.takes.search} placeholder={t.takes.search} value={filter.search} onChange={(event) => onFilter({ search: event.target.value })} /></label>
      <select aria-label={t.takes.kind} value={filter.kind ?? ""} onChange={(event) => onFilter({ kind: (event.target.value || null) as TakeKind | null })}><option value="">{t.takes.kinds.all}</option>{kinds.map((kind) => <option key={kind} value={kind}>{t.takes.kinds[kind]}</option>)}</select>
      {versions.length > 1 && <select aria-label={t.takes.versions} value={filter.version ?? ""} onChange={(event) => onFilter({ version: event.target.value ? Number(event.target.value) : null })}><option value="">{t.takes.allVersions}</option>{versions.map((version) => <option key={version} value={version}>{t.takes.version(version)}</option>)}</select>}
      <select aria-label={t.takes.minimum} value={filter.rating} onChange={(event) => onFilter({ rating: Number(event.target.value) })}>{[0, 1, 2, 3, 4, 5].map((stars) => <option key={stars} value={stars}>{t.takes.minimumOf(stars)}</option>)}</select>
      <select aria-label={t.takes.order} value={filter.order} onChange={(event) => onFilter({ order: event.target.value as TakeFilter["order"] })}>{(["shot", "newest", "rating"] as const).map((order) => <option key={order} value={order}>{t.takes.orders[order]}</option>)}</select>
      <Check label={t.takes.circledOnly} checked={filter.circled} onChange={(circled) => onFilter({ circled })} />
      <input className="take-size" type="range" min={140} max={420} step={20} value={size} aria-label={t.takes.size} onChange={(event) => onSize(Number(event.target.value))} />
    </div>
  );
}

/** The shots beside the grid. */
export function ShotRail({ project, shots, shot, total, hasMore }: { project: string; shots: ShotLine[]; shot: string | null; total: number; hasMore: boolean }) {
  const line = (name: string | null, label: string, count: number, circled: number) => (
    <li key={name ?? ""}><a href={linkTo({ page: "takes", project, shot: name, take: null })} aria-current={shot === name ? "true" : undefined}><span className="clip grow">{label}</span>
      {circled > 0 && <span className="rail-circled" title={t.takes.circledOnly}>{circled}</span>}<span className="muted tabular">{count}{hasMore ? "+" : ""}</span></a></li>
  );
  return (
    <nav className="rail" aria-label={t.takes.shots}><ul>
      {line(null, t.takes.allShots, total, 0)}
      {shots.map((one) => line(one.shot, one.shot, one.count, one.circled))}
      {shot !== null && !shots.some((one) => one.shot === shot) && line(shot, shot, 0, 0)}
    </ul></nav>
  );
}
