import { useState } from "react";
import type { MergeConflict } from "../core/merge";
import { shown } from "../core/merge";
import { t } from "../strings";
import { Button, TextField } from "../ui/controls";
import { Dialog } from "../ui/Dialog";

/** All keys of the canvas. */
export function KeysDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t.canvas.keys.title} onClose={onClose}>
      <dl className="keys">{t.canvas.keys.list.map(([keys, words]) => <div key={keys}><dt><kbd>{keys}</kbd></dt><dd>{words}</dd></div>)}</dl>
    </Dialog>
  );
}

/** The name of a canvas to be made. */
export function NewCanvasDialog({ taken, onMake, onClose }: { taken: readonly string[]; onMake: (name: string) => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const isGood = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(name) && !taken.includes(name);
  return (
    <Dialog title={t.canvas.newCanvas} onClose={onClose} onSubmit={() => { if (isGood) onMake(name); }} footer={<><Button onClick={onClose}>{t.common.cancel}</Button><Button kind="primary" type="submit" disabled={!isGood}>{t.canvas.newCanvas}</Button></>}>
      <TextField label={t.canvas.canvasName} hint={t.canvas.canvasNameHint} value={name} autoFocus maxLength={63} onChange={(event) => setName(event.target.value)} />
    </Dialog>
  );
}

/** Two people changed one thing: somebody says what holds. */
export function ConflictDialog({ conflicts, nameOf, onDecide }: { conflicts: MergeConflict[]; nameOf: (conflict: MergeConflict) => string; onDecide: (mine: boolean[]) => void }) {
  const [choices, setChoices] = useState<boolean[]>(() => conflicts.map(() => true));
  const all = (mine: boolean) => setChoices(conflicts.map(() => mine));
  return (
    <Dialog title={t.canvas.save.conflictTitle} onClose={() => undefined} closable={false} wide onSubmit={() => onDecide(choices)} footer={
      <><Button onClick={() => all(true)}>{t.canvas.save.takeAllMine}</Button><Button onClick={() => all(false)}>{t.canvas.save.takeAllTheirs}</Button><Button kind="primary" type="submit">{t.canvas.save.decide}</Button></>
    }>
      <p className="muted">{t.canvas.save.conflictHint}</p>
      {conflicts.map((conflict, index) => (
        <fieldset key={index} className="conflict">
          <legend>{t.canvas.save.field(nameOf(conflict), conflict.field.replace(/^data\.(parameters\.)?/, ""))}</legend>
          {([true, false] as const).map((mine) => (
            <label key={String(mine)} className="check"><input type="radio" name={`conflict-${index}`} checked={choices[index] === mine} onChange={() => setChoices(choices.map((choice, at) => (at === index ? mine : choice)))} />
              <span><strong>{mine ? t.canvas.save.mine : t.canvas.save.theirs}</strong> <span className="conflict-value">{(mine ? conflict.mine : conflict.theirs) === undefined ? t.canvas.save.gone : shown(mine ? conflict.mine : conflict.theirs).slice(0, 400)}</span></span></label>
          ))}
        </fieldset>
      ))}
    </Dialog>
  );
}
