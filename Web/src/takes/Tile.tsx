import { memo, useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { path } from "../api/http";
import type { TakeLine } from "../core/takes";
import { t } from "../strings";
import { timecode } from "../ui/format";
import { Picture } from "../ui/Media";
import { CircleMark, Stars } from "./Rating";
import { Scrub } from "./Scrub";
import { nameOfTake } from "./words";

const icons = { video: "video", image: "image", audio: "audio", other: "files" } as const;

/** One take of the grid. */
export const Tile = memo(function Tile({ take, sprite, isSelected, mayWork, onOpen, onSelect, onRate }: {
  take: TakeLine; sprite: string | null; isSelected: boolean; mayWork: boolean;
  onOpen: (take: TakeLine) => void; onSelect: (take: TakeLine) => void; onRate: (take: TakeLine, change: { rating?: number; circled?: boolean }) => void;
}) {
  const name = nameOfTake(take);
  const [share, setShare] = useState<number | null>(null);
  const waiting = useRef<ReturnType<typeof setTimeout> | null>(null);
  const place = useRef(0);
  const isFilm = take.kind === "video" && (take.seconds ?? 0) > 0;
  const leave = () => { if (waiting.current) clearTimeout(waiting.current); waiting.current = null; setShare(null); };
  useEffect(() => leave, []);
  const move = (event: PointerEvent<HTMLElement>) => {
    if (!isFilm || event.pointerType !== "mouse") return;
    const box = event.currentTarget.getBoundingClientRect();
    place.current = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
    if (share !== null) setShare(place.current);
    // Passing over many tiles on the way to one loads none of their films.
    else waiting.current ??= setTimeout(() => setShare(place.current), 90);
  };
  const keyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "x") onSelect(take);
    else if (mayWork && event.key === "c") onRate(take, { circled: !take.circled });
    else if (mayWork && /^[0-5]$/.test(event.key)) onRate(take, { rating: Number(event.key) });
    else return;
    event.preventDefault();
  };
  return (
    <article className={`tile ${isSelected ? "tile-selected" : ""} ${take.circled ? "tile-circled" : ""}`}>
      <button type="button" className="tile-main" aria-label={t.takes.open(name)} onClick={() => onOpen(take)} onKeyDown={keyDown} onPointerMove={move} onPointerLeave={leave}>
        <span className="tile-picture">
          <Picture address={take.hasThumbnail ? path`/api/v1/takes/${take.id}/thumbnail` : take.kind === "image" ? path`/api/v1/takes/${take.id}/media` : null} fallback={icons[take.kind]} />
          {share !== null && <Scrub take={take} sprite={sprite} share={share} />}
          {isFilm && <span className="tile-length tabular">{timecode(share === null ? take.seconds ?? 0 : share * (take.seconds ?? 0), take.rate ?? 24)}</span>}
        </span>
        <span className="tile-words"><strong className="clip">{take.shot}</strong><span className="muted small tabular">{t.takes.version(take.version)} · {t.takes.take(take.number)}</span><Stars value={take.rating} /></span>
        <span className="muted small clip tile-prompt">{take.prompt || take.made}</span>
      </button>
      <label className="tile-check" title={t.takes.select(name)}><input type="checkbox" checked={isSelected} aria-label={t.takes.select(name)} onChange={() => onSelect(take)} /></label>
      {(mayWork || take.circled) && <button type="button" className="tile-circle" disabled={!mayWork} aria-pressed={take.circled} aria-label={t.takes.circleOf(name)} title={take.circled ? t.takes.uncircle : t.takes.circle} onClick={() => onRate(take, { circled: !take.circled })}><CircleMark isOn={take.circled} /></button>}
    </article>
  );
});
