import { useEffect, useRef, useState } from "react";
import { useMedia } from "../api/media";
import { path, send } from "../api/http";
import { stillAt, stillsOf, type Still, type TakeLine } from "../core/takes";
import { Film } from "../ui/Media";

const indexes = new Map<string, Promise<Still[]>>();
const mostIndexes = 400;

function stillsFor(sprite: string): Promise<Still[]> {
  const known = indexes.get(sprite);
  if (known) return known;
  const read = send("GET", path`/api/v1/takes/${sprite}/files/index`, { headers: { accept: "*/*" } }).then(async (response) => (response.ok ? stillsOf(await response.text()) : []));
  indexes.set(sprite, read);
  if (indexes.size > mostIndexes) indexes.delete(indexes.keys().next().value as string);
  read.catch(() => indexes.delete(sprite));
  return read;
}

function Sheet({ sprite, share, seconds }: { sprite: string; share: number; seconds: number }) {
  const [stills, setStills] = useState<Still[]>([]);
  const [box, setBox] = useState({ width: 0, height: 0 });
  const ref = useRef<HTMLSpanElement>(null);
  const { src } = useMedia(path`/api/v1/takes/${sprite}/media`);
  useEffect(() => {
    let isHere = true;
    stillsFor(sprite).then((value) => { if (isHere) setStills(value); }, () => undefined);
    if (ref.current) setBox({ width: ref.current.clientWidth, height: ref.current.clientHeight });
    return () => { isHere = false; };
  }, [sprite]);
  const still = stillAt(stills, share * seconds);
  const scale = still ? Math.min(box.width / still.width, box.height / still.height) : 1;
  return (
    <span ref={ref} className="scrub-sheet">
      {src && still && box.width > 0 && (
        <span className="scrub-still" style={{ width: still.width * scale, height: still.height * scale }}>
          <img src={src} alt="" draggable={false} style={{ transform: `translate(${-still.x * scale}px, ${-still.y * scale}px) scale(${scale})` }} />
        </span>
      )}
    </span>
  );
}

function FilmScrub({ take, share, seconds }: { take: string; share: number; seconds: number }) {
  const ref = useRef<HTMLVideoElement>(null);
  const [isReady, setReady] = useState(false);
  useEffect(() => {
    const film = ref.current;
    // A seek that is under way is let finish: else none would, while the pointer moves.
    if (film && isReady && !film.seeking) film.currentTime = share * Math.max(0, seconds - 0.05);
  }, [share, isReady]);
  return <Film ref={ref} address={path`/api/v1/takes/${take}/media`} muted className={isReady ? "scrub-film" : "scrub-film scrub-waits"} aria-hidden="true" tabIndex={-1} onLoadedData={() => setReady(true)}
    onSeeked={(event) => { const film = event.currentTarget, wanted = share * Math.max(0, seconds - 0.05); if (Math.abs(film.currentTime - wanted) > 0.08) film.currentTime = wanted; }} />;
}

/** A film under the pointer: the moment that the pointer's place in it stands for, from its sheet of stills or itself. */
export function Scrub({ take, sprite, share }: { take: TakeLine; sprite: string | null; share: number }) {
  const seconds = take.seconds ?? 0;
  return (
    <span className="scrub" aria-hidden="true">
      {sprite ? <Sheet sprite={sprite} share={share} seconds={seconds} /> : <FilmScrub take={take.id} share={share} seconds={seconds} />}
      <span className="scrub-bar" style={{ transform: `scaleX(${share})` }} />
    </span>
  );
}
