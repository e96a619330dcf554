import { useEffect, useRef, useState } from "react";
import { folderFor, uploadFile } from "../api/upload";
import type { FolderEntry } from "../api/types";
import { filePath, path } from "../api/http";
import { kindOfFile } from "../core/ports";
import { t } from "../strings";
import { Button, Progress } from "../ui/controls";
import { Dialog } from "../ui/Dialog";
import { bytes } from "../ui/format";
import { Icon, type IconName } from "../ui/Icon";
import { Picture } from "../ui/Media";
import { Failure } from "../ui/states";
import { toastError } from "../ui/toasts";
import { usePaged } from "../ui/useLoad";

const icons: Record<string, IconName> = { image: "image", mask: "image", video: "video", audio: "audio", text: "text", json: "text", model: "settings" };
/** The drawing for a file of its kind. */
export function fileIcon(name: string): IconName { return icons[kindOfFile(name) ?? ""] ?? "files"; }

/** The address of a project's file. */
export function fileAddress(project: string, file: string): string { return `${path`/api/v1/projects/${project}`}/files/${filePath(file)}`; }

/** Choosing a file of the project, or bringing one. */
export function FilePicker({ project, onChoose, onClose }: { project: string; onChoose: (path: string) => void; onClose: () => void }) {
  const [folder, setFolder] = useState("01_Assets");
  const [share, setShare] = useState<number | null>(null);
  const list = usePaged<FolderEntry>(path`/api/v1/projects/${project}/folder`, { path: folder }, 200);
  const input = useRef<HTMLInputElement>(null), stops = useRef<AbortController | null>(null);
  // Who closes it does not want the file any more.
  useEffect(() => () => stops.current?.abort(), []);
  const upload = async (files: readonly File[]) => {
    const file = files[0];
    if (!file || share !== null) return;
    setShare(0);
    const stop = stops.current = new AbortController();
    try { onChoose(await uploadFile(project, folder.startsWith("01_Assets/") || folder.startsWith("02_Source_Creative/") ? folder : folderFor(file.name), file, setShare, stop.signal)); } catch (error) { if (!stop.signal.aborted) { toastError(error); setShare(null); } }
  };
  const parts = folder.split("/").filter(Boolean);
  return (
    <Dialog title={t.canvas.inspector.chooseFile} onClose={onClose} wide footer={<>
      {share !== null && <div className="grow"><Progress value={share} label={t.canvas.inspector.uploading(Math.round(share * 100))} /></div>}
      <input ref={input} type="file" hidden onChange={(event) => { void upload([...(event.target.files ?? [])]); event.target.value = ""; }} />
      <Button icon="upload" busy={share !== null} onClick={() => input.current?.click()}>{t.canvas.inspector.uploadFile}</Button>
    </>}>
      <nav className="row small" aria-label={t.files.path}><button type="button" className="link" onClick={() => setFolder("")}>{project}</button>{parts.map((part, index) => <span key={index} className="row"><span aria-hidden="true">/</span><button type="button" className="link" onClick={() => setFolder(parts.slice(0, index + 1).join("/"))}>{part}</button></span>)}</nav>
      {list.error !== null ? <Failure error={list.error} onRetry={list.again} /> : (
        <ul className="picker" onDragOver={(event) => event.preventDefault()} onDrop={(event) => { event.preventDefault(); void upload([...event.dataTransfer.files]); }}>
          {list.items.map((entry) => {
            const full = folder ? `${folder}/${entry.name}` : entry.name;
            return <li key={entry.name}><button type="button" onClick={() => (entry.kind === "folder" ? setFolder(full) : onChoose(full))}>
              {entry.kind === "folder" ? <Icon name="projects" /> : kindOfFile(entry.name) === "image" ? <span className="picker-thumb"><Picture address={fileAddress(project, full)} /></span> : <Icon name={fileIcon(entry.name)} />}
              <span className="clip grow">{entry.name}</span>{entry.kind === "file" && <span className="muted small">{bytes(entry.sizeBytes)}</span>}
            </button></li>;
          })}
          {list.started && list.items.length === 0 && <li className="muted picker-none">{t.files.emptyFolder}</li>}
          {list.hasMore && <li><Button small onClick={list.more}>{t.common.loadMore}</Button></li>}
        </ul>
      )}
    </Dialog>
  );
}
