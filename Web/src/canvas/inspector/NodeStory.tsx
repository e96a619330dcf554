import { useState } from "react";
import { t } from "../../strings";
import { Badge, Button } from "../../ui/controls";
import { useSlice } from "../../ui/useStore";
import { isSkipped } from "../../core/runs";
import { capital } from "../../ui/states";
import { useCanvas } from "../context";
import { canDiffer } from "../guide";
import { resultOf } from "../NodeResult";
import { LogDialog } from "../../queue/LogDialog";
import { download } from "../../api/media";
import { toastError } from "../../ui/toasts";

const tones = { waiting: "quiet", queued: "quiet", running: "accent", succeeded: "good", cached: "good", failed: "bad", cancelled: "warn" } as const;

/** What became of a node in the run that is shown: its state, what went wrong and what to do, its result. */
export function NodeStory({ id }: { id: string }) {
  const { model, project, openTake, run: generate, another, mayRun } = useCanvas();
  const run = useSlice(model.runs, (runs) => runs.get(id));
  const [log, setLog] = useState<string | null>(null);
  if (!run) return null;
  const result = run.result, job = [...run.jobs].reverse().find((one) => one.job !== undefined && (one.state === "failed" || one.state === "running"))?.job ?? run.jobs[run.jobs.length - 1]?.job;
  const isOver = run.state === "succeeded" || run.state === "cached" || run.state === "failed" || run.state === "cancelled";
  const place = result ? resultOf(project, result) : null;
  return (
    <section className="story" aria-label={t.canvas.inspector.result}>
      <div className="row"><Badge tone={isSkipped(run) ? "quiet" : tones[run.state]}>{isSkipped(run) ? t.generate.states.skipped : t.generate.states[run.state]}</Badge>{run.total > 1 && <span className="small muted">{t.generate.progress(run.done, run.total)}</span>}{run.credits > 0 && <span className="small muted">{t.common.credits(run.credits)}</span>}</div>
      {run.failure && <div className={isSkipped(run) ? "story-skipped" : "form-error"}>{!isSkipped(run) && <p>{capital(run.failure.message)}</p>}{t.generate.followUp[run.failure.code] && <p>{t.generate.followUp[run.failure.code]}</p>}{run.failure.logTail && <pre className="log-tail nowheel">{run.failure.logTail}</pre>}</div>}
      <div className="row story-actions">
        {result?.take && <Button small icon="takes" onClick={() => openTake(result.take as string)}>{t.canvas.menu.openTake}</Button>}
        {isOver && mayRun && canDiffer(model, id) && <Button small icon="dice" onClick={() => another(id)}>{t.canvas.menu.anotherTake}</Button>}
        {place?.name && place.address && <Button small icon="download" onClick={() => void download(place.address, place.name).catch(toastError)}>{t.common.download}</Button>}
        {job && <Button small kind="quiet" onClick={() => setLog(job)}>{t.generate.openLog}</Button>}
        {isOver && mayRun && <Button small kind="quiet" onClick={() => generate({ from: id })}>{t.canvas.menu.runFrom}</Button>}
      </div>
      {log && <LogDialog job={log} onClose={() => setLog(null)} />}
    </section>
  );
}
