import { t } from "../strings";
import { Button, IconButton, Progress } from "../ui/controls";
import { bytes } from "../ui/format";
import { Icon } from "../ui/Icon";
import { useStore } from "../ui/useStore";
import { decide, dismiss, dismissDone, pause, resume, uploads } from "./uploading";

/** What is on its way, and how it goes. */
export function Uploads() {
  const all = useStore(uploads);
  if (all.length === 0) return null;
  const done = all.filter((one) => one.state === "done").length;
  return (
    <section className="uploads" aria-label={t.files.uploads}>
      <header className="row"><h2>{t.files.uploads}</h2><span className="muted small tabular" role="status">{t.files.summary(done, all.length)}</span><span className="grow" />{done > 0 && <Button small kind="quiet" onClick={dismissDone}>{t.files.dismiss}</Button>}</header>
      <ul>{all.map((one) => (
        <li key={one.id}>
          <div className="row upload-head">
            <Icon name={one.state === "done" ? "check" : one.state === "failed" || one.state === "exists" ? "warning" : "upload"} size={16} />
            <span className="clip grow" title={`${one.folder}/${one.file.name}`}>{one.file.name}</span>
            <span className="muted small tabular">{one.state === "sending" ? `${t.files.upTo(Math.round(one.share * 100))}${one.bytesPerSecond > 0 ? ` · ${t.files.speed(bytes(one.bytesPerSecond))}` : ""}` : t.files.upStates[one.state]}</span>
            {(one.state === "sending" || one.state === "waiting") && <IconButton icon="pause" size={15} label={`${t.files.pause}: ${one.file.name}`} onClick={() => pause(one.id)} />}
            {(one.state === "paused" || one.state === "failed") && <IconButton icon="refresh" size={15} label={`${t.files.resume}: ${one.file.name}`} onClick={() => resume(one.id)} />}
            <IconButton icon="close" size={15} label={t.files.dismissOne(one.file.name)} onClick={() => dismiss(one.id)} />
          </div>
          {(one.state === "sending" || one.state === "paused") && <Progress value={one.share} label={t.files.progress(one.file.name)} tone={one.state === "paused" ? "quiet" : "accent"} />}
          {one.error && <p className="small upload-error">{one.error}</p>}
          {one.state === "exists" && <div className="row"><Button small onClick={() => decide(one.id, "replace")}>{t.files.replace}</Button><Button small onClick={() => decide(one.id, "both")}>{t.files.keepBoth}</Button><Button small kind="quiet" onClick={() => decide(one.id, "leave")}>{t.files.skip}</Button></div>}
        </li>
      ))}</ul>
    </section>
  );
}
