import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { addNode, firstFit, firstFitBack } from "../core/commands";
import { t } from "../strings";
import { Icon } from "../ui/Icon";
import { useStore } from "../ui/useStore";
import { addKind } from "./actions";
import { useCanvas } from "./context";
import type { AddWish } from "./model";
import { paletteItems, search, type PaletteItem } from "./Palette";

/** The search that opens where a connection was let go, or where somebody clicked twice. */
export function AddPopup() {
  const { model, isEditable } = useCanvas();
  const wish = useStore(model.add);
  return wish && isEditable ? <Popup key={`${wish.at.x},${wish.at.y}`} wish={wish} /> : null;
}

function Popup({ wish }: { wish: AddWish }) {
  const { model } = useCanvas();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ left: wish.window.x, top: wish.window.y });
  const fitting = useMemo(() => {
    const items = paletteItems(model.catalogue.values());
    const { from } = wish;
    if (!from) return items;
    const probe = "?";
    return items.filter((item) => {
      const document = addNode(model.editor.document, { id: probe, type: item.kind.type, position: wish.at, data: item.kind.data });
      return (from.side === "out" ? firstFit(document, from, probe, model.catalogue) : firstFitBack(document, from, probe, model.catalogue)) !== null;
    });
  }, [wish]);
  const found = search(fitting, query);
  const close = () => { model.add.set(null); document.querySelector<HTMLElement>(".flow")?.focus(); };
  const choose = (item: PaletteItem | undefined) => {
    if (!item) return;
    addKind(model, item.kind, { x: wish.at.x - (wish.from?.side === "in" ? 240 : 0), y: wish.at.y - 30 }, wish.from);
    close();
  };
  useLayoutEffect(() => {
    const size = box.current?.getBoundingClientRect();
    if (size) setPlace({ left: Math.max(8, Math.min(wish.window.x, innerWidth - size.width - 8)), top: Math.max(8, Math.min(wish.window.y, innerHeight - size.height - 8)) });
  }, [wish]);
  useEffect(() => {
    const outside = (event: PointerEvent) => { if (!box.current?.contains(event.target as Node)) model.add.set(null); };
    document.addEventListener("pointerdown", outside, true);
    return () => document.removeEventListener("pointerdown", outside, true);
  }, []);
  useEffect(() => { box.current?.querySelector(`[data-option="${at}"]`)?.scrollIntoView({ block: "nearest" }); }, [at]);
  return (
    <div ref={box} className="add-popup" style={place} role="dialog" aria-label={t.canvas.menu.addNode} onKeyDown={(event) => {
      event.stopPropagation();
      if (event.key === "Escape") close();
      else if (event.key === "ArrowDown") { event.preventDefault(); setAt(Math.min(at + 1, found.length - 1)); }
      else if (event.key === "ArrowUp") { event.preventDefault(); setAt(Math.max(at - 1, 0)); }
      else if (event.key === "Enter") { event.preventDefault(); choose(found[at]); }
    }}>
      <label className="search"><Icon name="search" size={16} /><input type="search" autoFocus role="combobox" aria-expanded="true" aria-controls="add-options" aria-activedescendant={`add-option-${at}`} aria-label={wish.from ? t.canvas.palette.fitting : t.canvas.palette.search} placeholder={wish.from ? t.canvas.palette.fitting : t.canvas.palette.search} value={query} onChange={(event) => { setQuery(event.target.value); setAt(0); }} /></label>
      <ul id="add-options" role="listbox" aria-label={t.canvas.palette.title}>
        {found.map((item, index) => (
          <li key={item.key} id={`add-option-${index}`} data-option={index} role="option" aria-selected={index === at} onPointerMove={() => setAt(index)} onClick={() => choose(item)}>
            <Icon name={item.icon} size={16} /><span className="grow"><span>{item.title}</span><span className="muted small clip">{item.hint}</span></span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="muted small">{t.canvas.palette.nothing}</p>}
    </div>
  );
}
