import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { path } from "../api/http";
import { moved, trimIn, trimOut, type CutClip, type PlacedClip } from "../core/cut";
import type { Press } from "../core/transport";
import { t } from "../strings";
import { timecode } from "../ui/format";
import { Picture } from "../ui/Media";

interface TimelineProps {
  places: readonly PlacedClip[]; rate: number; frame: number; total: number; zoom: number; selected: string | null; mayWork: boolean;
  onSelect: (key: string | null) => void; onTrim: (clip: CutClip) => void; onTrimming: (clip: CutClip | null) => void; onMove: (from: number, to: number) => void; onRemove: (key: string) => void; press: (what: Press) => void;
}

/** The distance between the marks of the ruler, in seconds, so that their numbers do not touch. */
export function rulerStep(pixelsPerSecond: number): number { return [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find((seconds) => seconds * pixelsPerSecond >= 74) ?? 1800; }

/** Follows the pointer until it is let go; Escape gives it up. */
function follow(event: PointerEvent<HTMLElement>, onMove: (dx: number, x: number) => void, onEnd: (isDone: boolean) => void) {
  const target = event.currentTarget, start = event.clientX;
  target.setPointerCapture(event.pointerId);
  const move = (moved: globalThis.PointerEvent) => onMove(moved.clientX - start, moved.clientX);
  const end = (isDone: boolean) => {
    target.removeEventListener("pointermove", move);
    target.removeEventListener("pointerup", up);
    target.removeEventListener("pointercancel", cancel);
    removeEventListener("keydown", key, true);
    onEnd(isDone);
  };
  const up = () => end(true), cancel = () => end(false);
  const key = (pressed: globalThis.KeyboardEvent) => { if (pressed.key === "Escape") { pressed.stopPropagation(); end(false); } };
  target.addEventListener("pointermove", move);
  target.addEventListener("pointerup", up);
  target.addEventListener("pointercancel", cancel);
  addEventListener("keydown", key, true);
}

function Handle({ clip, side, pixelsPerFrame, onTrim, onTrimming }: { clip: CutClip; side: "in" | "out"; pixelsPerFrame: number } & Pick<TimelineProps, "onTrim" | "onTrimming">) {
  const value = side === "in" ? clip.in : clip.out;
  const trim = (frame: number) => (side === "in" ? trimIn(clip, frame) : trimOut(clip, frame));
  // A press alone is no step.
  const set = (next: CutClip) => { if (next.in !== clip.in || next.out !== clip.out) onTrim(next); };
  const keyDown = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    set(trim(value + by * (event.shiftKey ? 10 : 1)));
  };
  return (
    <span className={`cutclip-handle cutclip-handle-${side}`} role="slider" tabIndex={0} aria-label={side === "in" ? t.cut.trimIn(clip.name) : t.cut.trimOut(clip.name)} aria-valuemin={0} aria-valuemax={clip.frames ?? clip.out + 1000} aria-valuenow={value}
      onKeyDown={keyDown} onClick={(event) => event.stopPropagation()}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.stopPropagation();
        event.preventDefault();
        event.currentTarget.focus();
        let last = clip;
        follow(event, (dx) => { last = trim(value + Math.round(dx / pixelsPerFrame)); onTrimming(last); }, (isDone) => { onTrimming(null); if (isDone) set(last); });
      }} />
  );
}

