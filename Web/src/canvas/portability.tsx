import { parseJson, writeJson } from "../core/json";
import { canvasAddress, type Missing } from "../api/canvases";
import { path, request } from "../api/http";
import { t } from "../strings";
import { Button } from "../ui/controls";
import { Dialog } from "../ui/Dialog";

/** What an import made, and what it lacks here. */
export interface ImportResult { canvas: string; missing: Missing }

/** Saves the canvas as one file, with what of functions and files it needs. */
export async function exportCanvas(project: string, canvas: string): Promise<void> {
  const { value } = await request<object>("GET", `${canvasAddress(project, canvas)}/export`);
  const address = URL.createObjectURL(new Blob([writeJson(value, 2)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${project}-${canvas}.canvas.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Makes a canvas of a file, under a name that none has yet. */
export async function importCanvas(project: string, file: File, taken: readonly string[]): Promise<ImportResult> {
  const body = parseJson(await file.text()) as { name?: string };
  const stem = (typeof body.name === "string" ? body.name : file.name.replace(/\..*$/, "")).replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^[-_]+/, "").slice(0, 50) || "imported";
  let name = stem;
  for (let number = 2; taken.includes(name) || name === "main_canvas"; number += 1) name = `${stem}-${number}`;
  const { value } = await request<{ missing?: Partial<Missing> }>("POST", `${path`/api/v1/projects/${project}/canvases/${name}`}/import`, { body });
  return { canvas: name, missing: { functions: value.missing?.functions ?? [], files: value.missing?.files ?? [], takes: value.missing?.takes ?? [] } };
}

/** Says what an imported canvas lacks here. */
export function MissingDialog({ result, onClose }: { result: ImportResult; onClose: () => void }) {
  const lists: [string, string[]][] = [[t.canvas.missingFunctions, names(result.missing.functions)], [t.canvas.missingFiles, names(result.missing.files)], [t.canvas.missingTakes, names(result.missing.takes)]];
  const isWhole = lists.every(([, list]) => list.length === 0);
  return (
    <Dialog title={isWhole ? t.canvas.imported : t.canvas.missingTitle} onClose={onClose} footer={<Button kind="primary" onClick={onClose} autoFocus>{t.common.open}</Button>}>
      {isWhole ? <p>{result.canvas}</p> : lists.map(([title, list]) => list.length > 0 && <section key={title}><h3>{title}</h3><ul className="plan-list">{list.map((name) => <li key={name} className="mono">{name}</li>)}</ul></section>)}
    </Dialog>
  );
}

/** Names, whether they come alone or with more about them. */
function names(list: unknown[]): string[] {
  return list.map((item) => typeof item === "string" ? item : String((item as { name?: string; path?: string; id?: string }).name ?? (item as { path?: string }).path ?? (item as { id?: string }).id ?? writeJson(item)));
}
