import { useState } from "react";
import { path, request } from "../api/http";
import type { Page, StudioFunction } from "../api/types";
import { t } from "../strings";
import { Button } from "../ui/controls";
import { Failure, Rest, Skeleton } from "../ui/states";
import { toast, toastError } from "../ui/toasts";
import { useLoad, usePaged } from "../ui/useLoad";

interface FunctionLimit { function: string; maxRunning: number }
interface TenantShare { id: string; name: string; weight: number; maxRunning?: number }

const words = t.operations.limits;

function FunctionLimits() {
  const list = usePaged<FunctionLimit>("/api/v1/admin/function-limits", {}, 100);
  const functions = useLoad("functions", async (signal) => (await request<Page<StudioFunction>>("GET", "/api/v1/functions", { query: { limit: 200 }, signal })).value.items);
  const [name, setName] = useState("");
  const [most, setMost] = useState("1");
  const save = async (fn: string, maxRunning: number) => {
    try {
      const { value } = await request<FunctionLimit>("PUT", path`/api/v1/admin/function-limits/${fn}`, { body: { maxRunning } });
      list.change((all) => [...all.filter((one) => one.function !== fn), value].sort((a, b) => (a.function < b.function ? -1 : 1)));
      toast(words.saved(fn));
      setName("");
    } catch (error) { toastError(error); }
  };
  const lift = async (fn: string) => {
    try {
      await request("DELETE", path`/api/v1/admin/function-limits/${fn}`);
      list.change((all) => all.filter((one) => one.function !== fn));
      toast(words.lifted(fn));
    } catch (error) { toastError(error); }
  };
  const isGood = name !== "" && /^\d{1,6}$/.test(most);
  return (
    <section className="card"><h2>{words.functions}</h2><p className="muted small">{words.functionsHint}</p>
      {list.error !== null && list.items.length === 0 ? <Failure error={list.error} onRetry={list.reload} /> : !list.started ? <Skeleton shape="line" count={2} /> : (
        <>
          {list.items.length === 0 ? <p className="ops-none">{words.functionsEmpty}</p> : <ul className="ops-lines">{list.items.map((limit) => <li key={limit.function}><strong className="grow">{limit.function}</strong><span className="tabular">{words.most} {limit.maxRunning}</span><Button small aria-label={words.liftOf(limit.function)} onClick={() => void lift(limit.function)}>{words.lift}</Button></li>)}</ul>}
          <form className="row ops-add" onSubmit={(event) => { event.preventDefault(); if (isGood) void save(name, Number(most)); }}>
            <select aria-label={words.function} value={name} onChange={(event) => setName(event.target.value)}><option value="">{words.function}…</option>{(functions.value ?? []).map((one) => <option key={one.name} value={one.name}>{one.name}</option>)}</select>
            <input inputMode="numeric" aria-label={words.most} value={most} onChange={(event) => setMost(event.target.value)} /><Button small type="submit" disabled={!isGood}>{words.add}</Button>
          </form>
        </>
      )}
    </section>
  );
}

function Share({ share, onSaved }: { share: TenantShare; onSaved: (share: TenantShare) => void }) {
  const [weight, setWeight] = useState(String(share.weight));
  const [most, setMost] = useState(share.maxRunning === undefined ? "" : String(share.maxRunning));
  const isGood = /^[1-9]\d{0,3}$/.test(weight) && Number(weight) <= 1000 && /^\d{0,6}$/.test(most);
  const isSame = Number(weight) === share.weight && most === (share.maxRunning === undefined ? "" : String(share.maxRunning));
  const save = async () => {
    try {
      onSaved((await request<TenantShare>("PATCH", path`/api/v1/admin/tenants/${share.id}`, { body: { weight: Number(weight), maxRunning: most === "" ? null : Number(most) } })).value);
      toast(words.tenantSaved(share.name));
    } catch (error) { toastError(error); }
  };
  return (
    <li><form className="row grow ops-add" onSubmit={(event) => { event.preventDefault(); if (isGood) void save(); }}><strong className="grow">{share.name}</strong>
      <label className="row small">{words.weight}<input inputMode="numeric" aria-label={words.weightOf(share.name)} value={weight} onChange={(event) => setWeight(event.target.value)} /></label>
      <label className="row small">{words.running}<input inputMode="numeric" placeholder={words.noLimit} aria-label={words.runningOf(share.name)} value={most} onChange={(event) => setMost(event.target.value)} /></label>
      <Button small type="submit" disabled={!isGood || isSame}>{words.save}</Button></form></li>
  );
}

/** Who gets how much. */
export function Limits() {
  const list = usePaged<TenantShare>("/api/v1/admin/tenants", {}, 100);
  return (
    <>
      <FunctionLimits />
      <section className="card"><h2>{words.tenants}</h2><p className="muted small">{words.tenantsHint}</p>
        {list.error !== null && list.items.length === 0 ? <Failure error={list.error} onRetry={list.reload} /> : <ul className="ops-lines">{list.items.map((share) => <Share key={share.id} share={share} onSaved={(value) => list.change((all) => all.map((one) => (one.id === value.id ? value : one)))} />)}</ul>}
        {list.items.length > 0 && <Rest error={list.error} onRetry={list.again} />}{list.hasMore && list.error === null && <Button busy={list.loading} onClick={list.more}>{t.common.loadMore}</Button>}</section>
    </>
  );
}
