import { useEffect, useState } from "react";
import { linkTo } from "../app/router";
import { changed, trimIn, trimOut, type PlacedClip } from "../core/cut";
import type { CutClip } from "../core/cut";
import type { TakeLine } from "../core/takes";
import { t } from "../strings";
import { Button, SelectField, TextField } from "../ui/controls";
import { timecode } from "../ui/format";
import { nameOfTake } from "../takes/words";

/** A number of frames that is taken when its field is left or Enter is pressed. */
function FrameField({ label, hint, error, value, disabled, onTake }: { label: string; hint?: string; error?: string; value: number; disabled: boolean; onTake: (value: number) => void }) {
  const [draft, setDraft] = useState<string | null>(null);
  useEffect(() => setDraft(null), [value]);
  const take = () => {
    const number = Number(draft);
    if (draft !== null && draft.trim() !== "" && Number.isInteger(number) && number !== value) onTake(number);
    setDraft(null);
  };
  return <TextField label={label} hint={hint} error={error} inputMode="numeric" value={draft ?? String(value)} disabled={disabled} onChange={(event) => setDraft(event.target.value)} onBlur={take}
    onKeyDown={(event) => { if (event.key === "Enter") { event.preventDefault(); take(); } else if (event.key === "Escape") { event.stopPropagation(); setDraft(null); } }} />;
}

/** The words of the shot that is selected. */
export function ClipForm({ project, place, before, count, rate, mayWork, takes, onChange, onMove, onRemove }: {
  project: string; place: PlacedClip; before: CutClip | null; count: number; rate: number; mayWork: boolean; takes: ReadonlyMap<string, TakeLine>; onChange: (clip: CutClip) => void; onMove: (to: number) => void; onRemove: () => void;
}) {
  const { clip, index, length } = place;
  // A dissolve shows what comes behind the out-point of the shot before.
  const left = before && before.frames !== null ? before.frames - before.out : null;
  const others = [...takes.values()].filter((take) => take.shot === clip.shot && take.kind === "video").sort((a, b) => b.version - a.version || b.number - a.number);
  const swap = (id: string) => {
    const take = takes.get(id);
    if (!take) return;
    const frames = take.frames ?? clip.out;
    onChange(trimOut({ ...clip, take: take.id, name: nameOfTake(take), frames, rate: take.rate ?? clip.rate, in: Math.min(clip.in, frames - 1) }, Math.min(clip.out, frames)));
  };
  return (
    <section className="clip-form" aria-label={t.cut.selected}>
      <h2 className="clip">{clip.name}</h2>
      <p className="muted small tabular">{t.cut.length} {timecode(length / rate, rate)}</p>
      <div className="clip-fields">
        <FrameField label={t.cut.in} value={clip.in} disabled={!mayWork} onTake={(value) => onChange(trimIn(clip, value))} />
        <FrameField label={t.cut.out} value={clip.out} disabled={!mayWork} onTake={(value) => onChange(trimOut(clip, value))} />
      </div>
      {clip.frames !== null && <p className="muted small">{t.cut.framesHint(clip.frames)}</p>}
      <FrameField label={index === 0 ? t.cut.fadeIn : t.cut.dissolve} hint={left === null ? t.cut.dissolvesHint : t.cut.handles(left)} error={left !== null && clip.dissolve > left ? t.cut.handles(left) : undefined} value={clip.dissolve} disabled={!mayWork} onTake={(dissolve) => onChange(changed(clip, { dissolve }))} />
      {index === count - 1 && <FrameField label={t.cut.fadeOut} value={clip.fadeOut} disabled={!mayWork} onTake={(fadeOut) => onChange(changed(clip, { fadeOut }))} />}
      {clip.take && others.length > 1 && <SelectField label={t.cut.swapTake} value={clip.take} disabled={!mayWork} onChange={(event) => swap(event.target.value)} options={others.map((take) => ({ value: take.id, label: `${t.takes.version(take.version)} ${t.takes.take(take.number)}${take.circled ? " ◉" : ""}` }))} />}
      <div className="row">
        {mayWork && <><Button small icon="back" disabled={index === 0} onClick={() => onMove(index - 1)}>{t.cut.earlier}</Button><Button small icon="forward" disabled={index === count - 1} onClick={() => onMove(index + 1)}>{t.cut.later}</Button><Button small kind="danger" icon="trash" onClick={onRemove}>{t.cut.remove}</Button></>}
        {clip.take && <a className="button button-small" href={linkTo({ page: "takes", project, shot: clip.shot, take: clip.take })}>{t.cut.openTake}</a>}
      </div>
    </section>
  );
}
