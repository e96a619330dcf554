import { useState } from "react";
import { changeNode, setData } from "../../core/commands";
import { text, type FlowNode } from "../../core/flow";
import { entriesOf, isNumber, numberOf, type Json, type JsonObject } from "../../core/json";
import { t } from "../../strings";
import { Button, Check, Field, SelectField, TextField } from "../../ui/controls";
import { useCanvas } from "../context";
import { FilePicker } from "../FilePicker";
import { TakePicker } from "../TakePicker";

const shotRule = /^[A-Z0-9][A-Z0-9-]{0,31}$/;

function useSet(node: FlowNode) {
  const { model, isEditable } = useCanvas();
  const set = (name: string, part: JsonObject | ((data: JsonObject) => JsonObject)) => model.editor.edit(t.canvas.steps.edit(name),
    (document) => setData(document, node.id, (data) => (typeof part === "function" ? part(data) : { ...data, ...part })), { merge: `data:${node.id}:${name}` });
  return { model, isEditable, set, seal: () => model.editor.seal() };
}

/** A node's own name. */
export function LabelField({ node, placeholder }: { node: FlowNode; placeholder: string }) {
  const { set, seal, isEditable } = useSet(node);
  return <TextField label={t.canvas.inspector.name} value={text(node.data.label)} placeholder={placeholder} maxLength={100} disabled={!isEditable} onBlur={seal}
    onChange={(event) => { const label = event.target.value; set(t.canvas.inspector.name, ({ label: _, ...data }) => { void _; return label ? { ...data, label } : data; }); }} />;
}

/** The shot that a node's work is shown under. */
export function ShotField({ node, required }: { node: FlowNode; required?: boolean }) {
  const { set, seal, isEditable } = useSet(node);
  const shot = text(node.data.shot);
  const isBad = shot === "" ? required : !shotRule.test(shot);
  return <TextField label={t.canvas.inspector.shot} value={shot} maxLength={32} disabled={!isEditable} spellCheck={false} hint={required ? undefined : t.canvas.inspector.shotHint} error={isBad ? t.canvas.inspector.shotBad : undefined} onBlur={seal}
    onChange={(event) => { const value = event.target.value.toUpperCase(); set(t.canvas.inspector.shot, ({ shot: _, ...data }) => { void _; return value ? { ...data, shot: value } : data; }); }} />;
}

/** Where a result goes. */
export function OutputForm({ node }: { node: FlowNode }) {
  const { set, seal, isEditable } = useSet(node);
  const exported = node.data.export as { name?: string; replace?: boolean } | undefined;
  return (
    <>
      <LabelField node={node} placeholder={t.canvas.kinds.output} />
      <div className="segments" role="group" aria-label={t.canvas.kinds.output}>
        <button type="button" aria-pressed={!exported} disabled={!isEditable} onClick={() => set(t.canvas.kinds.output, ({ export: _, ...data }) => { void _; return data; })}>{t.canvas.inspector.publishTake}</button>
        <button type="button" aria-pressed={!!exported} disabled={!isEditable} onClick={() => set(t.canvas.kinds.output, { export: { name: "film" } })}>{t.canvas.inspector.publishExport}</button>
      </div>
      {exported ? <>
        <TextField label={t.canvas.inspector.exportName} hint={t.canvas.inspector.exportHint} value={exported.name ?? ""} disabled={!isEditable} onBlur={seal} onChange={(event) => set(t.canvas.inspector.exportName, { export: { ...exported, name: event.target.value } })} />
        <Check label={t.canvas.inspector.replace} checked={exported.replace === true} disabled={!isEditable} onChange={(replace) => set(t.canvas.inspector.replace, { export: { ...exported, replace } })} />
      </> : <>
        <ShotField node={node} required />
        <TextField label={t.canvas.inspector.version} type="number" min={1} max={9999} value={String(node.data.version ?? 1)} disabled={!isEditable} onBlur={seal}
          onChange={(event) => { const version = Number(event.target.value); if (Number.isInteger(version) && version > 0) set(t.canvas.inspector.version, { version }); }} />
      </>}
    </>
  );
}

/** A file of the project. */
export function AssetForm({ node }: { node: FlowNode }) {
  const { set, isEditable } = useSet(node);
  const { project } = useCanvas();
  const [isChoosing, setChoosing] = useState(false);
  return (
    <>
      <LabelField node={node} placeholder={text(node.data.path).split("/").pop() ?? ""} />
      <Field label={t.canvas.inspector.file} htmlFor={`file-${node.id}`}><input id={`file-${node.id}`} type="text" readOnly value={text(node.data.path)} /></Field>
      <Button icon="files" disabled={!isEditable} onClick={() => setChoosing(true)}>{t.canvas.inspector.chooseFile}</Button>
      {isChoosing && <FilePicker project={project} onClose={() => setChoosing(false)} onChoose={(path) => { set(t.canvas.inspector.file, { path }); setChoosing(false); }} />}
    </>
  );
}

