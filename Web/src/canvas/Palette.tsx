import { useMemo, useState } from "react";
import type { StudioFunction } from "../api/types";
import { t } from "../strings";
import { Icon, type IconName } from "../ui/Icon";
import { addKind, continuesFrom, freePlace, type Kind } from "./actions";
import { useCanvas } from "./context";
import { basicKinds, dragKind, kindOfFunction } from "./kinds";

/** One thing that can be added. */
export interface PaletteItem { key: string; title: string; hint: string; category: string; icon: IconName; kind: Kind; cost?: string; words: string }

/** The category of functions that everything begins with. */
const first = "Generate";

/** All that can be added, the building blocks first. */
export function paletteItems(functions: Iterable<StudioFunction>): PaletteItem[] {
  const basics = basicKinds.map((one): PaletteItem => ({ key: `basic:${one.kind.type}`, title: one.title, hint: one.hint, category: t.canvas.palette.basics, icon: one.icon, kind: one.kind, words: `${one.title} ${one.hint}`.toLowerCase() }));
  const rest = [...functions].map((entry): PaletteItem => ({
    key: `function:${entry.name}`, title: entry.title, hint: entry.description, category: entry.category, icon: iconOf(entry), kind: kindOfFunction(entry),
    cost: entry.cost.credits > 0 || entry.cost.perSecond > 0 ? t.canvas.palette.cost(entry.cost.credits, entry.cost.perSecond) : undefined,
    words: `${entry.title} ${entry.name} ${entry.category} ${entry.description}`.toLowerCase(),
  }));
  return [...basics, ...rest.sort((a, b) => Number(b.category === first) - Number(a.category === first) || a.category.localeCompare(b.category) || a.title.localeCompare(b.title))];
}

function iconOf(entry: StudioFunction): IconName {
  const output = Object.values(entry.outputs).find((port) => port.primary) ?? Object.values(entry.outputs)[0];
  switch (output?.type) {
    case "image": case "mask": return "image";
    case "video": return "video";
    case "audio": return "audio";
    case "text": case "json": case "number": return "text";
    default: return "bolt";
  }
}

/** Those that have all the words, the ones named by them first. */
export function search(items: readonly PaletteItem[], query: string): PaletteItem[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...items];
  const score = (item: PaletteItem) => (item.title.toLowerCase().startsWith(words[0] as string) ? 0 : item.title.toLowerCase().includes(words[0] as string) ? 1 : 2);
  return items.filter((item) => words.every((word) => item.words.includes(word))).sort((a, b) => score(a) - score(b));
}

/** All that can be added, beside the canvas: drag it there, or press it. */
export function Palette() {
  const { model, isEditable } = useCanvas();
  const [query, setQuery] = useState("");
  const items = useMemo(() => paletteItems(model.catalogue.values()), [model.catalogue]);
  const found = search(items, query);
  const groups = new Map<string, PaletteItem[]>();
  for (const item of found) groups.set(item.category, [...(groups.get(item.category) ?? []), item]);
  const add = (item: PaletteItem) => {
    const id = addKind(model, item.kind, freePlace(model), continuesFrom(model));
    model.reveal(id);
  };
  return (
    <div className="palette">
      <label className="search"><Icon name="search" size={16} /><input type="search" placeholder={t.canvas.palette.search} aria-label={t.canvas.palette.search} value={query} onChange={(event) => setQuery(event.target.value)} onKeyDown={(event) => { if (event.key === "Enter" && found[0] && isEditable) { add(found[0]); setQuery(""); } }} /></label>
      <div className="palette-list" tabIndex={-1}>
        {[...groups].map(([category, list]) => (
          <section key={category} aria-label={category}>
            <h2>{category}</h2>
            <ul>{list.map((item) => (
              <li key={item.key}><button type="button" disabled={!isEditable} draggable={isEditable} title={`${item.hint}\n${t.canvas.palette.drag}`} onDragStart={(event) => dragKind(event.dataTransfer, item.kind)} onClick={() => add(item)}>
                <Icon name={item.icon} size={16} /><span className="clip grow">{item.title}</span>{item.cost && <span className="palette-cost tabular">{item.cost}</span>}
              </button></li>
            ))}</ul>
          </section>
        ))}
        {found.length === 0 && <p className="muted small">{t.canvas.palette.nothing}</p>}
      </div>
    </div>
  );
}
