import { useState } from "react";
import type { Finding } from "../../api/problems";
import { setData, setParameter } from "../../core/commands";
import { indexOf, text, type FlowNode } from "../../core/flow";
import { isNumber, numberOf, type Json, type JsonObject } from "../../core/json";
import { parameterHandle } from "../../core/ports";
import { fieldsOf, type ParameterField } from "../../core/schema";
import { t } from "../../strings";
import { Badge, Button, Field } from "../../ui/controls";
import { useSlice } from "../../ui/useStore";
import { useCanvas } from "../context";
import { ParameterInput } from "./ParameterInput";
import { LabelField, ShotField } from "./NodeForms";

/** The settings of a function node: its parameters, as its JSON Schema has them. */
export function FunctionForm({ node, findings }: { node: FlowNode; findings: Finding[] }) {
  const { model, isEditable } = useCanvas();
  const entry = model.catalogue.get(text(node.data.function));
  const [showsAll, setShowsAll] = useState(false);
  const connected = useSlice(model.editor, (state) => (indexOf(state.document).incoming.get(node.id) ?? []).map((edge) => edge.targetHandle ?? "").join("|"));
  if (!entry) return <p className="form-error">{t.canvas.inspector.unknownFunction(text(node.data.function))}</p>;
  const parameters = (node.data.parameters ?? {}) as JsonObject;
  const handles = new Set(connected.split("|"));
  const pinned = Array.isArray(node.data.pinned) ? node.data.pinned.map(String) : [];
  const fields = fieldsOf(entry.parameters);
  // A long list begins with what people set most: what is needed, what was set, and the first few.
  const isMain = (field: ParameterField, index: number) => fields.length <= 9 || field.required || parameters[field.name] !== undefined || index < 6;
  const main = fields.filter(isMain), rest = fields.filter((field, index) => !isMain(field, index));
  const pin = (name: string) => model.editor.edit(t.canvas.steps.pin, (document) => setData(document, node.id, (data) => {
    const next = pinned.includes(name) ? pinned.filter((one) => one !== name) : [...pinned, name];
    const { pinned: _, ...others } = data;
    void _;
    return next.length > 0 ? { ...others, pinned: next } : others;
  }));
  const input = (field: ParameterField) => (
    <ParameterInput key={field.name} field={field} value={parameters[field.name]} disabled={!isEditable} isConnected={handles.has(parameterHandle(field.name))} isInput={pinned.includes(field.name)}
      finding={findings.find((finding) => finding.pointer.endsWith(`/parameters/${field.name}`))?.detail} onPin={() => pin(field.name)} onSeal={() => model.editor.seal()}
      onChange={(value) => model.editor.edit(t.canvas.steps.edit(field.title), (document) => setParameter(document, node.id, field.name, value), { merge: `parameter:${node.id}:${field.name}` })} />
  );
  return (
    <>
      <LabelField node={node} placeholder={entry.title} />
      <div className="row"><Badge>{entry.category}</Badge><Badge>{entry.version}</Badge>{entry.cost.credits > 0 && <Badge tone="accent">{t.canvas.palette.cost(entry.cost.credits, entry.cost.perSecond)}</Badge>}</div>
      {main.map(input)}
      {rest.length > 0 && (showsAll ? rest.map(input) : <Button small onClick={() => setShowsAll(true)}>{t.canvas.inspector.advanced(rest.length)}</Button>)}
      <ShotField node={node} />
      <FanOut node={node} fields={fields} />
      <details className="about"><summary>{t.canvas.inspector.description}</summary><p>{entry.description}</p></details>
    </>
  );
}

/** One job for each of several values of a parameter. */
function FanOut({ node, fields }: { node: FlowNode; fields: ParameterField[] }) {
  const { model, isEditable } = useCanvas();
  const fanOut = node.data.fanOut as { parameter?: string; values?: Json[] } | undefined;
  const able = fields.filter((field) => ["text", "number", "seed", "choice"].includes(field.model.kind));
  const [draft, setDraft] = useState<string | null>(null);
  const set = (value: Json | undefined) => model.editor.edit(t.canvas.steps.edit(t.canvas.inspector.fanOut), (document) => setData(document, node.id, ({ fanOut: _, ...data }) => { void _; return value === undefined ? data : { ...data, fanOut: value }; }), { merge: `fan-out:${node.id}` });
  const isNumeric = (name: string) => ["number", "integer"].includes(String(fields.find((field) => field.name === name)?.schema.type));
  return (
    <div className="field-group">
      <Field label={t.canvas.inspector.fanOut} htmlFor={`fan-${node.id}`} hint={fanOut ? t.canvas.inspector.fanOutHint : undefined}>
        <select id={`fan-${node.id}`} disabled={!isEditable} value={fanOut?.parameter ?? ""} onChange={(event) => set(event.target.value === "" ? undefined : { parameter: event.target.value, values: [] })}>
          <option value="">{t.canvas.inspector.fanOutNone}</option>
          {able.map((field) => <option key={field.name} value={field.name}>{`${t.canvas.inspector.fanOutParameter} ${field.title}`}</option>)}
        </select>
        {fanOut?.parameter && (
          <textarea className="nowheel" rows={4} disabled={!isEditable} aria-label={t.canvas.inspector.fanOutHint} value={draft ?? (fanOut.values ?? []).map(String).join("\n")} onBlur={() => { setDraft(null); model.editor.seal(); }} onChange={(event) => {
            setDraft(event.target.value);
            const lines = event.target.value.split("\n").filter((line) => line.trim() !== "");
            set({ parameter: fanOut.parameter as string, values: isNumeric(fanOut.parameter as string) ? lines.map(numberOf).filter(isNumber) : lines });
          }} />
        )}
      </Field>
    </div>
  );
}
