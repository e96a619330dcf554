import { send } from "../api/http";
import { problemOf } from "../api/problems";
import { download } from "../api/media";
import type { FolderEntry } from "../api/types";
import { t } from "../strings";
import { Button, IconButton } from "../ui/controls";
import { bytes, dateTime } from "../ui/format";
import { Icon } from "../ui/Icon";
import { Film, Picture } from "../ui/Media";
import { Failure, Skeleton } from "../ui/states";
import { toastError } from "../ui/toasts";
import { useLoad } from "../ui/useLoad";

const most = 64 * 1024;
const textNames = /\.(txt|md|json|ya?ml|csv|srt|vtt|edl|otio|xml|fountain|ale|log|swift|py|js|ts|glsl|cube)$/i;

/** What a file can be looked at as. */
export function viewOf(name: string, mediaType: string | undefined): "image" | "video" | "audio" | "text" | "none" {
  const type = mediaType ?? "";
  if (/^image\/(png|jpeg|webp|gif|bmp)/.test(type)) return "image";
  if (/^video\/(mp4|webm|quicktime)/.test(type)) return "video";
  if (/^audio\//.test(type)) return "audio";
  return textNames.test(name) || type.startsWith("text/") || type === "application/json" ? "text" : "none";
}

function TextView({ address, size }: { address: string; size: number }) {
  const read = useLoad(address, async (signal) => {
    // Only its beginning: a text may be as large as a film.
    const response = await send("GET", address, { signal, headers: { accept: "*/*", ...(size > most ? { range: `bytes=0-${most - 1}` } : {}) } });
    if (!response.ok) throw await problemOf(response);
    return response.text();
  });
  if (read.error !== null && read.value === null) return <Failure error={read.error} onRetry={read.reload} />;
  if (read.value === null) return <Skeleton shape="line" count={3} />;
  return <>{size > most && <p className="small muted">{t.files.truncated}</p>}<pre className="preview-text" tabIndex={0} aria-label={t.files.preview}>{read.value}</pre></>;
}

/** A file of the project, to be looked at. */
export function Preview({ entry, address, onClose }: { entry: FolderEntry; address: string; onClose: () => void }) {
  const view = viewOf(entry.name, entry.mediaType);
  return (
    <aside className="preview" aria-label={t.files.preview}>
      <header><h2 className="grow">{entry.name}</h2><IconButton icon="close" label={t.files.closePreview} onClick={onClose} /></header>
      <div className="preview-body">
        {view === "image" ? <div className="preview-picture"><Picture address={address} alt={entry.name} /></div>
          : view === "video" ? <Film className="preview-film" address={address} controls aria-label={entry.name} />
          : view === "audio" ? <Film className="preview-sound" address={address} controls aria-label={entry.name} />
          : view === "text" ? <TextView address={address} size={entry.sizeBytes ?? 0} />
          : <div className="preview-none"><Icon name="files" size={36} /><p className="muted">{t.files.noPreview}</p></div>}
        <p className="muted small">{bytes(entry.sizeBytes)} · {entry.mediaType ?? ""} · {dateTime(entry.changedAt)}</p>
        <div><Button small icon="download" onClick={() => { void download(address, entry.name).catch(toastError); }}>{t.files.download}</Button></div>
      </div>
    </aside>
  );
}
