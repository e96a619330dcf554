import { writeJson } from "../core/json";
import { useEffect, useMemo, useState } from "react";
import { t } from "../strings";
import { IconButton } from "../ui/controls";
import { Icon } from "../ui/Icon";
import { nameOf } from "./actions";
import { useCanvas } from "./context";

/** Finds nodes by name, function, shot, parameters and notes, and goes to them. */
export function FindBar({ onClose }: { onClose: () => void }) {
  const { model } = useCanvas();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const found = useMemo(() => {
    const wanted = query.trim().toLowerCase();
    if (!wanted) return [];
    return model.editor.document.nodes.filter((node) => `${nameOf(model, node)} ${node.id} ${writeJson(node.data)}`.toLowerCase().includes(wanted)).map((node) => node.id);
  }, [query]);
  useEffect(() => {
    model.found.set(new Set(found));
    const id = found[at];
    if (id) {
      model.editor.select([id]);
      model.reveal(id);
    }
  }, [found, at]);
  useEffect(() => () => model.found.set(null), []);
  const step = (by: number) => { if (found.length > 0) setAt((at + by + found.length) % found.length); };
  return (
    <div className="find-bar flow-overlay" role="search" onKeyDown={(event) => {
      event.stopPropagation();
      if (event.key === "Escape") onClose();
      if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
    }}>
      <label className="search"><Icon name="search" size={16} /><input type="search" autoFocus aria-label={t.canvas.find.title} placeholder={t.canvas.find.placeholder} value={query} onChange={(event) => { setQuery(event.target.value); setAt(0); }} /></label>
      <span className="small muted tabular" role="status">{query ? t.canvas.find.count(at + 1, found.length) : ""}</span>
      <IconButton icon="up" label={t.canvas.find.previous} onClick={() => step(-1)} />
      <IconButton icon="down" label={t.canvas.find.next} onClick={() => step(1)} />
      <IconButton icon="close" label={t.common.close} onClick={onClose} />
    </div>
  );
}
