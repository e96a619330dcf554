import { useEffect, useMemo, useRef, useState, type DragEvent } from "react";
import { filePath, path as address } from "../api/http";
import { download } from "../api/media";
import { useProjectEvents } from "../api/events";
import { ApiError } from "../api/problems";
import type { FolderEntry } from "../api/types";
import { useMay } from "../app/me";
import { go, linkTo } from "../app/router";
import { Preview, viewOf } from "../files/Preview";
import { InterruptedUploadsList } from "../files/Interrupted";
import { lookAgain } from "../files/memory";
import { Uploads } from "../files/Uploads";
import { dropped, onUploaded, upload } from "../files/uploading";
import { t } from "../strings";
import { Button, IconButton, TextField } from "../ui/controls";
import { Dialog } from "../ui/Dialog";
import { moveFocus, onEscape } from "../ui/focusGrid";
import { ago, bytes } from "../ui/format";
import { Icon, type IconName } from "../ui/Icon";
import { Empty, Failure, Rest, Skeleton } from "../ui/states";
import { announce, toastError } from "../ui/toasts";
import { usePaged } from "../ui/useLoad";
import { VirtualGrid } from "../ui/VirtualList";

const icons: Record<ReturnType<typeof viewOf>, IconName> = { image: "image", video: "video", audio: "audio", text: "text", none: "files" };

/** Whether people may put files into a folder. */
export function isWritable(folder: string): boolean { return /^(01_Assets|02_Source_Creative)(\/|$)/.test(folder); }

function Crumbs({ project, folder }: { project: string; folder: string }) {
  const parts = folder.split("/").filter(Boolean);
  return (
    <nav className="crumb-bar" aria-label={t.files.path}><ol>
      <li><a href={linkTo({ page: "files", project, path: "" })} aria-current={parts.length === 0 ? "page" : undefined}>{t.files.root}</a></li>
      {parts.map((part, index) => <li key={index}><Icon name="forward" size={13} /><a href={linkTo({ page: "files", project, path: parts.slice(0, index + 1).join("/") })} aria-current={index === parts.length - 1 ? "page" : undefined}>{part}</a></li>)}
    </ol></nav>
  );
}

function NewFolder({ project, folder, onClose }: { project: string; folder: string; onClose: () => void }) {
  const [name, setName] = useState("");
  const isGood = name.trim() !== "" && !/[/\\]|^\./.test(name.trim());
  return (
    <Dialog title={t.files.newFolder} onClose={onClose} onSubmit={() => { if (isGood) { onClose(); go({ page: "files", project, path: `${folder}/${name.trim()}` }); } }}
      footer={<><Button onClick={onClose}>{t.common.cancel}</Button><Button kind="primary" type="submit" disabled={!isGood}>{t.files.openFolder}</Button></>}>
      <TextField label={t.files.newFolderName} hint={t.files.newFolderHint} value={name} autoFocus error={name && !isGood ? t.files.newFolderBad : undefined} onChange={(event) => setName(event.target.value)} />
    </Dialog>
  );
}

