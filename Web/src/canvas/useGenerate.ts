import { useCallback, useEffect, useRef, useState } from "react";
import { useProjectEvents } from "../api/events";
import { newKey } from "../api/http";
import { ApiError, type Finding } from "../api/problems";
import { actOnRun, dryRun, listRuns, readRun, startRun, type RunPlan, type RunWish } from "../api/runs";
import { readMe } from "../app/me";
import { go } from "../app/router";
import { byNode, culpritOf, isOver, takesOf, withJobState, type Run } from "../core/runs";
import { t } from "../strings";
import { announce, toast, toastError } from "../ui/toasts";
import type { OpenCanvas } from "./useDocument";

/** A plan somebody looks at before it is started. */
export interface Considered { plan: RunPlan; wish: RunWish }

/** Generating on an open canvas: plans, the run that is shown, its live state, and what is wrong with the canvas. */
export function useGenerate(project: string, canvas: string, open: OpenCanvas | null) {
  const [runs, setRuns] = useState<Run[]>([]);
  const [run, setRun] = useState<Run | null>(null);
  const [findings, setFindings] = useState<Finding[]>([]);
  const [considered, setConsidered] = useState<Considered | null>(null);
  const [busy, setBusy] = useState<"plan" | "start" | "cancel" | "resume" | "repeat" | null>(null);
  const shown = useRef<Run | null>(null);
  // Which run is to be shown, and how many answers were asked for and shown: they may come in another order than they were
  // asked for, and one about the run before must not replace the run that was just started.
  const target = useRef<string | null>(null);
  const turns = useRef({ asked: 0, shown: 0 });
  const show = useCallback((next: Run | null) => {
    shown.current = next;
    setRun(next);
    open?.model.runs.set(next?.nodes ? byNode(next.nodes) : new Map());
  }, [open]);
  const reload = useCallback(async (id?: string) => {
    if (id) target.current = id;
    const turn = ++turns.current.asked;
    const list = await listRuns(project, canvas).catch((error: unknown) => { if (error instanceof ApiError && [404, 405].includes(error.status)) return []; throw error; });
    setRuns(list);
    const wanted = target.current ??= list[0]?.id ?? null;
    if (!wanted) return;
    const read = await readRun(wanted);
    if (target.current !== wanted || turn < turns.current.shown) return;
    turns.current.shown = turn;
    show(read);
  }, [project, canvas, show]);
  useEffect(() => { if (open) void reload().catch(() => undefined); }, [open, reload]);
  const refresh = useRef<ReturnType<typeof setTimeout> | null>(null);
  const refreshSoon = () => { refresh.current ??= setTimeout(() => { refresh.current = null; void reload().catch(() => undefined); }, 400); };
  useEffect(() => () => { if (refresh.current) clearTimeout(refresh.current); }, []);
  useProjectEvents(project, (event) => {
    const now = shown.current;
    if (event.type === "job.state" && now && event.run === now.id) {
      const next = withJobState(now, event as typeof event & { run: string });
      if (next !== now) show(next);
      // What it made is read with the run.
      if (event.state === "succeeded" || event.state === "failed") refreshSoon();
    }
    if (event.type === "run.state" && event.canvas === canvas) {
      if (now && event.run === now.id && event.state !== "running") {
        void reload().then(() => { if (shown.current?.id === now.id) tell(shown.current); }, () => announce(event.state === "succeeded" ? t.generate.finished : t.generate[event.state as "failed" | "cancelled"]));
        void readMe().catch(() => undefined);
      } else refreshSoon();
    }
  }, () => void reload().catch(() => undefined));

  /** What became of a run, and what comes next. */
  const tell = (done: Run) => {
    const takes = takesOf(done), culprit = culpritOf(done);
    if (done.state === "succeeded") toast(takes > 0 ? t.generate.finishedTakes(takes) : t.generate.finished, "good", takes > 0 ? { label: t.generate.seeTakes, run: () => go({ page: "takes", project, shot: null, take: null }) } : undefined);
    else if (done.state === "failed") toast(t.generate.failed, "bad", culprit && open ? { label: t.generate.show, run: () => { open.model.editor.select([culprit]); open.model.reveal(culprit); } } : undefined);
    else announce(t.generate.cancelled);
  };
  const refuse = (error: unknown) => {
    if (error instanceof ApiError && error.findings.some((finding) => finding.node || finding.edge)) {
      setFindings(error.findings);
      const first = error.findings.find((finding) => finding.node);
      if (first?.node && open) { open.model.editor.select([first.node]); open.model.reveal(first.node); }
      toast(t.generate.faults(error.findings.length), "bad");
    } else if (error instanceof ApiError && error.code === "insufficient-credits") toast(t.generate.notEnough, "bad");
    else toastError(error);
  };
  const consider = useCallback(async (wish: RunWish) => {
    if (!open) return;
    setBusy("plan");
    setFindings([]);
    try {
      const whole = { ...wish, document: open.model.editor.document };
      const plan = await dryRun(project, canvas, whole);
      const faults = plan.findings ?? [];
      setFindings(faults);
      if (faults.some((finding) => finding.severity !== "warning")) refuse(new ApiError(422, "invalid", t.generate.faultsTitle, faults));
      else setConsidered({ plan, wish });
    } catch (error) { refuse(error); }
    setBusy(null);
  }, [open, project, canvas]);
  const isStarting = useRef(false);
  const start = useCallback(async (wish: RunWish) => {
    if (!open || isStarting.current) return;
    isStarting.current = true;
    setBusy("start");
    setFindings([]);
    try {
      // What is generated is what is on the screen; it is saved first, so that the run's graph is in the history.
      await open.saver.save();
      const started = await startRun(project, canvas, { ...wish, ...(open.saver.isDirty ? { document: open.model.editor.document } : {}) }, newKey());
      setConsidered(null);
      toast(t.generate.started(started.jobs.length));
      await reload(started.id);
      void readMe().catch(() => undefined);
    } catch (error) { refuse(error); }
    isStarting.current = false;
    setBusy(null);
  }, [open, project, canvas, reload]);
  const act = useCallback(async (action: "cancel" | "resume" | "repeat") => {
    const now = shown.current;
    if (!now) return;
    setBusy(action);
    try { await reload((await actOnRun(now.id, action)).id); } catch (error) { toastError(error); }
    setBusy(null);
  }, [reload]);
  const choose = useCallback(async (id: string | null) => {
    target.current = id;
    if (id === null) return show(null);
    try {
      const read = await readRun(id);
      if (target.current === id) show(read);
    } catch (error) { toastError(error); }
  }, [show]);
  return { runs, run, findings, setFindings, considered, setConsidered, busy, consider, start, act, choose, isRunning: run !== null && !isOver(run) };
}

/** All that generating offers. */
export type Generate = ReturnType<typeof useGenerate>;
