import { text, type FlowNode } from "../core/flow";
import { useProgress } from "../api/progress";
import { isSkipped, type NodeRun } from "../core/runs";
import { t } from "../strings";
import { Progress } from "../ui/controls";
import { duration } from "../ui/format";
import { capital } from "../ui/states";
import { Icon, type IconName } from "../ui/Icon";
import { useSlice } from "../ui/useStore";
import { useCanvas } from "./context";

const icons: Record<NodeRun["state"], IconName> = { waiting: "clock", queued: "clock", running: "bolt", succeeded: "check", cached: "check", failed: "warning", cancelled: "stop" };

/** The line at a node's foot: how its job stands, or what it costs. */
export function NodeFoot({ node }: { node: FlowNode }) {
  const { model } = useCanvas();
  const run = useSlice(model.runs, (runs) => runs.get(node.id));
  if (run) return <Running run={run} />;
  if (node.type === "output") return <footer className="node-foot"><span className="clip">{text(node.data.shot)} · v{String(node.data.version ?? 1)}</span></footer>;
  const entry = model.catalogue.get(text(node.data.function));
  return <footer className="node-foot"><span className="clip">{text(node.data.shot) || entry?.category || ""}</span>{entry && entry.cost.credits > 0 && <span className="node-cost"><Icon name="bolt" size={12} />{t.canvas.palette.cost(entry.cost.credits, entry.cost.perSecond)}</span>}</footer>;
}

function Running({ run }: { run: NodeRun }) {
  const job = run.state === "running" ? run.jobs.find((one) => one.state === "running")?.job ?? null : null;
  const progress = useProgress(job);
  const share = run.state === "running" ? (run.done + (progress?.progress ?? 0)) / run.total : null;
  const words = run.state === "running" ? [progress?.stage || t.generate.states.running, progress?.etaSeconds !== undefined ? duration(progress.etaSeconds) : null, progress && progress.attempt > 1 ? t.generate.attempt(progress.attempt) : null].filter(Boolean).join(" · ") : t.generate.states[run.state];
  if (isSkipped(run)) return <footer className="node-foot"><Icon name="stop" size={14} /><span className="clip grow">{t.generate.notRun}</span></footer>;
  return (
    <footer className={`node-foot node-foot-${run.state}`} title={run.failure?.message}>
      <Icon name={icons[run.state]} size={14} />
      <span className="clip grow">{run.failure ? capital(run.failure.message) : words}</span>
      {run.total > 1 && <span className="tabular">{run.done}/{run.total}</span>}
      {share !== null && <span className="tabular">{Math.round(share * 100)} %</span>}
      {share !== null && <div className="node-progress"><Progress value={share} label={words} /></div>}
    </footer>
  );
}
