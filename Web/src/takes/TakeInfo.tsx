import { useState } from "react";
import { newKey, path, request } from "../api/http";
import { download } from "../api/media";
import { ApiError } from "../api/problems";
import { graphOfTake } from "../api/runs";
import type { Take } from "../api/types";
import { go, linkTo } from "../app/router";
import type { JsonObject } from "../core/json";
import { makerOf, type TakeLine } from "../core/takes";
import { Fact, plain } from "../queue/JobDetails";
import { t } from "../strings";
import { Button } from "../ui/controls";
import { Confirm } from "../ui/Dialog";
import { bytes, dateTime, duration } from "../ui/format";
import { Failure, Skeleton } from "../ui/states";
import { toast, toastError } from "../ui/toasts";
import { useLoad } from "../ui/useLoad";

/** Asks for a take once more, with its very function, parameters and inputs. */
export function useRerun(take: TakeLine) {
  const [busy, setBusy] = useState(false);
  const [isChanged, setChanged] = useState(false);
  const rerun = async (allowChangedInputs: boolean) => {
    setBusy(true);
    try {
      await request("POST", path`/api/v1/takes/${take.id}/rerun`, { body: allowChangedInputs ? { allowChangedInputs } : {}, idempotencyKey: newKey() });
      setChanged(false);
      toast(t.takes.rerunDone, "good", { label: t.takes.rerunOpen, run: () => go({ page: "queue", project: take.project }) });
    } catch (error) {
      if (error instanceof ApiError && !allowChangedInputs && error.findings.some((finding) => finding.code === "input-changed")) setChanged(true);
      else { setChanged(false); toastError(error); }
    }
    setBusy(false);
  };
  const dialog = isChanged && <Confirm title={t.takes.changedTitle} action={t.takes.rerunAnyway} busy={busy} onConfirm={() => void rerun(true)} onClose={() => setChanged(false)}><p>{t.takes.changedHint}</p></Confirm>;
  return { busy, rerun: () => void rerun(false), dialog };
}

function Graph({ take }: { take: TakeLine }) {
  const [busy, setBusy] = useState(false);
  const open = async () => {
    setBusy(true);
    try {
      await graphOfTake(take.id);
      go({ page: "graph", project: take.project, take: take.id });
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) toast(t.takes.noGraph, "info");
      else toastError(error);
      setBusy(false);
    }
  };
  return <Button small icon="canvas" busy={busy} onClick={() => void open()}>{t.takes.graph}</Button>;
}

function codecOf(take: Take): string {
  const streams = (Array.isArray(take.probe?.streams) ? take.probe?.streams ?? [] : []) as { codec?: string; pixelFormat?: string }[];
  return streams.map((stream) => [stream.codec, stream.pixelFormat].filter(Boolean).join(" ")).filter(Boolean).join(", ");
}

function Provenance({ take }: { take: Take }) {
  const made = makerOf(take.provenance) as { function?: { name?: string; version?: string }; parameters?: JsonObject; seed?: unknown; quality?: string; software?: string; inputs?: { port: string; reference: string; sha256?: string }[] };
  const parameters = Object.entries(made.parameters ?? {});
  return (
    <section><h2>{t.takes.provenance}</h2>
      <dl className="facts">
        {made.function?.name && <Fact name={t.takes.facts.by}>{made.function.name} {made.function.version}</Fact>}
        {made.seed !== undefined && made.seed !== null && <Fact name={t.takes.facts.seed}>{plain(made.seed)}</Fact>}
        {made.quality && <Fact name={t.takes.facts.quality}>{made.quality}</Fact>}
        {made.software && <Fact name={t.takes.facts.software}>{made.software}</Fact>}
      </dl>
      {parameters.length > 0 && <details className="take-more" open><summary>{t.takes.parameters}</summary><dl className="facts facts-long">{parameters.map(([name, value]) => <Fact key={name} name={name}>{plain(value)}</Fact>)}</dl></details>}
      {(made.inputs?.length ?? 0) > 0 && <details className="take-more"><summary>{t.takes.inputs}</summary><dl className="facts facts-long">{made.inputs?.map((input, index) => (
        <Fact key={index} name={input.port}>{input.reference.startsWith("take:") ? <a href={linkTo({ page: "takes", project: take.project, shot: null, take: input.reference.slice(5) })}>{input.reference}</a> : input.reference}</Fact>))}</dl></details>}
    </section>
  );
}

/** What is known of a take, and what can be done with it. */
export function TakeInfo({ line, mayWork }: { line: TakeLine; mayWork: boolean }) {
  const read = useLoad(line.id, async (signal) => (await request<Take>("GET", path`/api/v1/takes/${line.id}`, { signal })).value);
  const { busy, rerun, dialog } = useRerun(line);
  const take = read.value;
  return (
    <>
      <div className="row take-actions">
        <Button small icon="download" onClick={() => { void download(path`/api/v1/takes/${line.id}/media`, line.fileName).catch(toastError); }}>{t.takes.download}</Button>
        {mayWork && <Button small icon="refresh" busy={busy} onClick={rerun}>{t.takes.rerun}</Button>}
        <Graph key={line.id} take={line} />
      </div>
      {dialog}
      {read.error !== null && !take ? <Failure error={read.error} onRetry={read.reload} /> : !take ? <Skeleton shape="line" count={3} /> : (
        <>
          {line.prompt && <p className="take-prompt">{line.prompt}</p>}
          <section><h2>{t.takes.details}</h2>
            <dl className="facts">
              {line.width && line.height && <Fact name={t.takes.facts.picture}>{line.width} × {line.height}</Fact>}
              {line.seconds !== undefined && <Fact name={t.takes.facts.length}>{duration(line.seconds)}{line.frames !== undefined && line.kind === "video" && <span className="muted"> · {t.takes.frames(line.frames)}</span>}</Fact>}
              {line.rate !== undefined && <Fact name={t.takes.facts.rate}>{t.takes.fps(line.rate)}</Fact>}
              {codecOf(take) && <Fact name={t.takes.facts.codec}>{codecOf(take)}</Fact>}
              <Fact name={t.takes.facts.size}>{bytes(take.sizeBytes)}</Fact>
              <Fact name={t.takes.facts.made}>{dateTime(take.createdAt)}</Fact>
              <Fact name={t.takes.facts.file}>{take.path}</Fact>
              {take.sha256 && <Fact name={t.takes.facts.hash}><code title={take.sha256}>{take.sha256.slice(0, 16)}…</code></Fact>}
            </dl>
          </section>
          <Provenance take={take} />
          {(take.files?.length ?? 0) > 0 && <section><h2>{t.takes.files}</h2><ul className="take-files">{take.files?.map((file) => (
            <li key={file.port}><Button small kind="quiet" icon="download" onClick={() => { void download(file.link, file.fileName).catch(toastError); }}>{file.fileName}</Button><span className="muted small">{bytes(file.sizeBytes)}</span></li>))}</ul></section>}
        </>
      )}
    </>
  );
}
