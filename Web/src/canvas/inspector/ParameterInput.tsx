import { useEffect, useId, useState } from "react";
import { isNumber, numberOf, parseJson, writeJson, type Json } from "../../core/json";
import { faultOf, rollSeed, type Fault, type ParameterField } from "../../core/schema";
import { t } from "../../strings";
import { IconButton } from "../../ui/controls";

/** What is wrong with a value, in words. */
export function faultText(fault: Fault): string {
  const words = t.canvas.inspector.faults;
  switch (fault.code) {
    case "required": case "type": case "choice": return words[fault.code];
    case "pattern": return words.pattern(fault.examples.join(", "));
    default: return words[fault.code](fault.bound.toLocaleString());
  }
}

interface Props { field: ParameterField; value: Json | undefined; disabled: boolean; onChange: (value: Json | undefined) => void; onSeal: () => void; finding?: string; isInput?: boolean; isConnected?: boolean; onPin?: () => void }

/** A parameter's field: made from its schema, with what is wrong said below. */
export function ParameterInput(props: Props) {
  const { field, value, disabled, onChange, onSeal, finding, isInput, isConnected, onPin } = props;
  const id = useId();
  const fault = isConnected ? null : faultOf(field, value);
  const error = finding ?? (fault ? faultText(fault) : null);
  const isSet = value !== undefined;
  return (
    <div className={`field parameter ${error ? "field-bad" : ""}`} onBlur={onSeal}>
      <div className="parameter-head">
        <label htmlFor={id} title={field.description}>{field.title}{field.required && <span aria-hidden="true"> *</span>}</label>
        {isSet && !field.required && !disabled && <IconButton icon="undo" size={13} label={`${t.canvas.inspector.reset}: ${field.title}`} onClick={() => onChange(undefined)} />}
        {onPin && !disabled && <IconButton icon="link" size={13} pressed={isInput} label={`${isInput ? t.canvas.inspector.notAsInput : t.canvas.inspector.asInput}: ${field.title}`} onClick={onPin} />}
      </div>
      {isConnected ? <p className="field-hint" id={id}>{t.canvas.inspector.connected}</p> : <Control {...props} id={id} error={error !== null} />}
      {error ? <p className="field-error" id={`${id}-hint`}>{error}</p> : field.description ? <p className="field-hint" id={`${id}-hint`}>{field.description}</p> : null}
    </div>
  );
}

function Control({ field, value, disabled, onChange, id, error }: Props & { id: string; error: boolean }) {
  const { model } = field;
  const common = { id, disabled, "aria-invalid": error || undefined, "aria-describedby": `${id}-hint` };
  const standard = field.standard === undefined ? "" : String(field.standard);
  switch (model.kind) {
    case "text": {
      const shown = typeof value === "string" ? value : "";
      if (model.long) return <textarea {...common} className="nowheel" rows={4} value={shown} placeholder={standard} onChange={(event) => onChange(event.target.value)} />;
      return <>
        <input {...common} type="text" value={shown} placeholder={standard} list={model.examples.length > 0 ? `${id}-list` : undefined} onChange={(event) => onChange(event.target.value === "" && !field.required ? undefined : event.target.value)} />
        {model.examples.length > 0 && <datalist id={`${id}-list`}>{model.examples.map((example) => <option key={example} value={example} />)}</datalist>}
      </>;
    }
    case "number": return <NumberInput common={common} field={field} value={value} onChange={onChange} />;
    case "seed": return (
      <div className="with-button">
        <input {...common} type="text" inputMode="numeric" value={isNumber(value) ? String(value) : ""} placeholder={standard} onChange={(event) => { const text = event.target.value.trim(); if (text === "") onChange(undefined); else if (/^\d+$/.test(text)) onChange(numberOf(text) as Json); }} />
        <IconButton icon="dice" label={t.canvas.inspector.roll} disabled={disabled} onClick={() => onChange(rollSeed(model.maximum))} />
      </div>
    );
    case "choice": {
      const at = model.options.findIndex((option) => option === value);
      return (
        <select {...common} value={at < 0 ? "" : String(at)} onChange={(event) => onChange(event.target.value === "" ? undefined : model.options[Number(event.target.value)])}>
          {!field.required && <option value="">{field.standard === undefined ? t.canvas.inspector.unset : t.canvas.inspector.standard(standard)}</option>}
          {field.required && at < 0 && <option value="" disabled>–</option>}
          {model.options.map((option, index) => <option key={index} value={index}>{String(option)}</option>)}
        </select>
      );
    }
    case "flag": return (
      <label className="check"><input {...common} type="checkbox" checked={typeof value === "boolean" ? value : field.standard === true} onChange={(event) => onChange(event.target.checked)} /><span>{(typeof value === "boolean" ? value : field.standard === true) ? t.common.yes : t.common.no}</span></label>
    );
    case "colour": {
      const shown = typeof value === "string" ? value : standard;
      return (
        <div className="with-button">
          <input {...common} type="text" value={typeof value === "string" ? value : ""} placeholder={standard} onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.value)} />
          <input type="color" disabled={disabled} aria-label={field.title} value={/^#[0-9a-f]{6}/i.test(shown) ? shown.slice(0, 7) : "#000000"} onChange={(event) => onChange(event.target.value + (shown.length === 9 ? shown.slice(7) : ""))} />
        </div>
      );
    }
    case "list": return <ListInput common={common} value={value} onChange={onChange} isOfNumbers={model.item === "number"} />;
    case "json": return <JsonInput common={common} value={value} onChange={onChange} />;
  }
}

