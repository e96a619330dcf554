import { useRef } from "react";
import { safeName } from "../api/upload";
import { isSameFile, isSamePlace, printOf, type Interrupted } from "../core/interrupted";
import { t } from "../strings";
import { Button } from "../ui/controls";
import { ago, bytes } from "../ui/format";
import { Icon } from "../ui/Icon";
import { toast } from "../ui/toasts";
import { useStore } from "../ui/useStore";
import { interrupted, lookAgain, memory } from "./memory";
import { upload, uploads } from "./uploading";

/** Uploads that were begun here before the page was left: choosing the same file again goes on with the rest. */
export function InterruptedUploadsList({ project }: { project: string }) {
  const all = useStore(interrupted), present = useStore(uploads);
  const picker = useRef<HTMLInputElement>(null);
  const asked = useRef<Interrupted | null>(null);
  const shown = all.filter((one) => one.project === project && !present.some((other) => isSamePlace(one, { project: other.project, folder: other.folder, name: safeName(other.file.name) })));
  const goOn = async (file: File) => {
    const wanted = asked.current;
    if (!wanted) return;
    const print = await printOf(file);
    if (!print || !isSameFile(wanted, print)) return toast(t.files.otherFile(wanted.name), "bad");
    upload(project, [{ file: file.name === wanted.name ? file : new File([file], wanted.name, { lastModified: file.lastModified }), folder: wanted.folder }]);
  };
  if (shown.length === 0) return null;
  return (
    <section className="uploads" aria-label={t.files.interrupted}>
      <header className="row"><h2>{t.files.interrupted}</h2><span className="muted small">{t.files.interruptedHint}</span></header>
      <ul>{shown.map((one) => (
        <li key={`${one.folder}/${one.name}`}><div className="row upload-head">
          <Icon name="warning" size={16} /><span className="clip grow" title={`${one.folder}/${one.name}`}>{one.name}</span><span className="muted small tabular">{bytes(one.size)} · {ago(new Date(one.at).toISOString())}</span>
          <Button small icon="upload" aria-label={t.files.chooseAgainOf(one.name)} onClick={() => { asked.current = one; picker.current?.click(); }}>{t.files.chooseAgain}</Button>
          <Button small kind="quiet" aria-label={t.files.forgetOf(one.name)} onClick={() => { memory()?.forget(one); lookAgain(); }}>{t.files.forget}</Button>
        </div></li>))}</ul>
      <input ref={picker} type="file" hidden aria-label={t.files.chooseAgain} onChange={(event) => { const file = event.target.files?.[0]; event.target.value = ""; if (file) void goOn(file); }} />
    </section>
  );
}
