import { useState } from "react";
import { request } from "../api/http";
import type { Page, Project, User } from "../api/types";
import { useMe } from "../app/me";
import { t } from "../strings";
import { Badge, Button } from "../ui/controls";
import { ago, dateTime } from "../ui/format";
import { Empty, Failure, Rest, Skeleton } from "../ui/states";
import { toastError } from "../ui/toasts";
import { useLoad, usePaged } from "../ui/useLoad";
import { ownTenant } from "./sampling";

/** Something that somebody did. */
interface Action { id: string; at: string; action: string; user: { id: string; email: string; displayName: string } | null; subject: string; project?: string; detail: unknown; requestId?: string }

const groups = ["user", "credits", "project", "job", "schedule", "run", "export", "worker", "queue", "tenant", "function"] as const;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** What people call the thing it was done to: a name before an id. */
function nameOf(action: Action): string {
  const detail = isObject(action.detail) ? action.detail : {};
  for (const key of ["email", "canvas", "path"]) if (typeof detail[key] === "string") return detail[key] as string;
  if (typeof detail.shot === "string" && typeof detail.function === "string") return `${detail.shot} · ${detail.function}`;
  for (const key of ["name", "function"]) if (typeof detail[key] === "string") return detail[key] as string;
  return action.user?.id === action.subject ? action.user.email : action.subject;
}

/** What else is known, in words. */
function factsOf(action: Action): string {
  if (!isObject(action.detail)) return "";
  const said = new Set(["email", "name", "canvas", "path", "shot", "function"]);
  return Object.entries(action.detail).filter(([key]) => !said.has(key)).map(([key, value]) => `${t.operations.actions.facts[key] ?? key}: ${Array.isArray(value) ? value.join(", ") : String(value)}`).join(" · ");
}

/** What must hold in the studio's rows; asked, since it reads all of them. */
function Consistency() {
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState<{ at: string; findings: { rule: string; subject: string; detail: string }[] } | null>(null);
  const words = t.operations.check;
  const check = async () => {
    setBusy(true);
    try { setFound((await request<NonNullable<typeof found>>("POST", "/api/v1/admin/check")).value); } catch (error) { toastError(error); }
    setBusy(false);
  };
  return (
    <section className="card"><div className="row"><h2 className="grow">{words.title}</h2><Button small icon="check" busy={busy} onClick={() => void check()}>{words.run}</Button></div>
      <p className="muted small">{words.hint}</p>
      <div role="status">{found && (found.findings.length === 0 ? <p className="ops-none"><Badge tone="good">{words.well}</Badge> <span className="muted small">{dateTime(found.at)}</span></p> : (
        <ul className="ops-lines">{found.findings.map((one) => <li key={`${one.rule} ${one.subject}`}><div className="grow"><Badge tone="bad">{one.rule}</Badge> <strong>{one.subject}</strong><p className="small">{one.detail}</p></div></li>)}</ul>))}</div>
    </section>
  );
}

/** Who did what, and when; and whether the books are right. */
export function Actions() {
  const [group, setGroup] = useState(""), [user, setUser] = useState(""), [project, setProject] = useState("");
  const people = useLoad("people", async (signal) => (await request<Page<User>>("GET", "/api/v1/admin/users", { query: { limit: 200 }, signal })).value.items);
  const projects = useLoad("projects", async (signal) => (await request<Page<Project>>("GET", "/api/v1/projects", { query: { limit: 200, archived: true }, signal })).value.items);
  const list = usePaged<Action>("/api/v1/audit", { action: group || null, user: user || null, project: project || null }, 50);
  const words = t.operations.actions, me = useMe();
  return (
    <>
    <section className="card ops-card">
      <div className="row ops-head">
        <select className="ops-role" aria-label={words.what} value={group} onChange={(event) => setGroup(event.target.value)}><option value="">{words.everything}</option>{groups.map((one) => <option key={one} value={one}>{words.groups[one]}</option>)}</select>
        <select className="ops-role" aria-label={words.who} value={user} onChange={(event) => setUser(event.target.value)}><option value="">{words.everybody}</option>{(people.value ?? []).map((one) => <option key={one.id} value={one.id}>{one.displayName || one.email}</option>)}</select>
        <select className="ops-role" aria-label={words.project} value={project} onChange={(event) => setProject(event.target.value)}><option value="">{words.everyProject}</option>{(projects.value ?? []).map((one) => <option key={one.id} value={one.name}>{one.name}</option>)}</select>
        <span className="grow" /><Button small icon="refresh" busy={list.loading} onClick={list.reload}>{words.again}</Button>
      </div>
      <p className="muted small">{words.hint}</p>
      {list.error !== null && list.items.length === 0 ? <Failure error={list.error} onRetry={list.reload} /> : !list.started ? <Skeleton shape="line" count={4} /> : list.items.length === 0 ? <Empty icon="search" title={words.empty} hint={words.emptyHint} /> : (
        <div className="ops-table" tabIndex={0} role="region" aria-label={t.operations.tabs.audit}><table>
          <thead><tr><th scope="col">{words.when}</th><th scope="col">{words.who}</th><th scope="col">{words.what}</th><th scope="col">{words.whereTo}</th></tr></thead>
          <tbody>{list.items.map((one) => (
            <tr key={one.id}>
              <td className="muted small" title={one.requestId ? words.request(one.requestId) : undefined}><time dateTime={one.at} title={dateTime(one.at)}>{ago(one.at)}</time></td>
              <td>{one.user ? <span title={one.user.email}>{one.user.displayName || one.user.email}</span> : <span className="muted">{words.studio}</span>}</td>
              <th scope="row"><strong>{words.names[one.action] ?? one.action}</strong><span className="muted small ops-sub">{factsOf(one)}</span></th>
              <td className="ops-subject"><span title={one.subject}>{nameOf(one)}</span>{one.project && one.project !== nameOf(one) && <span className="muted small ops-sub">{one.project}</span>}</td>
            </tr>))}</tbody>
        </table></div>
      )}
      {list.items.length > 0 && <Rest error={list.error} onRetry={list.again} />}
      {list.hasMore && list.error === null && <div className="center"><Button busy={list.loading} onClick={list.more}>{t.common.loadMore}</Button></div>}
    </section>
    {me?.tenant.name === ownTenant && <Consistency />}
    </>
  );
}
