import { useMemo, useState } from "react";
import { path } from "../api/http";
import { linkTo } from "../app/router";
import { everyTake, selectTakes, type TakeLine } from "../core/takes";
import { t } from "../strings";
import { CircleMark } from "../takes/Rating";
import { nameOfTake } from "../takes/words";
import { Button, Check, IconButton } from "../ui/controls";
import { duration } from "../ui/format";
import { Icon } from "../ui/Icon";
import { Picture } from "../ui/Media";
import { VirtualGrid } from "../ui/VirtualList";

/** The takes that can be put into the cut. */
export function Bin({ project, takes, onAdd, onAddAll, onEnd }: { project: string; takes: ReadonlyMap<string, TakeLine>; onAdd: (take: TakeLine) => void; onAddAll: (takes: TakeLine[]) => void; onEnd: () => void }) {
  const [circled, setCircled] = useState(true);
  const [search, setSearch] = useState("");
  const found = useMemo(() => selectTakes(takes.values(), { ...everyTake, kind: "video", circled, search }), [takes, circled, search]);
  return (
    <section className="bin" aria-label={t.cut.bin}>
      <header><h2>{t.cut.bin}</h2><Check label={t.cut.binCircled} checked={circled} onChange={setCircled} /></header>
      <label className="search"><Icon name="search" size={16} /><input type="search" aria-label={t.cut.binSearch} placeholder={t.cut.binSearch} value={search} onChange={(event) => setSearch(event.target.value)} /></label>
      {found.length === 0 ? <div className="bin-empty"><strong>{t.cut.binEmpty}</strong><p className="muted small">{t.cut.binEmptyHint}</p><a href={linkTo({ page: "takes", project, shot: null, take: null })}>{t.cut.binToTakes}</a></div> : (
        <VirtualGrid items={found} itemHeight={54} gap={4} label={t.cut.binList} keyOf={(take) => take.id} onEnd={onEnd} render={(take) => (
          <div className="bin-take">
            <span className="bin-picture"><Picture address={take.hasThumbnail ? path`/api/v1/takes/${take.id}/thumbnail` : null} fallback="video" /></span>
            <span className="bin-words"><strong className="clip">{take.shot}</strong>
              <span className="row muted small bin-line">{take.circled && <CircleMark isOn size={13} />}<span className="tabular">{t.takes.version(take.version)} · {t.takes.take(take.number)} · {duration(take.seconds ?? 0)}</span></span></span>
            <IconButton icon="add" label={t.cut.add(nameOfTake(take))} onClick={() => onAdd(take)} />
          </div>)} />
      )}
      {found.length > 1 && <Button small onClick={() => onAddAll([...found].sort((a, b) => (a.shot < b.shot ? -1 : a.shot > b.shot ? 1 : a.version - b.version || a.number - b.number)))}>{t.cut.addAll}</Button>}
    </section>
  );
}
