import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { download } from "../api/media";
import { path } from "../api/http";
import { rate, useTakes } from "../api/takes";
import { useMay } from "../app/me";
import { go, linkTo } from "../app/router";
import { everyTake, selectTakes, shotsOf, spritesOf, type TakeFilter, type TakeLine } from "../core/takes";
import { t } from "../strings";
import { FilterBar, ShotRail } from "../takes/Filters";
import { Compare, Player } from "../takes/Player";
import { Tile } from "../takes/Tile";
import { nameOfTake } from "../takes/words";
import { Button } from "../ui/controls";
import { moveFocus } from "../ui/focusGrid";
import { Icon } from "../ui/Icon";
import { Empty, Failure, Rest, Skeleton } from "../ui/states";
import { announce, toastError } from "../ui/toasts";
import { useWidth } from "../ui/useWidth";
import { VirtualGrid } from "../ui/VirtualList";

const sizeKey = "studio.takes.size";
function keepSize(size: number): void { try { localStorage.setItem(sizeKey, String(size)); } catch { /* Full: it holds as long as the page is there. */ } }

/** A project's takes. */
export default function TakesPage({ project, shot, take: open }: { project: string; shot: string | null; take: string | null }) {
  const all = useTakes(project, null);
  const own = useTakes(shot === null ? null : project, shot);
  const list = shot === null ? all : own;
  const [filter, setFilter] = useState<TakeFilter>(everyTake);
  const [size, setSize] = useState(() => Number(localStorage.getItem(sizeKey)) || 240);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [compared, setCompared] = useState<[string, string] | null>(null);
  const mayWork = useMay("artist");
  const isWide = useWidth(700);
  const grid = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(900);
  useEffect(() => {
    if (!grid.current) return;
    const observer = new ResizeObserver(([entry]) => { if (entry) setWidth(Math.max(120, entry.contentRect.width - 12)); });
    observer.observe(grid.current);
    return () => observer.disconnect();
  }, []);
  const search = useDeferredValue(filter.search);
  const known = useMemo(() => new Map([...all.takes, ...own.takes]), [all.takes, own.takes]);
  const takes = useMemo(() => selectTakes(list.takes.values(), { ...filter, search, shot }), [list.takes, filter, search, shot]);
  const shots = useMemo(() => shotsOf(all.takes.values()), [all.takes]);
  const sprites = useMemo(() => spritesOf(known.values()), [known]);
  const versions = useMemo(() => [...new Set([...list.takes.values()].map((one) => one.version))].sort((a, b) => b - a), [list.takes]);
  // Filters look at what was read: where nothing of it fits, there may be more.
  useEffect(() => { if (list.started && takes.length === 0) list.more(); }, [list.started, takes.length, list.takes, list.more]);

  const change = (part: Partial<TakeFilter>) => setFilter((value) => ({ ...value, ...part }));
  const put = useCallback((line: TakeLine) => { all.put(line); if (shot === line.shot) own.put(line); }, [all.put, own.put, shot]);
  const onRate = useCallback((take: TakeLine, part: { rating?: number; circled?: boolean }) => {
    const name = nameOfTake(take);
    // Seen at once; what the gateway says counts.
    put({ ...take, ...part });
    announce(part.rating !== undefined ? t.takes.rated(name, part.rating) : t.takes.circledSaid(name, part.circled === true));
    rate(take, part).then(put, (error) => { put(take); toastError(error); });
  }, [put]);
  const onOpen = useCallback((take: TakeLine) => go({ page: "takes", project, shot, take: take.id }), [project, shot]);
  const onSelect = useCallback((take: TakeLine) => setSelected((before) => {
    const next = new Set(before);
    if (!next.delete(take.id)) next.add(take.id);
    return next;
  }), []);
  const last = useRef<string | null>(null);
  if (open) last.current = open;
  const onClose = useCallback(() => { setCompared(null); if (open) go({ page: "takes", project, shot, take: null }); }, [open, project, shot]);
  useEffect(() => {
    // Who comes back from a take is where they were.
    if (!open && !compared && last.current) grid.current?.querySelector<HTMLElement>(`[data-take="${CSS.escape(last.current)}"] .tile-main`)?.focus();
  }, [open, compared]);
  const hasCircled = useMemo(() => [...known.values()].some((take) => take.circled), [known]);
  const pair = compared && known.get(compared[0]) && known.get(compared[1]) ? [known.get(compared[0]), known.get(compared[1])] as [TakeLine, TakeLine] : null;
  const chosen = [...selected].map((id) => known.get(id)).filter((one): one is TakeLine => one !== undefined);
  const isCovered = open !== null || pair !== null;
  const wanted = isWide ? size : Math.min(size, 300), gap = 14;
  // Columns fill the width: the pictures keep their shape.
  const columns = Math.max(1, Math.floor((width + gap) / (wanted + gap))), tile = (width - gap * (columns - 1)) / columns;
  return (
    <div className="takes">
      <div className="page page-fill takes-page" style={isCovered ? { visibility: "hidden" } : undefined}>
        <header className="page-head"><h1>{shot ?? t.takes.title}</h1><p className="muted tabular" role="status">{list.started ? t.takes.count(takes.length, list.hasMore) : ""}</p>
          {list.hasMore && <span className="muted small">{list.loading ? t.takes.loadingMore : ""}</span>}
          {hasCircled && <a className="button button-small takes-cut" href={linkTo({ page: "cut", project, cut: null })}><Icon name="cut" size={16} />{t.takes.toCut}</a>}</header>
        <FilterBar filter={filter} size={size} versions={versions} onFilter={change} onSize={(value) => { setSize(value); keepSize(value); }} />
        <div className="takes-body">
          <ShotRail project={project} shots={shots} shot={shot} total={shots.reduce((sum, one) => sum + one.count, 0)} hasMore={all.hasMore} />
          <div className="takes-grid" ref={grid} onKeyDown={(event) => moveFocus(event, grid.current, ".tile-main")}>
            {list.error !== null && list.takes.size === 0 ? <Failure error={list.error} onRetry={list.reload} />
              : !list.started ? <Skeleton />
              : takes.length === 0 && !list.hasMore ? (list.takes.size === 0 && shot === null ? <Empty icon="takes" title={t.takes.emptyTitle} hint={t.takes.emptyHint}><Button kind="primary" icon="canvas" onClick={() => go({ page: "canvas", project, canvas: "main_canvas" })}>{t.takes.emptyGo}</Button></Empty>
                : <Empty icon="search" title={t.takes.nothingFound} hint={t.takes.nothingFoundHint}><Button onClick={() => { setFilter(everyTake); if (shot) go({ page: "takes", project, shot: null, take: null }); }}>{t.takes.resetFilters}</Button></Empty>)
              : <VirtualGrid items={takes} itemHeight={Math.round((tile * 9) / 16) + 62} columnWidth={wanted} gap={gap} overscan={2} label={t.takes.list} keyOf={(take) => take.id} onEnd={list.more} className="takes-virtual"
                  render={(take) => <div className="tile-place" data-take={take.id}><Tile take={take} sprite={sprites.get(take.id) ?? null} isSelected={selected.has(take.id)} mayWork={mayWork} onOpen={onOpen} onSelect={onSelect} onRate={onRate} /></div>} />}
            {list.takes.size > 0 && <Rest error={list.error} onRetry={list.again} />}
          </div>
        </div>
        {selected.size > 0 && (
          <div className="take-selection" role="region" aria-label={t.takes.selected(selected.size)}>
            <strong role="status">{t.takes.selected(selected.size)}</strong>
            <Button small icon="compare" kind="primary" disabled={chosen.length !== 2} title={t.takes.compareHint} onClick={() => setCompared([chosen[0]?.id ?? "", chosen[1]?.id ?? ""])}>{t.takes.compare}</Button>
            {mayWork && <Button small onClick={() => { for (const take of chosen) if (!take.circled) onRate(take, { circled: true }); }}>{t.takes.circleSelected}</Button>}
            <Button small icon="download" onClick={() => { void (async () => { for (const take of chosen) await download(path`/api/v1/takes/${take.id}/media`, take.fileName); })().catch(toastError); }}>{t.takes.downloadSelected}</Button>
            <Button small kind="quiet" onClick={() => setSelected(new Set())}>{t.takes.clear}</Button>
          </div>
        )}
      </div>
      {pair ? <Compare takes={pair} mayWork={mayWork} onClose={() => setCompared(null)} onRate={onRate} onSwap={() => setCompared([pair[1].id, pair[0].id])} />
        : open && <Player key={open} id={open} project={project} known={known} order={takes} mayWork={mayWork} onOpen={onOpen} onClose={onClose} onRate={onRate} onCompare={(a, b) => setCompared([a.id, b.id])} />}
    </div>
  );
}
