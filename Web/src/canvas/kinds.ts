import type { StudioFunction } from "../api/types";
import { fieldsOf } from "../core/schema";
import type { JsonObject } from "../core/json";
import { t } from "../strings";
import type { IconName } from "../ui/Icon";
import type { Kind } from "./actions";

/** A node of a function, as it is added: with no parameter but those that have to be filled. */
export function kindOfFunction(entry: StudioFunction): Kind {
  const parameters: JsonObject = {};
  for (const field of fieldsOf(entry.parameters)) if (field.required && field.standard === undefined && field.schema.type === "string") parameters[field.name] = "";
  return { type: "function", stem: entry.name, data: { function: entry.name, parameters } };
}

/** What a canvas has beside functions. */
export const basicKinds: { kind: Kind; title: string; hint: string; icon: IconName }[] = [
  { kind: { type: "output", stem: "output", data: { shot: "SHOT-010", version: 1 } }, title: t.canvas.outputItem, hint: t.canvas.kindHints.output, icon: "output" },
  { kind: { type: "asset", stem: "file", data: { path: "" } }, title: t.canvas.kinds.asset, hint: t.canvas.kindHints.asset, icon: "files" },
  { kind: { type: "take", stem: "take", data: { take: "" } }, title: t.canvas.kinds.take, hint: t.canvas.kindHints.take, icon: "takes" },
  { kind: { type: "value", stem: "value", data: { value: "" } }, title: t.canvas.kinds.value, hint: t.canvas.kindHints.value, icon: "value" },
  { kind: { type: "note", stem: "note", data: { text: "" }, width: 220, height: 120 }, title: t.canvas.kinds.note, hint: t.canvas.kindHints.note, icon: "note" },
  { kind: { type: "group", stem: "group", data: { label: "" }, width: 480, height: 320 }, title: t.canvas.kinds.group, hint: t.canvas.kindHints.group, icon: "group" },
];

const dragType = "application/x-studio-node";

/** Puts a kind on the way onto the canvas. */
export function dragKind(data: DataTransfer, kind: Kind): void {
  data.effectAllowed = "copy";
  data.setData(dragType, JSON.stringify(kind));
}

/** The kind that was dragged; null where something else was. */
export function kindFromDrag(data: DataTransfer): Kind | null {
  const text = data.getData(dragType);
  if (!text) return null;
  try { return JSON.parse(text) as Kind; } catch { return null; }
}