/** A project's folders. */
export default function FilesPage({ project, path: folder }: { project: string; path: string }) {
  const list = usePaged<FolderEntry>(address`/api/v1/projects/${project}/folder`, { path: folder }, 200);
  const [shown, setShown] = useState<string | null>(null);
  const [isOver, setOver] = useState(false);
  const [isNaming, setNaming] = useState(false);
  const mayWork = useMay("artist");
  const picker = useRef<HTMLInputElement>(null), box = useRef<HTMLDivElement>(null), depth = useRef(0);
  const writable = mayWork && isWritable(folder);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const soon = () => { timer.current ??= setTimeout(() => { timer.current = null; list.reload(); }, 400); };
  useEffect(() => () => { if (timer.current) clearTimeout(timer.current); }, []);
  useEffect(lookAgain, [project]);
  useEffect(() => setShown(null), [folder]);
  useProjectEvents(project, (event) => { if (event.type === "asset.changed" && event.path.startsWith(folder) || event.type === "project.changed" || event.type === "take.created") soon(); }, soon);
  useEffect(() => onUploaded((one) => { if (one.project === project) { announce(t.files.uploaded(one.file.name)); soon(); } }), [project, list.reload]);
  const entries = useMemo(() => [...list.items].sort((a, b) => Number(a.kind === "file") - Number(b.kind === "file")), [list.items]);
  const entry = entries.find((one) => one.name === shown) ?? null;
  const addressOf = (name: string) => `${address`/api/v1/projects/${project}`}/files/${filePath(folder ? `${folder}/${name}` : name)}`;
  const closePreview = () => { box.current?.querySelector<HTMLElement>(".file-shown .file-main")?.focus(); setShown(null); };
  const isNew = list.error instanceof ApiError && list.error.status === 404 && isWritable(folder);
  const take = (files: { file: File; folder: string }[]) => { if (files.length > 0) upload(project, files); };
  const hasFiles = (event: DragEvent) => writable && event.dataTransfer.types.includes("Files");
  return (
    <div className="page page-fill files" onDragEnter={(event) => { if (hasFiles(event)) { depth.current += 1; setOver(true); } }} onDragLeave={() => { depth.current = Math.max(0, depth.current - 1); if (depth.current === 0) setOver(false); }}
      onDragOver={(event) => { if (event.dataTransfer.types.includes("Files")) { event.preventDefault(); event.dataTransfer.dropEffect = writable ? "copy" : "none"; } }}
      onDrop={(event) => { event.preventDefault(); depth.current = 0; setOver(false); if (hasFiles(event)) void dropped(event.dataTransfer, folder).then(take, toastError); }}>
      <header className="page-head"><h1>{t.files.title}</h1>
        <div className="page-tools">
          {writable && <><Button small icon="add" onClick={() => setNaming(true)}>{t.files.newFolder}</Button><Button small kind="primary" icon="upload" onClick={() => picker.current?.click()}>{t.files.upload}</Button></>}
          <input ref={picker} type="file" multiple hidden aria-label={t.files.upload} onChange={(event) => { take([...(event.target.files ?? [])].map((file) => ({ file, folder }))); event.target.value = ""; }} />
        </div></header>
      <Crumbs project={project} folder={folder} />
      {mayWork && folder !== "" && !isWritable(folder) && <p className="muted small files-note">{t.files.readOnly}</p>}
      <div className={`files-body ${entry ? "files-split" : ""}`} onKeyDown={entry ? onEscape(closePreview) : undefined}>
        <div className="files-list" ref={box} onKeyDown={(event) => moveFocus(event, box.current, ".file-main")}>
          {list.error !== null && !isNew && list.items.length === 0 ? <Failure error={list.error} onRetry={list.reload} />
            : !list.started ? <Skeleton shape="line" />
            : entries.length === 0 ? <Empty icon="files" title={t.files.empty} hint={writable ? t.files.emptyWritable : t.files.emptyHint}>{writable && <Button kind="primary" icon="upload" onClick={() => picker.current?.click()}>{t.files.upload}</Button>}</Empty>
            : <VirtualGrid items={entries} itemHeight={46} gap={2} overscan={8} label={t.files.list} keyOf={(one) => one.name} onEnd={list.more} render={(one) => {
                const inside = folder ? `${folder}/${one.name}` : one.name;
                return (
                  <div className={`file ${shown === one.name ? "file-shown" : ""}`}>
                    {one.kind === "folder" ? <a className="file-main" href={linkTo({ page: "files", project, path: inside })}><Icon name="projects" size={20} /><span className="clip"><strong>{one.name}</strong>{folder === "" && t.files.hints[one.name] && <span className="muted small file-hint"> {t.files.hints[one.name]}</span>}</span></a>
                      : <button type="button" className="file-main" aria-label={t.files.look(one.name)} aria-pressed={shown === one.name} onClick={() => setShown(shown === one.name ? null : one.name)}><Icon name={icons[viewOf(one.name, one.mediaType)]} size={20} /><span className="clip">{one.name}</span></button>}
                    <span className="muted small tabular file-size">{one.kind === "file" ? bytes(one.sizeBytes) : ""}</span>
                    <span className="muted small file-changed">{ago(one.changedAt)}</span>
                    {one.kind === "file" ? <IconButton icon="download" size={16} label={`${t.files.download}: ${one.name}`} onClick={() => { void download(addressOf(one.name), one.name).catch(toastError); }} /> : <span />}
                  </div>
                );
              }} />}
          {list.items.length > 0 && <Rest error={list.error} onRetry={list.again} />}
        </div>
        {entry && <Preview key={entry.name} entry={entry} address={addressOf(entry.name)} onClose={closePreview} />}
      </div>
      <InterruptedUploadsList project={project} />
      <Uploads />
      {isOver && <div className="files-drop" aria-hidden="true"><Icon name="upload" size={36} /><strong>{t.files.drop(folder)}</strong></div>}
      {isNaming && <NewFolder project={project} folder={folder} onClose={() => setNaming(false)} />}
    </div>
  );
}