/** The shots of a cut in their order and length. */
export function Timeline({ places, rate, frame, total, zoom, selected, mayWork, onSelect, onTrim, onTrimming, onMove, onRemove, press }: TimelineProps) {
  const box = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ from: number; to: number; dx: number } | null>(null);
  const pixelsPerFrame = zoom / rate;
  const width = Math.max(total * pixelsPerFrame, 10);
  useEffect(() => {
    const list = box.current;
    if (!list) return;
    const x = frame * pixelsPerFrame;
    if (x < list.scrollLeft || x > list.scrollLeft + list.clientWidth - 24) list.scrollLeft = Math.max(0, x - list.clientWidth / 3);
  }, [frame, pixelsPerFrame]);
  const seekTo = (clientX: number) => {
    const list = box.current;
    if (list) press({ to: (clientX - list.getBoundingClientRect().left + list.scrollLeft - 12) / pixelsPerFrame });
  };
  const keyDown = (event: KeyboardEvent, place: PlacedClip) => {
    const focus = (index: number) => requestAnimationFrame(() => box.current?.querySelectorAll<HTMLElement>(".cutclip-body")[index]?.focus());
    const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (by !== 0 && event.shiftKey && mayWork) { onMove(place.index, place.index + by); focus(Math.max(0, Math.min(places.length - 1, place.index + by))); }
    else if (by !== 0) { const next = places[place.index + by]; if (next) { onSelect(next.clip.key); press({ to: next.start }); focus(next.index); } }
    else if ((event.key === "Delete" || event.key === "Backspace") && mayWork) { onRemove(place.clip.key); focus(Math.min(place.index, places.length - 2)); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const startDrag = (event: PointerEvent<HTMLElement>, place: PlacedClip) => {
    if (event.button !== 0 || !mayWork) return;
    let last: { from: number; to: number; dx: number } | null = null;
    follow(event, (dx) => {
      if (!last && Math.abs(dx) < 5) return;
      const middle = (place.start + place.length / 2) * pixelsPerFrame + dx;
      const to = places.filter((one) => one.index !== place.index && (one.start + one.length / 2) * pixelsPerFrame < middle).length;
      last = { from: place.index, to, dx };
      setDrag(last);
    }, (isDone) => {
      setDrag(null);
      if (isDone && last && last.to !== last.from) onMove(last.from, last.to);
    });
  };
  const step = rulerStep(zoom);
  const marks = Array.from({ length: Math.min(400, Math.floor(total / rate / step) + 1) }, (_, index) => index * step);
  const order = drag ? moved(places, drag.from, drag.to) : null;
  const startOf = (place: PlacedClip) => (order ? order.slice(0, order.indexOf(place)).reduce((sum, one) => sum + one.length, 0) : place.start);
  return (
    <div className="timeline" ref={box} role="group" aria-label={t.cut.timeline} tabIndex={-1}>
      <div className="timeline-space" style={{ width: width + 24 }}>
        <div className="timeline-ruler" aria-hidden="true" onPointerDown={(event) => { if (event.button === 0) { seekTo(event.clientX); follow(event, (_dx, x) => seekTo(x), () => undefined); } }}>
          {marks.map((seconds) => <span key={seconds} style={{ left: 12 + seconds * zoom }}>{timecode(seconds, rate)}</span>)}
        </div>
        <ol className="timeline-track">
          {places.map((place) => {
            const { clip } = place, isDragged = drag?.from === place.index;
            return (
              <li key={clip.key} className={`cutclip ${selected === clip.key ? "cutclip-selected" : ""} ${isDragged ? "cutclip-dragged" : ""}`}
                style={{ left: 12, width: Math.max(4, place.length * pixelsPerFrame - 2), transform: `translateX(${isDragged ? place.start * pixelsPerFrame + drag.dx : startOf(place) * pixelsPerFrame}px)` }}>
                <button type="button" className="cutclip-body" aria-pressed={selected === clip.key} aria-label={t.cut.clip(clip.name, place.index + 1, places.length, timecode(place.length / rate, rate))}
                  onClick={() => { onSelect(clip.key); if (frame < place.start || frame >= place.start + place.length) press({ to: place.start }); }} onKeyDown={(event) => keyDown(event, place)} onPointerDown={(event) => startDrag(event, place)}>
                  {clip.take && <span className="cutclip-picture"><Picture address={path`/api/v1/takes/${clip.take}/thumbnail`} fallback="video" /></span>}
                  {clip.dissolve > 0 && <span className="cutclip-fade cutclip-fade-in" style={{ width: clip.dissolve * pixelsPerFrame * (rate / clip.rate) }} />}
                  {clip.fadeOut > 0 && place.index === places.length - 1 && <span className="cutclip-fade cutclip-fade-out" style={{ width: clip.fadeOut * pixelsPerFrame * (rate / clip.rate) }} />}
                  <span className="cutclip-words"><strong className="cutclip-name">{clip.shot || clip.name}</strong><span className="tabular">{timecode(place.length / rate, rate)}</span></span>
                </button>
                {mayWork && <><Handle clip={clip} side="in" pixelsPerFrame={pixelsPerFrame * (rate / clip.rate)} onTrim={onTrim} onTrimming={onTrimming} /><Handle clip={clip} side="out" pixelsPerFrame={pixelsPerFrame * (rate / clip.rate)} onTrim={onTrim} onTrimming={onTrimming} /></>}
              </li>
            );
          })}
        </ol>
        <div className="timeline-head" aria-hidden="true" style={{ transform: `translateX(${12 + frame * pixelsPerFrame}px)` }} />
      </div>
    </div>
  );
}
