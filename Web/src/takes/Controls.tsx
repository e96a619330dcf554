import { useState } from "react";
import { bounds, type Press, type Transport } from "../core/transport";
import { t } from "../strings";
import { IconButton } from "../ui/controls";
import { Dialog } from "../ui/Dialog";
import { timecode } from "../ui/format";

/** The bar below a film: where it is, its marks, and what the keys do too. */
export function Controls({ state, rate, isMuted, press, onMute, onFull }: { state: Transport; rate: number; isMuted: boolean; press: (what: Press) => void; onMute: () => void; onFull: () => void }) {
  const [isHelp, setHelp] = useState(false);
  const [first, last] = bounds(state);
  const share = (frame: number) => (state.frames <= 1 ? 0 : frame / (state.frames - 1)) * 100;
  const at = timecode(state.frame / rate, rate);
  return (
    <div className="transport">
      <div className="transport-track">
        <div className="transport-range" style={{ left: `${share(first)}%`, right: `${100 - share(last)}%` }} />
        <input type="range" min={0} max={state.frames - 1} step={1} value={state.frame} aria-label={t.takes.position} aria-valuetext={`${at}, ${t.takes.frame(state.frame + 1, state.frames)}`}
          onChange={(event) => press({ to: Number(event.target.value) })} />
      </div>
      <div className="transport-bar">
        <span className="transport-time tabular">{at}<span className="muted"> {state.frame + 1}/{state.frames}</span></span>
        <span className="transport-buttons">
          <IconButton icon="back" label={t.takes.stepBack} onClick={() => press({ step: -1 })} />
          <button type="button" className={`icon-button transport-back ${state.speed < 0 ? "transport-on" : ""}`} aria-label={t.takes.backwards} title={t.takes.backwards} aria-pressed={state.speed < 0} onClick={() => press("back")}>J</button>
          <IconButton className="transport-play" icon={state.speed !== 0 ? "pause" : "play"} label={state.speed !== 0 ? t.takes.pause : t.takes.play} size={22} onClick={() => press("play")} />
          <button type="button" className="icon-button transport-back" aria-label={t.takes.forwards} title={t.takes.forwards} aria-pressed={state.speed > 0} onClick={() => press("forward")}>L</button>
          <IconButton icon="forward" label={t.takes.stepOn} onClick={() => press({ step: 1 })} />
          {state.speed !== 0 && state.speed !== 1 && <span className="transport-speed tabular" role="status">{t.takes.speed(state.speed)}</span>}
        </span>
        <span className="transport-marks">
          <button type="button" className="icon-button" aria-label={t.takes.markIn} title={t.takes.markIn} aria-pressed={state.start !== null} onClick={() => press("mark-in")}>[</button>
          <button type="button" className="icon-button" aria-label={t.takes.markOut} title={t.takes.markOut} aria-pressed={state.end !== null} onClick={() => press("mark-out")}>]</button>
          {(state.start !== null || state.end !== null) && <IconButton icon="close" size={15} label={t.takes.clearMarks} onClick={() => press("clear")} />}
          <IconButton icon="loop" label={t.takes.loop} pressed={state.loop} onClick={() => press("loop")} />
          <IconButton icon="audio" label={t.takes.mute} pressed={!isMuted} onClick={onMute} />
          <IconButton icon="full" label={t.takes.full} onClick={onFull} />
          <IconButton icon="info" label={t.takes.keysTitle} onClick={() => setHelp(true)} />
        </span>
      </div>
      {isHelp && <Dialog title={t.takes.keysTitle} onClose={() => setHelp(false)}><dl className="player-keys">{t.takes.keys.map(([keys, what]) => <div key={keys}><dt><kbd>{keys}</kbd></dt><dd>{what}</dd></div>)}</dl></Dialog>}
    </div>
  );
}

/** Shows an element on the whole screen, or takes it back. */
export function toggleFull(element: HTMLElement | null): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void element?.requestFullscreen?.().catch(() => undefined);
}