/** A finished take. */
export function TakeForm({ node }: { node: FlowNode }) {
  const { set, isEditable } = useSet(node);
  const { project } = useCanvas();
  const [isChoosing, setChoosing] = useState(false);
  return (
    <>
      <LabelField node={node} placeholder={t.canvas.kinds.take} />
      <Field label={t.canvas.inspector.take} htmlFor={`take-${node.id}`}><input id={`take-${node.id}`} type="text" readOnly value={text(node.data.fileName) || text(node.data.take)} /></Field>
      <Button icon="takes" disabled={!isEditable} onClick={() => setChoosing(true)}>{t.canvas.inspector.chooseTake}</Button>
      {isChoosing && <TakePicker project={project} onClose={() => setChoosing(false)} onChoose={(take) => { set(t.canvas.inspector.take, { take: take.id, fileName: take.fileName, label: `${take.shot} v${take.version} #${take.number}` }); setChoosing(false); }} />}
    </>
  );
}

type ValueKind = "text" | "number" | "boolean" | "list";
function kindOf(value: Json | undefined): ValueKind { return Array.isArray(value) ? "list" : isNumber(value) ? "number" : typeof value === "boolean" ? "boolean" : "text"; }

/** A value that goes into parameters; a list makes one job of each entry. */
export function ValueForm({ node }: { node: FlowNode }) {
  const { set, seal, isEditable } = useSet(node);
  const { value } = node.data;
  const kind = kindOf(value);
  const [draft, setDraft] = useState<string | null>(null);
  const id = `value-${node.id}`;
  const change = (next: Json) => set(t.canvas.inspector.value, { value: next });
  const first = { text: "", number: 0, boolean: true, list: [] as Json[] };
  return (
    <>
      <LabelField node={node} placeholder={t.canvas.kinds.value} />
      <SelectField label={t.canvas.inspector.valueKind} value={kind} disabled={!isEditable} options={(["text", "number", "boolean", "list"] as const).map((one) => ({ value: one, label: t.canvas.inspector.kinds[one] }))}
        onChange={(event) => { setDraft(null); change(first[event.target.value as ValueKind]); }} />
      {kind === "boolean" ? <Check label={t.canvas.inspector.value} checked={value === true} disabled={!isEditable} onChange={change} /> : (
        <Field label={t.canvas.inspector.value} htmlFor={id} hint={kind === "list" ? t.canvas.inspector.listHint : undefined}>
          {kind === "number" ? <input id={id} type="text" inputMode="decimal" disabled={!isEditable} value={draft ?? String(value)} onBlur={() => { setDraft(null); seal(); }} onChange={(event) => { setDraft(event.target.value); const number = numberOf(event.target.value); if (number !== null) change(number); }} />
            : <textarea id={id} className="nowheel" rows={kind === "list" ? 6 : 4} disabled={!isEditable} value={draft ?? (Array.isArray(value) ? value.map(String).join("\n") : String(value ?? ""))} onBlur={() => { setDraft(null); seal(); }}
              onChange={(event) => { if (kind === "list") { setDraft(event.target.value); change(entriesOf(event.target.value)); } else change(event.target.value); }} />}
        </Field>
      )}
    </>
  );
}

/** Words for people. */
export function NoteForm({ node }: { node: FlowNode }) {
  const { set, seal, isEditable } = useSet(node);
  return (
    <>
      <Field label={t.canvas.inspector.note} htmlFor={`note-${node.id}`}><textarea id={`note-${node.id}`} className="nowheel" rows={8} disabled={!isEditable} value={text(node.data.text)} onBlur={seal} onChange={(event) => set(t.canvas.inspector.note, { text: event.target.value })} /></Field>
      <div className="row" role="group" aria-label={t.canvas.inspector.color}>{(["yellow", "blue", "green", "red"] as const).map((color) => <button key={color} type="button" disabled={!isEditable} className={`swatch note-${color}`} aria-label={t.canvas.inspector.colors[color]} aria-pressed={(text(node.data.color) || "yellow") === color} onClick={() => set(t.canvas.inspector.color, { color })} />)}</div>
    </>
  );
}

const smallestGroup = 60;

/** A number that holds when the field is left: on the way to it others are too small. */
function SizeField({ label, value, disabled, onSet }: { label: string; value: number; disabled: boolean; onSet: (value: string) => void }) {
  const [draft, setDraft] = useState(String(value));
  const isBad = !(Number(draft) >= smallestGroup);
  return <TextField label={label} type="number" min={smallestGroup} step={20} disabled={disabled} value={draft} error={isBad ? t.canvas.inspector.faults.minimum(String(smallestGroup)) : undefined} onChange={(event) => setDraft(event.target.value)}
    onBlur={() => { if (isBad) setDraft(String(value)); else onSet(draft); }} onKeyDown={(event) => { if (event.key === "Enter" && !isBad) onSet(draft); }} />;
}

/** A frame around nodes. */
export function GroupForm({ node }: { node: FlowNode }) {
  const { model, isEditable } = useSet(node);
  const size = (part: "width" | "height", value: string) => { const number = Number(value); if (number >= smallestGroup && number !== node[part]) model.editor.edit(t.canvas.steps.resize, (document) => changeNode(document, node.id, (one) => ({ ...one, [part]: number })), { merge: `size:${node.id}` }); };
  return (
    <>
      <LabelField node={node} placeholder={t.canvas.kinds.group} />
      <div className="pair">
        <SizeField key={`w${node.width}`} label={t.canvas.inspector.width} value={node.width ?? 400} disabled={!isEditable} onSet={(value) => size("width", value)} />
        <SizeField key={`h${node.height}`} label={t.canvas.inspector.height} value={node.height ?? 260} disabled={!isEditable} onSet={(value) => size("height", value)} />
      </div>
    </>
  );
}
