import type { Finding } from "../api/problems";
import { indexOf } from "../core/flow";
import { t } from "../strings";
import { Button } from "../ui/controls";
import { Icon } from "../ui/Icon";
import { useSlice } from "../ui/useStore";
import { duplicate, groupSelected, nameOf, removeSelected } from "./actions";
import { useCanvas } from "./context";
import { FunctionForm } from "./inspector/FunctionForm";
import { AssetForm, GroupForm, NoteForm, OutputForm, TakeForm, ValueForm } from "./inspector/NodeForms";
import { NodeStory } from "./inspector/NodeStory";

/** The settings of what is selected. */
export function Inspector({ findings }: { findings: Finding[] }) {
  const { model, isEditable, run } = useCanvas();
  const selection = useSlice(model.editor, (state) => state.selection);
  const only = useSlice(model.editor, (state) => {
    if (state.selection.size !== 1) return undefined;
    return indexOf(state.document).nodes.get([...state.selection][0] as string);
  });
  const nodes = useSlice(model.editor, (state) => { const index = indexOf(state.document).nodes; return [...state.selection].filter((id) => index.has(id)).length; });
  if (only) {
    const own = findings.filter((finding) => finding.node === only.id);
    return (
      <div className="inspector-form form">
        <h2 className="inspector-title">{nameOf(model, only)}</h2>
        {own.length > 0 && <ul className="inspector-findings" aria-label={t.canvas.inspector.findings}>{own.map((finding, index) => <li key={index} className={finding.severity === "warning" ? "finding-warning" : ""}><Icon name="warning" size={15} />{finding.detail}</li>)}</ul>}
        <NodeStory id={only.id} />
        {only.type === "function" ? <FunctionForm key={only.id} node={only} findings={own} /> : only.type === "output" ? <OutputForm key={only.id} node={only} /> : only.type === "asset" ? <AssetForm key={only.id} node={only} />
          : only.type === "take" ? <TakeForm key={only.id} node={only} /> : only.type === "value" ? <ValueForm key={only.id} node={only} /> : only.type === "note" ? <NoteForm key={only.id} node={only} /> : only.type === "group" ? <GroupForm key={only.id} node={only} /> : null}
      </div>
    );
  }
  if (nodes > 1) {
    return (
      <div className="inspector-form form">
        <h2 className="inspector-title">{t.canvas.inspector.many(nodes)}</h2>
        <Button kind="primary" icon="bolt" onClick={() => run({ targets: [...selection] })}>{t.generate.runSelection}</Button>
        <Button icon="copy" disabled={!isEditable} onClick={() => duplicate(model)}>{t.canvas.menu.duplicate}</Button>
        <Button icon="group" disabled={!isEditable} onClick={() => groupSelected(model)}>{t.canvas.menu.group}</Button>
        <Button icon="trash" kind="danger" disabled={!isEditable} onClick={() => removeSelected(model)}>{t.canvas.menu.remove}</Button>
      </div>
    );
  }
  return <p className="inspector-none muted">{t.canvas.inspector.nothing}</p>;
}
