import { useEffect, useRef, useState, type RefObject } from "react";
import { path } from "../api/http";
import { mediaTurn } from "../api/media";
import type { TakeLine } from "../core/takes";
import { pressOf } from "../core/transport";
import { t } from "../strings";
import { isTyping } from "../ui/focusGrid";
import { Icon } from "../ui/Icon";
import { Film, Picture } from "../ui/Media";
import { useStore } from "../ui/useStore";
import { Controls, toggleFull } from "./Controls";
import { useTransport } from "./useTransport";
import { nameOfTake } from "./words";

/** A take's picture, film or sound, as large as there is room. */
function Media({ take, film, isMuted, onReady, onBroken }: { take: TakeLine; film: RefObject<HTMLVideoElement>; isMuted: boolean; onReady: () => void; onBroken: () => void }) {
  const address = path`/api/v1/takes/${take.id}/media`;
  if (take.kind === "video") return <Film key={take.id} ref={film} address={address} muted={isMuted} aria-label={nameOfTake(take)} onLoadedData={onReady} onError={onBroken} />;
  if (take.kind === "image") return <Picture address={address} alt={take.prompt || nameOfTake(take)} />;
  if (take.kind === "audio") return <div className="viewer-sound"><Icon name="audio" size={56} /><Film key={take.id} address={address} controls aria-label={nameOfTake(take)} onError={onBroken} /></div>;
  return <p className="muted viewer-note">{t.takes.noView}</p>;
}

/** One take, or two beside or over each other, played by the same keys. */
export function Viewer({ takes, mode, onBroken, children }: { takes: TakeLine[]; mode: "single" | "side" | "wipe"; onBroken?: () => void; children?: React.ReactNode }) {
  const one = useRef<HTMLVideoElement>(null), two = useRef<HTMLVideoElement>(null), box = useRef<HTMLDivElement>(null);
  const films = takes.filter((take) => take.kind === "video");
  const rate = films[0]?.rate ?? 24;
  const frames = Math.max(1, ...films.map((take) => Math.round((take.seconds ?? 0) * rate) || take.frames || 1));
  const refs = takes[0]?.kind === "video" ? [one, two] : [two];
  const { state, press, onReady } = useTransport(refs, frames, rate);
  const [isMuted, setMuted] = useState(false);
  const [broken, setBroken] = useState<string | null>(null);
  const turn = useStore(mediaTurn);
  useEffect(() => setBroken(null), [turn]);
  const [wipe, setWipe] = useState(50);
  const full = () => toggleFull(box.current);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open], .menu")) return;
      const isOnRange = event.target instanceof HTMLInputElement && event.target.type === "range";
      if (isOnRange && /^(Arrow|Home|End|Page)/.test(event.key)) return;
      if (event.key === " " && event.target instanceof HTMLButtonElement) return;
      const what = films.length > 0 ? pressOf(event.key, event.shiftKey) : null;
      if (what) press(what);
      else if (event.key === "f") full();
      else if (event.key === "m") setMuted((value) => !value);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [films.length, press]);
  const drag = (event: React.PointerEvent<HTMLDivElement>) => {
    if (event.buttons !== 1 && event.type !== "pointerdown") return;
    const bounds = event.currentTarget.getBoundingClientRect();
    setWipe(Math.max(0, Math.min(100, ((event.clientX - bounds.left) / bounds.width) * 100)));
  };
  const isWipe = mode === "wipe" && takes.length === 2;
  return (
    <div className="viewer" ref={box}>
      <div className={`viewer-stage viewer-${mode}`} onPointerDown={isWipe ? (event) => { event.currentTarget.setPointerCapture(event.pointerId); drag(event); } : undefined} onPointerMove={isWipe ? drag : undefined}>
        {takes.map((take, index) => (
          <figure key={index} style={isWipe && index === 1 ? { clipPath: `inset(0 0 0 ${wipe}%)` } : undefined} onClick={mode === "single" && take.kind === "video" ? () => press("play") : undefined}>
            {broken === take.id ? <div className="viewer-note"><p>{t.takes.cannotPlay}</p><p className="muted">{t.takes.cannotPlayHint}</p>{children}</div>
              : <Media take={take} film={index === 0 ? one : two} isMuted={isMuted || index === 1} onReady={onReady} onBroken={() => { setBroken(take.id); onBroken?.(); }} />}
            {takes.length === 2 && <figcaption className={`viewer-name viewer-name-${index}`}>{nameOfTake(take)}</figcaption>}
          </figure>
        ))}
        {isWipe && <div className="wipe-line" style={{ left: `${wipe}%` }}><span><Icon name="compare" size={16} /></span></div>}
      </div>
      {isWipe && <label className="wipe-range"><span className="unseen">{t.takes.wipeAt}</span><input type="range" min={0} max={100} value={Math.round(wipe)} aria-label={t.takes.wipeAt} onChange={(event) => setWipe(Number(event.target.value))} /></label>}
      {films.length > 0 && <Controls state={state} rate={rate} isMuted={isMuted} press={press} onMute={() => setMuted(!isMuted)} onFull={full} />}
    </div>
  );
}
