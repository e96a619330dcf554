import { useCallback, useEffect, useRef, useState, type RefObject } from "react";
import { arrive, frameAt, press as pressed, timeOf, transportOf, type Press, type Transport } from "../core/transport";

/**
 * Plays films together by one clock: the first leads, the others follow it. What is forwards is played by the browser, with
 * sound; backwards is shown frame by frame.
 */
export function useTransport(films: RefObject<HTMLVideoElement>[], frames: number, rate: number) {
  const [state, setState] = useState<Transport>(() => transportOf(frames));
  const current = useRef(state);
  const set = useCallback((next: Transport) => {
    if (next === current.current) return;
    current.current = next;
    setState(next);
  }, []);
  const all = () => films.map((film) => film.current).filter((film): film is HTMLVideoElement => film !== null);
  const seek = (frame: number) => { for (const film of all()) if (film.readyState > 0) film.currentTime = Math.min(timeOf(frame, rate), Math.max(0, (film.duration || Infinity) - 0.001)); };
  useEffect(() => set(transportOf(frames)), [frames, rate]);

  const press = useCallback((what: Press) => {
    const before = current.current, next = pressed(before, what);
    set(next);
    if (next.frame !== before.frame || (next.speed === 0 && before.speed !== 0)) seek(next.frame);
  }, [rate]);

  useEffect(() => {
    if (state.speed <= 0) {
      for (const film of all()) film.pause();
      if (state.speed === 0) return;
    } else {
      for (const film of all()) {
        film.playbackRate = state.speed;
        // Refused where the page may not make sound yet: without sound it may.
        film.play().catch(() => { film.muted = true; film.play().catch(() => undefined); });
      }
    }
    let request = 0, last = performance.now(), exact = current.current.frame;
    const tick = (now: number) => {
      const [leader, ...others] = all();
      const before = current.current;
      if (!leader) return;
      if (before.speed > 0) {
        const next = arrive(before, leader.ended ? before.frames : frameAt(leader.currentTime, rate));
        set(next);
        if (next.frame < before.frame || (next.speed === 0 && !leader.paused)) seek(next.frame);
        if (next.speed > 0 && leader.paused) void leader.play().catch(() => undefined);
        for (const film of others) if (Math.abs(film.currentTime - leader.currentTime) > 1.5 / rate && !film.seeking && film.duration > leader.currentTime) film.currentTime = leader.currentTime;
      } else if (before.speed < 0) {
        exact += ((now - last) / 1000) * rate * before.speed;
        const next = arrive(before, Math.floor(exact));
        if (next.frame !== before.frame) {
          if (next.frame > before.frame || next.speed === 0) exact = next.frame;
          if (!leader.seeking) seek(next.frame);
          set(next);
        } else if (next.speed !== before.speed) { set(next); seek(next.frame); }
      }
      last = now;
      if (current.current.speed !== 0) request = requestAnimationFrame(tick);
    };
    request = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(request);
  }, [state.speed, rate, frames]);

  /** A film is there: it is brought to where the others are. */
  const onReady = useCallback(() => { if (current.current.speed === 0) seek(current.current.frame); }, [rate]);
  return { state, press, onReady };
}
