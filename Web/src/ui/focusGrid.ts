import type { KeyboardEvent } from "react";

/**
 * Arrow keys among things that lie in rows and columns: `selector` names what takes the focus. True where the key was one
 * of them. Only what is mounted can be reached; lists keep some rows beyond the window so.
 */
export function moveFocus(event: KeyboardEvent<HTMLElement>, box: HTMLElement | null, selector: string): boolean {
  const from = event.target as HTMLElement;
  if (!box || !from.matches(selector) || event.altKey || event.ctrlKey || event.metaKey) return false;
  const here = from.getBoundingClientRect();
  const others = [...box.querySelectorAll<HTMLElement>(selector)].filter((one) => one !== from).map((one) => ({ one, at: one.getBoundingClientRect() }));
  const near = (fits: (at: DOMRect) => boolean) => others.filter(({ at }) => fits(at))
    .sort((a, b) => Math.hypot(a.at.left - here.left, a.at.top - here.top) - Math.hypot(b.at.left - here.left, b.at.top - here.top))[0]?.one;
  const sameRow = (at: DOMRect) => Math.abs(at.top - here.top) < here.height / 2;
  let to: HTMLElement | undefined;
  switch (event.key) {
    case "ArrowRight": to = near((at) => sameRow(at) && at.left > here.left) ?? near((at) => at.top > here.top + here.height / 2 && at.left < here.left); break;
    case "ArrowLeft": to = near((at) => sameRow(at) && at.left < here.left); break;
    case "ArrowDown": to = near((at) => at.top > here.top + here.height / 2); break;
    case "ArrowUp": to = near((at) => at.top < here.top - here.height / 2); break;
    default: return false;
  }
  event.preventDefault();
  to?.focus();
  return true;
}

/** Closes by Escape what stands beside or over a page, unless the key belongs to what has the focus. */
export function onEscape(close: () => void): (event: KeyboardEvent<HTMLElement>) => void {
  return (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || isTyping(event.target)) return;
    event.preventDefault();
    close();
  };
}

/** Whether a key was pressed where text is written or something is chosen, and belongs there. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.matches("input:not([type=range]):not([type=checkbox]):not([type=radio]), select, textarea") || target.isContentEditable);
}
