import { useEffect, useRef, useState } from "react";
import { download } from "../api/media";
import { path } from "../api/http";
import { t } from "../strings";
import { Check, IconButton } from "../ui/controls";
import { explain } from "../ui/states";
import { toastError } from "../ui/toasts";
import { useJobLog } from "./useJobLog";

/** The runner's log, followed while the job runs. */
export function JobLog({ job }: { job: string }) {
  const { lines, dropped, state, error } = useJobLog(job);
  const [isFollowing, setFollowing] = useState(true);
  const box = useRef<HTMLPreElement>(null);
  useEffect(() => {
    if (isFollowing && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, isFollowing]);
  const onScroll = () => {
    const pre = box.current;
    if (pre && state === "following") setFollowing(pre.scrollTop + pre.clientHeight >= pre.scrollHeight - 24);
  };
  return (
    <section className="job-log" aria-label={t.queue.log}>
      <header className="row"><h3>{t.queue.log}</h3><span className={`small muted ${state === "following" ? "job-log-live" : ""}`} role="status">{t.queue.logStates[state]}</span>
        <span className="grow" />
        {state === "following" && <Check label={t.queue.logFollow} checked={isFollowing} onChange={setFollowing} />}
        <IconButton icon="download" label={t.queue.logWhole} size={16} onClick={() => { void download(path`/api/v1/jobs/${job}/log`, `${job}.log`).catch(toastError); }} /></header>
      {dropped > 0 && <p className="small muted">{t.queue.logDropped(dropped)}</p>}
      {state === "failed" && <p className="small form-error" role="alert">{explain(error)}</p>}
      <pre ref={box} tabIndex={0} aria-label={t.queue.log} onScroll={onScroll}>
        {lines.length === 0 ? (state === "ended" ? t.queue.logNone : state === "failed" ? "" : t.queue.logEmpty) : lines.join("\n")}
      </pre>
    </section>
  );
}
