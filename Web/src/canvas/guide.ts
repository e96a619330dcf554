import { largestSeed, rollSeed } from "../core/schema";
import { setParameter } from "../core/commands";
import { indexOf, text } from "../core/flow";
import { leavesOf, outputsAfter, publishLeaves, seededBefore, starterFunction, withShots } from "../core/starter";
import { t } from "../strings";
import { announce } from "../ui/toasts";
import type { CanvasModel } from "./model";

/** Whether this studio has a function that shots to start from can be made with. */
export function canStart(model: CanvasModel): boolean { return starterFunction(model.catalogue) !== null; }

/** Puts three shots onto the canvas, ready to be generated. */
export function startWithShots(model: CanvasModel): void {
  const entry = starterFunction(model.catalogue);
  if (!entry) return;
  const { shots, note } = t.canvas.starter;
  model.editor.edit(t.canvas.steps.starter, (document) => withShots(document, entry, shots, note, { x: 0, y: 0 }));
  announce(t.canvas.said.added(t.canvas.steps.starter));
  model.fitTo();
  // The button that was pressed is gone.
  document.querySelector<HTMLElement>(".flow")?.focus();
}

/** How many results of a canvas on which nothing is published are shown here only, and become no takes. */
export function unpublished(model: CanvasModel): number {
  const { document } = model.editor;
  return document.nodes.some((node) => node.type === "output") ? 0 : leavesOf(document, model.catalogue).length;
}

/** Leads what goes nowhere to outputs. */
export function makeTakes(model: CanvasModel): void {
  model.editor.edit(t.canvas.steps.publish, (document) => publishLeaves(document, model.catalogue));
  model.fitTo();
}

/** Whether another seed makes another take of a node's work. */
export function canDiffer(model: CanvasModel, id: string): boolean { return seededBefore(model.editor.document, id, model.catalogue).length > 0; }

function largestOf(model: CanvasModel, node: string): bigint | undefined {
  const entry = model.catalogue.get(text(indexOf(model.editor.document).nodes.get(node)?.data.function));
  return entry && largestSeed(entry.parameters);
}

/** Changes the seeds that a node's work follows from; what is to be made then. */
export function differ(model: CanvasModel, id: string): string[] {
  const seeded = seededBefore(model.editor.document, id, model.catalogue);
  model.editor.edit(t.canvas.steps.seed, (document) => seeded.reduce((before, node) => setParameter(before, node, "seed", rollSeed(largestOf(model, node))), document));
  return outputsAfter(model.editor.document, id);
}
