import { useEffect, useRef, useState, type CSSProperties } from "react";
import { filePath, path } from "../api/http";
import type { CutClip, Layers, PlacedClip } from "../core/cut";
import { pressOf, type Press, type Transport } from "../core/transport";
import { Controls, toggleFull } from "../takes/Controls";
import { t } from "../strings";
import { isTyping } from "../ui/focusGrid";
import { Icon } from "../ui/Icon";
import { Film } from "../ui/Media";
import type { Films } from "./useSequence";

/** Where a clip's bytes are. */
export function addressOf(project: string, clip: CutClip): string {
  return clip.take ? path`/api/v1/takes/${clip.take}/media` : `${path`/api/v1/projects/${project}/files/`}${filePath(clip.file ?? "")}`;
}

/** The film as it is cut now, with its dissolves. The clip that comes next is loaded before it is its turn. */
export function Monitor({ project, places, at, state, rate, films, press, onReady, onKey }: {
  project: string; places: readonly PlacedClip[]; at: Layers | null; state: Transport; rate: number; films: Films; press: (what: Press) => void; onReady: () => void; onKey: (event: KeyboardEvent) => boolean;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [isMuted, setMuted] = useState(false);
  const full = () => toggleFull(box.current);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event.target) || document.querySelector("dialog[open], .menu")) return;
      if (onKey(event)) { event.preventDefault(); return; }
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof HTMLElement && (event.target.closest("[role=slider], input[type=range]") && /^(Arrow|Home|End)/.test(event.key))) return;
      if (event.key === " " && event.target instanceof HTMLElement && event.target.closest("button, a, summary, input")) return;
      const what = places.length > 0 ? pressOf(event.key, event.shiftKey) : null;
      if (what) press(what);
      else if (event.key === "f") full();
      else if (event.key === "m") setMuted((value) => !value);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [places.length, press, onKey]);
  // In their order, so that the newer of two lies on top. The one before a dissolve is loaded while its clip is on.
  const index = at?.place.index ?? 0;
  const from = (at?.place.clip.dissolve ?? 0) > 0 ? index - 1 : index;
  const shown = at ? places.slice(Math.max(0, from), index + 2) : [];
  const styleOf = (clip: PlacedClip): CSSProperties | undefined => {
    if (clip.index === index) return at && at.weight < 1 ? { opacity: at.weight } : undefined;
    return at?.below?.place.index === clip.index ? undefined : { visibility: "hidden" };
  };
  return (
    <section className="viewer cut-monitor" ref={box} aria-label={t.cut.monitor}>
      <div className="viewer-stage" onClick={() => places.length > 0 && press("play")}>
        {shown.map((place) => { const { clip } = place; return (
          <figure key={clip.key} style={styleOf(place)}>
            <Film ref={(film) => { if (film) films.current.set(clip.key, film); else films.current.delete(clip.key); }} address={addressOf(project, clip)} muted={isMuted} aria-label={clip.name} onLoadedData={onReady} />
          </figure>
        ); })}
        {places.length === 0 && <div className="viewer-note"><Icon name="cut" size={40} /><p className="muted">{t.cut.monitorEmpty}</p></div>}
      </div>
      {places.length > 0 && <Controls state={state} rate={rate} isMuted={isMuted} press={press} onMute={() => setMuted(!isMuted)} onFull={full} />}
    </section>
  );
}
