import type { Considered, Generate } from "./useGenerate";
import { useMe } from "../app/me";
import { shareDone, targetsOf, type Run } from "../core/runs";
import { indexOf } from "../core/flow";
import { t } from "../strings";
import { Badge, Button, Progress } from "../ui/controls";
import { Dialog } from "../ui/Dialog";
import { ago, dateTime } from "../ui/format";
import { Icon } from "../ui/Icon";
import { MenuButton } from "../ui/Menu";
import { useSlice } from "../ui/useStore";
import { nameOf } from "./actions";
import { useCanvas } from "./context";
import { unpublished } from "./guide";
import type { CanvasModel } from "./model";

const tones = { running: "accent", succeeded: "good", failed: "bad", cancelled: "warn" } as const;

/** The buttons that make pictures. */
export function GenerateBar({ generate }: { generate: Generate }) {
  const { model, mayRun } = useCanvas();
  const selection = useSlice(model.editor, (state) => state.selection);
  const hasNodes = useSlice(model.editor, (state) => state.document.nodes.length > 0);
  const targets = () => targetsOf(model.editor.document, selection);
  const { run, isRunning, busy } = generate;
  return (
    <div className="generate-bar">
      {run && isRunning && <span className="generate-progress"><Progress value={shareDone(run)} label={t.generate.runStates.running} /><span className="small tabular">{Math.round(shareDone(run) * 100)} %</span></span>}
      {isRunning && <Button small icon="stop" busy={busy === "cancel"} onClick={() => void generate.act("cancel")}>{t.generate.cancel}</Button>}
      {run?.state === "failed" && <Button small icon="refresh" busy={busy === "resume"} onClick={() => void generate.act("resume")}>{t.generate.resume}</Button>}
      <span className="split-button">
        <Button kind="primary" icon="bolt" disabled={!mayRun || !hasNodes} busy={busy === "plan" || busy === "start"} onClick={() => void generate.consider({})}>{t.generate.run}</Button>
        <MenuButton label={t.common.more} className="button button-primary split-more" items={() => [
          { label: t.generate.runAll, icon: "bolt", keys: "Ctrl ↵", disabled: !mayRun, run: () => void generate.start({}) },
          { label: t.generate.runSelection, keys: "Ctrl ⇧ ↵", disabled: !mayRun || targets().length === 0, run: () => void generate.start({ targets: targets() }) },
          { label: t.generate.dryRun, icon: "info", disabled: !mayRun, run: () => void generate.consider(targets().length > 0 ? { targets: targets() } : {}) },
          ...(run ? [null, { label: t.generate.repeat, icon: "refresh" as const, disabled: !mayRun, run: () => void generate.act("repeat") }] : []),
        ]}><Icon name="down" size={14} /></MenuButton>
      </span>
    </div>
  );
}

/** What a run would make and cost, before it does. */
export function PlanDialog({ considered, model, busy, onStart, onClose, onPublish }: { considered: Considered; model: CanvasModel; busy: boolean; onStart: () => void; onClose: () => void; onPublish: (() => void) | null }) {
  const me = useMe();
  const { plan } = considered;
  const have = me?.credits.available ?? 0;
  const name = (id: string) => { const node = indexOf(model.editor.document).nodes.get(id); return node ? nameOf(model, node) : id; };
  const count = (list: { node: string }[]) => { const byName = new Map<string, number>(); for (const one of list) byName.set(name(one.node), (byName.get(name(one.node)) ?? 0) + 1); return [...byName]; };
  const loose = considered.wish.targets || considered.wish.from ? 0 : unpublished(model);
  const lists = [{ title: t.generate.planMake, list: count(plan.jobs), tone: "accent" as const }, { title: t.generate.planCache, list: count([...plan.cached, ...plan.waiting]), tone: "good" as const }];
  return (
    <Dialog title={t.generate.planTitle} onClose={onClose} onSubmit={onStart} footer={<><Button onClick={onClose}>{t.common.cancel}</Button><Button kind="primary" type="submit" icon="bolt" busy={busy} disabled={plan.credits > have} autoFocus>{t.generate.start}</Button></>}>
      <div className="plan-sum"><strong>{t.generate.cost(plan.credits)}</strong><span className="muted">{t.generate.have(have)}</span></div>
      <div className="row"><Badge tone="accent">{t.generate.jobs(plan.jobs.length)}</Badge><Badge tone="good">{t.generate.fromCache(plan.cached.length)}</Badge>{plan.waiting.length > 0 && <Badge>{t.generate.shared(plan.waiting.length)}</Badge>}</div>
      {plan.credits > have && <p className="form-error">{t.generate.notEnough}</p>}
      {plan.jobs.length === 0 && <p>{t.generate.planNothing}</p>}
      {loose > 0 && <div className="plan-hint"><Icon name="info" size={16} /><p className="grow">{t.generate.noOutputs(loose)}</p>{onPublish && <Button small onClick={onPublish}>{loose === 1 ? t.generate.addOutput : t.generate.addOutputs}</Button>}</div>}
      {lists.map(({ title, list, tone }) => list.length > 0 && (
        <section key={title}><h3>{title}</h3><ul className="plan-list">{list.slice(0, 40).map(([title, number]) => <li key={title}><span className="clip grow">{title}</span>{number > 1 && <Badge tone={tone}>{`× ${number}`}</Badge>}</li>)}{list.length > 40 && <li className="muted">+ {list.length - 40}</li>}</ul></section>
      ))}
    </Dialog>
  );
}

/** What was generated here: the newest run first. */
export function RunList({ generate }: { generate: Generate }) {
  const { runs, run } = generate;
  if (runs.length === 0) return <p className="muted inspector-none">{t.generate.none}</p>;
  return (
    <section className="run-list" aria-label={t.generate.title}>
      <h2>{t.generate.title}</h2>
      <ul>{runs.map((one) => <li key={one.id}><RunRow run={run?.id === one.id ? run : one} isShown={run?.id === one.id} onShow={() => void generate.choose(run?.id === one.id ? null : one.id)} /></li>)}</ul>
    </section>
  );
}

function RunRow({ run, isShown, onShow }: { run: Run; isShown: boolean; onShow: () => void }) {
  return (
    <button type="button" className="run-row" aria-pressed={isShown} title={isShown ? t.generate.hideRun : t.generate.showRun} onClick={onShow}>
      <Badge tone={tones[run.state]}>{t.generate.runStates[run.state]}</Badge>
      <span className="grow" title={dateTime(run.createdAt)}>{ago(run.createdAt)}</span>
      <span className="muted small tabular">{t.common.credits(run.credits ?? 0)}</span>
    </button>
  );
}
