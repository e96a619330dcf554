import { useEffect, useRef, useState } from "react";
import { newKey, path, request } from "../api/http";
import type { Take } from "../api/types";
import { go } from "../app/router";
import { compareTakes, lineOf, type TakeLine } from "../core/takes";
import { t } from "../strings";
import { Button, IconButton } from "../ui/controls";
import { isTyping } from "../ui/focusGrid";
import { Failure, Skeleton } from "../ui/states";
import { toast, toastError } from "../ui/toasts";
import { useLoad } from "../ui/useLoad";
import { CircleMark, Rating } from "./Rating";
import { TakeInfo } from "./TakeInfo";
import { Viewer } from "./Viewer";
import { nameOfTake } from "./words";

interface PlayerProps {
  id: string; project: string; known: ReadonlyMap<string, TakeLine>; order: readonly TakeLine[]; mayWork: boolean;
  onOpen: (take: TakeLine) => void; onClose: () => void; onRate: (take: TakeLine, change: { rating?: number; circled?: boolean }) => void; onCompare: (a: TakeLine, b: TakeLine) => void;
}

/** One take, large: played, rated, and all that is known of it. */
export function Player({ id, project, known, order, mayWork, onOpen, onClose, onRate, onCompare }: PlayerProps) {
  const seen = known.get(id);
  // A take that is linked to may be far down the list.
  const read = useLoad(seen ? null : id, async (signal) => lineOf((await request<Take>("GET", path`/api/v1/takes/${id}`, { signal })).value));
  const take = seen ?? read.value;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [take !== null && take !== undefined]);
  const at = order.findIndex((one) => one.id === id);
  const previous = at > 0 ? order[at - 1] : undefined, next = at >= 0 ? order[at + 1] : undefined;
  const latest = useRef({ take, previous, next });
  latest.current = { take, previous, next };
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open], .menu")) return;
      const { take: now, previous: before, next: after } = latest.current;
      if (event.key === "Escape" && !document.fullscreenElement) onClose();
      else if (event.key === "[" && before) onOpen(before);
      else if (event.key === "]" && after) onOpen(after);
      else if (now && mayWork && event.key === "c") onRate(now, { circled: !now.circled });
      else if (now && mayWork && /^[0-5]$/.test(event.key)) onRate(now, { rating: Number(event.key) });
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [mayWork, onClose, onOpen, onRate]);
  const proxy = async (source: TakeLine) => {
    try {
      await request("POST", path`/api/v1/projects/${project}/jobs`, { body: { shot: source.shot, version: source.version, function: "proxy", inputs: { source: `take:${source.id}` } }, idempotencyKey: newKey() });
      toast(t.takes.rerunDone, "good", { label: t.takes.rerunOpen, run: () => go({ page: "queue", project }) });
    } catch (error) { toastError(error); }
  };
  const others = take ? [...known.values()].filter((one) => one.id !== take.id && one.kind === take.kind && one.made !== "sprite").sort((a, b) => Number(b.shot === take.shot) - Number(a.shot === take.shot) || compareTakes(a, b)).slice(0, 200) : [];
  return (
    <div className="player" role="region" aria-label={t.takes.player}>
      <header className="player-head">
        <IconButton icon="back" label={t.takes.close} onClick={onClose} />
        <h1 ref={heading} tabIndex={-1} className="clip">{take ? nameOfTake(take) : t.takes.player}</h1>
        <span className="player-near"><IconButton icon="up" label={t.takes.previous} disabled={!previous} onClick={() => previous && onOpen(previous)} /><IconButton icon="down" label={t.takes.next} disabled={!next} onClick={() => next && onOpen(next)} /></span>
        <span className="grow" />
        {take && others.length > 0 && (
          <select className="player-compare" aria-label={t.takes.pickOther} value="" onChange={(event) => { const other = known.get(event.target.value); if (other) onCompare(take, other); }}>
            <option value="">{t.takes.compareWith}</option>
            {others.map((one) => <option key={one.id} value={one.id}>{nameOfTake(one)}</option>)}
          </select>
        )}
      </header>
      {!take ? (read.error !== null ? <Failure error={read.error} onRetry={read.reload} /> : <Skeleton count={1} />) : (
        <div className="player-body">
          <Viewer key={take.id} takes={[take]} mode="single">{mayWork && <Button small onClick={() => void proxy(take)}>{t.takes.makeProxy}</Button>}</Viewer>
          <aside className="player-side" aria-label={t.takes.information} tabIndex={0}>
            <div className="row player-rate">
              <Rating value={take.rating} disabled={!mayWork} onChange={(rating) => onRate(take, { rating })} />
              <button type="button" className="circle-button" disabled={!mayWork} aria-pressed={take.circled} onClick={() => onRate(take, { circled: !take.circled })}><CircleMark isOn={take.circled} />{t.takes.circle}</button>
            </div>
            <TakeInfo key={take.id} line={take} mayWork={mayWork} />
          </aside>
        </div>
      )}
    </div>
  );
}

/** Two takes against each other. */
export function Compare({ takes, mayWork, onClose, onRate, onSwap }: { takes: [TakeLine, TakeLine]; mayWork: boolean; onClose: () => void; onRate: PlayerProps["onRate"]; onSwap: () => void }) {
  const [mode, setMode] = useState<"side" | "wipe">("side");
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || document.fullscreenElement || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      onClose();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [onClose]);
  return (
    <div className="player" role="region" aria-label={t.takes.compareTitle}>
      <header className="player-head">
        <IconButton icon="back" label={t.takes.close} onClick={onClose} />
        <h1 ref={heading} tabIndex={-1}>{t.takes.compareTitle}</h1>
        <span className="grow" />
        <Button small icon="refresh" onClick={onSwap}>{t.takes.swap}</Button>
        <div className="segments" role="group" aria-label={t.takes.compareMode}>{(["side", "wipe"] as const).map((one) => <button key={one} type="button" aria-pressed={mode === one} onClick={() => setMode(one)}>{t.takes.compareModes[one]}</button>)}</div>
      </header>
      <Viewer key={takes.map((take) => take.id).join()} takes={takes} mode={mode} />
      <footer className="compare-foot">{takes.map((take, index) => (
        <div key={index} className="row"><span className="muted small">{index === 0 ? t.takes.left : t.takes.right}</span><strong className="clip">{nameOfTake(take)}</strong>
          <Rating value={take.rating} disabled={!mayWork} onChange={(rating) => onRate(take, { rating })} />
          <button type="button" className="circle-button" disabled={!mayWork} aria-pressed={take.circled} aria-label={t.takes.circleOf(nameOfTake(take))} onClick={() => onRate(take, { circled: !take.circled })}><CircleMark isOn={take.circled} />{t.takes.circle}</button></div>
      ))}</footer>
    </div>
  );
}