type Common = { id: string; disabled: boolean; "aria-invalid": true | undefined; "aria-describedby": string };

/** A number, typed or pushed, with its unit and its bounds. What is no number yet stays in the field alone. */
function NumberInput({ common, field, value, onChange }: { common: Common; field: ParameterField; value: Json | undefined; onChange: (value: Json | undefined) => void }) {
  const model = field.model.kind === "number" ? field.model : null;
  const [draft, setDraft] = useState<string | null>(null);
  // What is typed stays as it is typed, such as a point at its end, as long as it says what the value is.
  useEffect(() => setDraft((text) => (text !== null && numberOf(text) === (value ?? null) ? text : null)), [value]);
  if (!model) return null;
  const standard = typeof field.standard === "number" ? field.standard : undefined;
  const set = (text: string) => {
    const number = numberOf(text);
    if (text.trim() === "") onChange(undefined);
    else if (number !== null) onChange(number);
    setDraft(text);
  };
  return (
    <>
      <div className="with-unit">
        <input {...common} type="text" inputMode={model.integer ? "numeric" : "decimal"} value={draft ?? (isNumber(value) ? String(value) : "")} placeholder={standard === undefined ? "" : String(standard)}
          onChange={(event) => set(event.target.value)} onBlur={() => setDraft(null)}
          onKeyDown={(event) => {
            if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
            event.preventDefault();
            const from = typeof value === "number" ? value : standard ?? model.minimum ?? 0;
            const next = from + (event.key === "ArrowUp" ? 1 : -1) * model.step * (event.shiftKey ? 10 : 1);
            onChange(Number(Math.min(model.maximum ?? Infinity, Math.max(model.minimum ?? -Infinity, next)).toFixed(6)));
          }} />
        {model.unit && <span className="unit">{model.unit}</span>}
      </div>
      {model.slider && model.minimum !== undefined && model.maximum !== undefined && (
        <input type="range" disabled={common.disabled} aria-label={field.title} min={model.minimum} max={model.maximum} step={model.step} value={typeof value === "number" ? value : standard ?? model.minimum} onChange={(event) => onChange(Number(event.target.value))} />
      )}
    </>
  );
}

function ListInput({ common, value, onChange, isOfNumbers }: { common: Common; value: Json | undefined; onChange: (value: Json | undefined) => void; isOfNumbers: boolean }) {
  const [draft, setDraft] = useState<string | null>(null);
  const text = draft ?? (Array.isArray(value) ? value.map(String).join("\n") : "");
  return <textarea {...common} className="nowheel" rows={4} value={text} placeholder={t.canvas.inspector.listHint} onBlur={() => setDraft(null)} onChange={(event) => {
    setDraft(event.target.value);
    const lines = event.target.value.split("\n").filter((line) => line.trim() !== "");
    onChange(lines.length === 0 ? undefined : isOfNumbers ? lines.map(numberOf).filter(isNumber) : lines);
  }} />;
}

function JsonInput({ common, value, onChange }: { common: Common; value: Json | undefined; onChange: (value: Json | undefined) => void }) {
  const [draft, setDraft] = useState<string | null>(null);
  const [isBad, setBad] = useState(false);
  return <>
    <textarea {...common} className="mono nowheel" rows={6} spellCheck={false} value={draft ?? (value === undefined ? "" : writeJson(value, 2))} onChange={(event) => {
      const text = event.target.value;
      setDraft(text);
      try { onChange(text.trim() === "" ? undefined : (parseJson(text) as Json)); setBad(false); } catch { setBad(true); }
    }} onBlur={() => { if (!isBad) setDraft(null); }} />
    {isBad && <p className="field-error">{t.canvas.inspector.faults.json}</p>}
  </>;
}
