import { useEffect } from "react";
import { createPortal } from "react-dom";
import { Store } from "../core/store";
import { t } from "../strings";
import { Button, IconButton } from "./controls";
import { Icon } from "./Icon";
import { layers } from "./layers";
import { explain } from "./states";
import { useStore } from "./useStore";

interface Toast { id: number; tone: "good" | "bad" | "info"; text: string; action?: { label: string; run: () => void } }

const toasts = new Store<Toast[]>([]);
const announcement = new Store<string>("");
let next = 1;

/** Tells of something for some seconds. */
export function toast(text: string, tone: Toast["tone"] = "good", action?: Toast["action"]): void {
  toasts.update((list) => [...list.slice(-3), { id: next++, tone, text, action }]);
}

/** Tells of what went wrong. */
export function toastError(error: unknown): void { toast(explain(error), "bad"); }

/** Says something to those who hear the page instead of seeing it. */
export function announce(text: string): void {
  announcement.set(announcement.get() === text ? `${text}\u00a0` : text);
}

function One({ toast: { id, tone, text, action } }: { toast: Toast }) {
  const drop = () => toasts.update((list) => list.filter((one) => one.id !== id));
  useEffect(() => {
    const timer = setTimeout(drop, tone === "bad" || action ? 12_000 : 5_000);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={`toast toast-${tone}`}>
      <Icon name={tone === "bad" ? "warning" : tone === "good" ? "check" : "info"} size={18} />
      <span>{text}</span>
      {action && <Button small kind="quiet" onClick={() => { drop(); action.run(); }}>{action.label}</Button>}
      <IconButton icon="close" label={t.common.close} size={14} onClick={drop} />
    </div>
  );
}

/** The place of both. */
export function Toasts() {
  const list = useStore(toasts);
  const said = useStore(announcement);
  // Over a window all else is inert: there they are in it.
  const top = useStore(layers).at(-1) ?? document.body;
  return createPortal(
    <>
      <div className="toasts" role="status" aria-live="polite">{list.map((one) => <One key={one.id} toast={one} />)}</div>
      <div className="unseen" role="log" aria-live="polite">{said}</div>
    </>,
    top,
  );
}
