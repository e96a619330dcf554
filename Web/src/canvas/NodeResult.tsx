import { indexOf } from "../core/flow";
import type { RunNode } from "../core/runs";
import { filePath, path } from "../api/http";
import { kindOfFile } from "../core/ports";
import { useProgress } from "../api/progress";
import { Picture, Film } from "../ui/Media";
import { Icon } from "../ui/Icon";
import { useSlice } from "../ui/useStore";
import { t } from "../strings";
import { nameOf } from "./actions";
import { useCanvas } from "./context";

/** Where what a job of a run made can be looked at, and how. */
export function resultOf(project: string, result: RunNode): { address: string; show: "picture" | "film" | "sound" | "name"; name: string } {
  if (result.take) return { address: path`/api/v1/takes/${result.take}/thumbnail`, show: "picture", name: "" };
  const file = typeof result.file === "string" ? { path: result.file } : result.file ?? {};
  const name = file.fileName ?? file.path?.split("/").pop() ?? "";
  const address = file.link ?? (result.job && file.port ? path`/api/v1/jobs/${result.job}/files/${file.port}` : file.path ? `${path`/api/v1/projects/${result.fileProject ?? project}`}/files/${filePath(file.path)}` : "");
  const kind = file.mediaType?.split("/")[0] ?? kindOfFile(name) ?? "";
  return { address, name, show: kind === "image" || kind === "mask" ? "picture" : kind === "video" ? "film" : kind === "audio" ? "sound" : "name" };
}

/** The picture inside a node: what its job shows while it runs, and what it made. */
export function NodeResult({ id }: { id: string }) {
  const { model, project } = useCanvas();
  const run = useSlice(model.runs, (runs) => runs.get(id));
  const name = useSlice(model.editor, (state) => { const node = indexOf(state.document).nodes.get(id); return node ? nameOf(model, node) : null; });
  const running = run?.state === "running" ? run.jobs.find((job) => job.state === "running")?.job ?? null : null;
  const progress = useProgress(running);
  if (!run || name === null || !model.hasPreview(id)) return null;
  if (run.result) {
    const { address, show, name: file } = resultOf(project, run.result);
    return (
      <div className="node-picture">
        {show === "picture" ? <Picture address={address || null} alt={t.generate.resultOf(name)} /> : show === "film" ? <Film address={address || null} muted tabIndex={-1} aria-label={t.generate.resultOf(name)} />
          : <span className="picture-none"><Icon name={show === "sound" ? "audio" : "files"} size={24} /><span className="clip small">{file}</span></span>}
        {run.total > 1 && <span className="node-count">{run.done}/{run.total}</span>}
      </div>
    );
  }
  // Another number of the preview is another picture at the same address.
  const address = running && progress?.preview !== undefined ? `${path`/api/v1/jobs/${running}/preview`}?n=${progress.preview}` : null;
  return <div className="node-picture">{address ? <Picture address={address} alt={t.generate.resultOf(name)} /> : <span className="picture-none picture-waits"><Icon name="bolt" size={22} /></span>}</div>;
}
