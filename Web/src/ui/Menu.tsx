import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { Icon, type IconName } from "./Icon";

/** A line of a menu; null is a rule between two groups. */
export type MenuItem = { label: string; icon?: IconName; keys?: string; danger?: boolean; disabled?: boolean; checked?: boolean; /** Checked or not by itself, instead of one of several. */ isToggle?: boolean; run: () => void } | null;

/** A menu at a point of the window; arrows, Home, End, letters, Enter and Escape work as everywhere. */
export function Menu({ x, y, items, label, onClose }: { x: number; y: number; items: MenuItem[]; label: string; onClose: () => void }) {
  const ref = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ x, y });
  useLayoutEffect(() => {
    const box = ref.current?.getBoundingClientRect();
    if (box) setPlace({ x: Math.max(8, Math.min(x, innerWidth - box.width - 8)), y: Math.max(8, Math.min(y, innerHeight - box.height - 8)) });
    const before = document.activeElement as HTMLElement | null;
    buttons()[0]?.focus();
    return () => { if (!document.activeElement || document.activeElement === document.body) before?.focus?.(); };
  }, []);
  useEffect(() => {
    const outside = (event: Event) => { if (!ref.current?.contains(event.target as Node)) onClose(); };
    document.addEventListener("pointerdown", outside, true);
    addEventListener("blur", onClose);
    addEventListener("resize", onClose);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      removeEventListener("blur", onClose);
      removeEventListener("resize", onClose);
    };
  }, [onClose]);
  const buttons = () => [...(ref.current?.querySelectorAll<HTMLButtonElement>("button:not(:disabled)") ?? [])];
  const keyDown = (event: React.KeyboardEvent) => {
    event.stopPropagation();
    const all = buttons(), at = all.indexOf(document.activeElement as HTMLButtonElement);
    const go = (index: number) => { event.preventDefault(); all[(index + all.length) % all.length]?.focus(); };
    if (event.key === "ArrowDown") go(at + 1);
    else if (event.key === "ArrowUp") go(at - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(all.length - 1);
    else if (event.key === "Escape" || event.key === "Tab") { event.preventDefault(); onClose(); }
    else if (event.key.length === 1) {
      const found = [...all.slice(at + 1), ...all].find((button) => button.textContent?.toLowerCase().startsWith(event.key.toLowerCase()));
      found?.focus();
    }
  };
  return createPortal(
    <div ref={ref} className="menu" role="menu" aria-label={label} style={{ left: place.x, top: place.y }} onKeyDown={keyDown}
      onContextMenu={(event) => event.preventDefault()}>
      {items.map((item, index) => item === null ? <hr key={index} /> : (
        <button key={index} type="button" role={item.checked === undefined ? "menuitem" : item.isToggle ? "menuitemcheckbox" : "menuitemradio"} aria-checked={item.checked}
          disabled={item.disabled} className={item.danger ? "menu-danger" : ""} tabIndex={-1}
          onClick={() => { onClose(); item.run(); }}>
          {item.checked ? <Icon name="check" size={16} /> : item.icon ? <Icon name={item.icon} size={16} /> : <span className="menu-gap" />}
          <span>{item.label}</span>
          {item.keys && <kbd>{item.keys}</kbd>}
        </button>
      ))}
    </div>,
    // In a landmark, and over a dialog where one is open.
    document.querySelector("dialog[open]") ?? document.getElementById("content") ?? document.body,
  );
}

/** A button that opens a menu below itself. */
export function MenuButton({ items, label, children, className }: { items: () => MenuItem[]; label: string; children: ReactNode; className?: string }) {
  const [at, setAt] = useState<{ x: number; y: number } | null>(null);
  const ref = useRef<HTMLButtonElement>(null);
  const open = () => {
    const box = ref.current?.getBoundingClientRect();
    if (box) setAt({ x: box.left, y: box.bottom + 4 });
  };
  return (
    <>
      <button ref={ref} type="button" className={className ?? "icon-button"} aria-haspopup="menu" aria-expanded={at !== null} aria-label={label} title={label} onClick={open}>{children}</button>
      {at && <Menu {...at} label={label} items={items()} onClose={() => { setAt(null); ref.current?.focus(); }} />}
    </>
  );
}
