import { useCallback, useEffect, useRef, useState, type ReactNode } from "react";

/**
 * A grid or list of things of one height, of which only those near the window are mounted. With `columnWidth` as many
 * columns as fit; without it one.
 */
export function VirtualGrid<T>({ items, itemHeight, columnWidth, gap = 12, overscan = 2, render, keyOf, onEnd, label, className, role = "list", itemRole = "listitem", empty, overlay }: {
  items: readonly T[]; itemHeight: number; columnWidth?: number; gap?: number; overscan?: number; render: (item: T, index: number) => ReactNode;
  keyOf: (item: T, index: number) => string; onEnd?: () => void; label: string; className?: string; role?: string; itemRole?: string; empty?: ReactNode; overlay?: ReactNode;
}) {
  const ref = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800, width: 800 });
  const measure = useCallback(() => {
    const box = ref.current;
    if (!box) return;
    const style = getComputedStyle(box), width = box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    setView((before) => before.top === box.scrollTop && before.height === box.clientHeight && before.width === width ? before : { top: box.scrollTop, height: box.clientHeight, width });
  }, []);
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, [measure]);
  const columns = columnWidth ? Math.max(1, Math.floor((view.width + gap) / (columnWidth + gap))) : 1;
  const rowHeight = itemHeight + gap;
  const rows = Math.ceil(items.length / columns);
  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan);
  const last = Math.min(rows, Math.ceil((view.top + view.height) / rowHeight) + overscan);
  const isNearEnd = last >= rows - 1;
  // Also where as many are shown as before: of those that came with the last page none may fit.
  useEffect(() => { if (isNearEnd && items.length > 0) onEnd?.(); }, [isNearEnd, items, onEnd]);
  const width = (view.width - gap * (columns - 1)) / columns;
  const shown: ReactNode[] = [];
  for (let index = first * columns; index < Math.min(items.length, last * columns); index += 1) {
    const item = items[index] as T;
    const column = index % columns, row = Math.floor(index / columns);
    shown.push(
      <div key={keyOf(item, index)} role={itemRole} aria-setsize={items.length} aria-posinset={index + 1} className="virtual-item"
        style={{ transform: `translate(${column * (width + gap)}px, ${row * rowHeight}px)`, width, height: itemHeight }}>
        {render(item, index)}
      </div>,
    );
  }
  return (
    <div ref={ref} className={`virtual ${className ?? ""}`} onScroll={measure} tabIndex={0} role="region" aria-label={label}>
      {items.length === 0 ? empty : <div role={role} aria-label={label} className="virtual-space" style={{ height: rows * rowHeight }}>{shown}</div>}
      {overlay}
    </div>
  );
}
