import { useRef, useState, type PointerEvent as ReactPointerEvent } from "react";

/** What is being dragged, and the row it would become. */
export interface Dragged { id: string; to: number; y: number }

/**
 * Dragging rows of one height within a scrolling list by a handle. `range` says which rows take part; the place is told
 * as the index among them that the row would have afterwards.
 */
export function useReorder({ box, rowHeight, offset, count, onDrop }: {
  box: () => HTMLElement | null; rowHeight: number; offset: number; count: number; onDrop: (id: string, to: number) => void;
}) {
  const [dragged, setDragged] = useState<Dragged | null>(null);
  const state = useRef<Dragged | null>(null);
  const latest = useRef({ box, rowHeight, offset, count, onDrop });
  latest.current = { box, rowHeight, offset, count, onDrop };
  const start = (event: ReactPointerEvent<HTMLElement>, id: string, index: number) => {
    if (event.button !== 0) return;
    event.preventDefault();
    const handle = event.currentTarget;
    handle.focus();
    const pointer = event.pointerId;
    handle.setPointerCapture(pointer);
    const set = (value: Dragged | null) => { state.current = value; setDragged(value); };
    const place = (y: number) => {
      const list = latest.current.box();
      if (!list) return;
      const bounds = list.getBoundingClientRect();
      // Near an edge the list goes along.
      if (y < bounds.top + 32) list.scrollTop -= 12;
      else if (y > bounds.bottom - 32) list.scrollTop += 12;
      const row = Math.floor((y - bounds.top + list.scrollTop) / latest.current.rowHeight) - latest.current.offset;
      set({ id, to: Math.max(0, Math.min(latest.current.count - 1, row)), y });
    };
    let hasMoved = false;
    const end = (isDrop: boolean) => {
      // Rows may have come and gone since the pointer moved last.
      if (isDrop && hasMoved && state.current) place(state.current.y);
      const last = state.current;
      stop();
      if (isDrop && hasMoved && last) latest.current.onDrop(last.id, last.to);
    };
    const isOther = (other: PointerEvent) => other.pointerId !== pointer;
    const move = (moved: PointerEvent) => { if (isOther(moved)) return; hasMoved = true; place(moved.clientY); };
    const up = (event: PointerEvent) => { if (!isOther(event)) end(true); }, cancel = (event: PointerEvent) => { if (!isOther(event)) end(false); };
    // The row is gone, since it was scrolled away or has started: the page holds the pointer instead.
    const lost = (event: PointerEvent) => {
      if (isOther(event)) return;
      if (handle.isConnected) return end(false);
      try { document.documentElement.setPointerCapture(pointer); } catch { end(false); }
    };
    const key = (pressed: KeyboardEvent) => { if (pressed.key === "Escape") { pressed.stopPropagation(); end(false); } };
    const stop = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", up);
      removeEventListener("pointercancel", cancel);
      removeEventListener("lostpointercapture", lost);
      removeEventListener("keydown", key, true);
      set(null);
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", up);
    addEventListener("pointercancel", cancel);
    addEventListener("lostpointercapture", lost);
    addEventListener("keydown", key, true);
    set({ id, to: index, y: event.clientY });
  };
  return { dragged, start };
}
