import { useCallback, useEffect, useRef, useState, type MutableRefObject } from "react";
import { layersAt, placed, totalOf, type CutClip, type Layers } from "../core/cut";
import { arrive, press as pressed, timeOf, transportOf, type Press, type Transport } from "../core/transport";

/** The film elements of the clips that are mounted, by the clips' keys. */
export type Films = MutableRefObject<Map<string, HTMLVideoElement>>;

/** The films that are seen together: on top, and below what dissolves. Each with how loud it is, which follows what is seen. */
function seen(at: Layers, films: Map<string, HTMLVideoElement>) {
  const layers = [{ place: at.place, sourceFrame: at.sourceFrame, weight: at.weight }, ...(at.below ? [{ ...at.below, weight: 1 - at.weight }] : [])];
  return layers.flatMap(({ place, sourceFrame, weight }) => { const film = films.get(place.clip.key); return film ? [{ film, clip: place.clip, sourceFrame, weight }] : []; });
}

/**
 * Plays a cut: a clock goes through the film's frames, and the clip of the moment follows it. The clock waits for pictures
 * that are still on their way.
 */
export function useSequence(clips: readonly CutClip[], rate: number, films: Films) {
  const total = Math.max(1, totalOf(clips, rate));
  const [state, setState] = useState<Transport>(() => transportOf(total));
  const current = useRef(state);
  const places = useRef(placed(clips, rate));
  places.current = placed(clips, rate);
  const set = useCallback((next: Transport) => {
    if (next === current.current) return;
    current.current = next;
    setState(next);
  }, []);
  useEffect(() => { if (current.current.frames !== total) set({ ...current.current, frames: total, frame: Math.min(current.current.frame, total - 1), start: null, end: null }); }, [total]);

  const show = useCallback((frame: number, isPassing = false) => {
    const at = layersAt(places.current, frame, rate);
    if (!at) return;
    for (const { film, clip, sourceFrame } of seen(at, films.current)) if (film.readyState > 0 && !(isPassing && film.seeking)) film.currentTime = timeOf(sourceFrame, clip.rate);
  }, [rate]);
  const press = useCallback((what: Press) => set(pressed(current.current, what)), []);
  // What stands still is shown exactly; so is what was trimmed meanwhile.
  useEffect(() => { if (state.speed === 0) show(state.frame); }, [state.frame, state.speed, clips, show]);

  useEffect(() => {
    const pause = () => { for (const film of films.current.values()) film.pause(); };
    if (state.speed === 0) return pause();
    let request = 0, last = performance.now(), exact = current.current.frame;
    const tick = (now: number) => {
      const before = current.current;
      const at = layersAt(places.current, before.frame, rate);
      const shown = at ? seen(at, films.current) : [];
      const waits = shown.some(({ film }) => film.readyState < 2);
      if (!waits) {
        exact += ((now - last) / 1000) * rate * before.speed;
        const next = arrive(before, Math.floor(exact));
        if (Math.abs(next.frame - Math.floor(exact)) > 0) exact = next.frame;
        set(next);
      }
      last = now;
      if (shown.length > 0 && current.current.speed > 0) {
        for (const other of films.current.values()) if (!other.paused && !shown.some(({ film }) => film === other)) other.pause();
        for (const { film, clip, sourceFrame, weight } of shown) {
          const wanted = timeOf(sourceFrame, clip.rate);
          film.playbackRate = Math.min(8, before.speed);
          film.volume = weight;
          if (film.ended || sourceFrame >= (clip.frames ?? Infinity) - 1) { if (!film.paused) film.pause(); }
          else if (film.paused) { film.currentTime = wanted; film.play().catch(() => { film.muted = true; }); }
          else if (Math.abs(film.currentTime - wanted) > 4 / clip.rate && !film.seeking) film.currentTime = wanted;
        }
      } else if (current.current.speed < 0) show(current.current.frame, true);
      if (current.current.speed !== 0) request = requestAnimationFrame(tick);
    };
    request = requestAnimationFrame(tick);
    return () => { cancelAnimationFrame(request); pause(); };
  }, [state.speed, rate, show]);

  return { state, press, show, at: layersAt(places.current, state.frame, rate), places: places.current };
}
