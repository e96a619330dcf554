import { useState } from "react";
import { newKey, path, request } from "../api/http";
import { ApiError } from "../api/problems";
import type { Role, User } from "../api/types";
import { readMe, useMay, useMe } from "../app/me";
import { t } from "../strings";
import { Badge, Button, SelectField, TextField } from "../ui/controls";
import { Dialog } from "../ui/Dialog";
import { Failure, Rest, Skeleton, explain } from "../ui/states";
import { toast, toastError } from "../ui/toasts";
import { usePaged } from "../ui/useLoad";

const roles: Role[] = ["viewer", "artist", "producer", "admin"];
const strongest = (user: User): Role => [...roles].reverse().find((role) => user.roles.includes(role)) ?? "viewer";
const nameOf = (user: User) => user.displayName || user.email;

function Grant({ user, onDone, onClose }: { user: User; onDone: (user: User) => void; onClose: () => void }) {
  const [amount, setAmount] = useState("1000");
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [key] = useState(newKey);
  const number = Number(amount);
  const isGood = Number.isInteger(number) && number >= 1 && number <= 1_000_000_000;
  const grant = async () => {
    setBusy(true);
    try {
      const { value } = await request<User>("POST", path`/api/v1/admin/users/${user.id}/credits`, { body: { credits: number, ...(note.trim() ? { note: note.trim() } : {}) }, idempotencyKey: `${key}-${number}` });
      toast(t.operations.people.granted(number, nameOf(user)));
      onDone(value);
      onClose();
    } catch (problem) { setError(explain(problem)); setBusy(false); }
  };
  return (
    <Dialog title={t.operations.people.grantOf(nameOf(user))} onClose={onClose} onSubmit={() => { if (isGood) void grant(); }} footer={<><Button onClick={onClose}>{t.common.cancel}</Button><Button kind="primary" type="submit" busy={busy} disabled={!isGood}>{t.operations.people.grant}</Button></>}>
      {error && <p className="form-error" role="alert">{error}</p>}
      <TextField label={t.operations.people.amount} inputMode="numeric" value={amount} autoFocus error={isGood ? undefined : t.operations.people.badAmount} onChange={(event) => setAmount(event.target.value)} />
      <TextField label={t.operations.people.note} hint={t.operations.people.noteHint} maxLength={500} value={note} onChange={(event) => setNote(event.target.value)} />
    </Dialog>
  );
}

function NewUser({ onDone, onClose }: { onDone: (user: User) => void; onClose: () => void }) {
  const [form, setForm] = useState({ email: "", displayName: "", password: "", role: "artist" as Role, credits: "0" });
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [key] = useState(newKey);
  const set = (part: Partial<typeof form>) => setForm({ ...form, ...part });
  const isGood = /.@./.test(form.email) && form.password.length >= 10 && /^\d{1,10}$/.test(form.credits);
  const make = async () => {
    setBusy(true);
    setError(null);
    try {
      const { value } = await request<User>("POST", "/api/v1/admin/users", { body: { email: form.email.trim(), password: form.password, displayName: form.displayName.trim(), roles: [form.role], credits: Number(form.credits) }, idempotencyKey: `${key}-${form.email.replace(/[^\x21-\x7e]/g, "").slice(0, 60)}-${form.role}-${form.credits}` });
      toast(t.operations.people.made(nameOf(value)));
      onDone(value);
      onClose();
    } catch (problem) { setError(explain(problem)); setBusy(false); }
  };
  const words = t.operations.people;
  return (
    <Dialog title={words.new} onClose={onClose} onSubmit={() => { if (isGood) void make(); }} footer={<><Button onClick={onClose}>{t.common.cancel}</Button><Button kind="primary" type="submit" busy={busy} disabled={!isGood}>{words.create}</Button></>}>
      {error && <p className="form-error" role="alert">{error}</p>}
      <TextField label={t.account.email} type="email" autoComplete="off" value={form.email} autoFocus maxLength={254} onChange={(event) => set({ email: event.target.value })} />
      <TextField label={words.displayName} value={form.displayName} maxLength={200} onChange={(event) => set({ displayName: event.target.value })} />
      <TextField label={words.password} hint={words.passwordHint} type="password" autoComplete="new-password" value={form.password} onChange={(event) => set({ password: event.target.value })} />
      <SelectField label={words.roles} value={form.role} onChange={(event) => set({ role: event.target.value as Role })} options={roles.map((role) => ({ value: role, label: t.account.roles[role] }))} />
      <TextField label={words.startCredits} inputMode="numeric" value={form.credits} onChange={(event) => set({ credits: event.target.value })} />
    </Dialog>
  );
}

/** Who works here, what they may do, and what they may spend. */
export function People() {
  const me = useMe();
  const mayChange = useMay("admin");
  const list = usePaged<User>("/api/v1/admin/users", {}, 100);
  const [asked, setAsked] = useState<User | "new" | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const words = t.operations.people;
  const put = (user: User) => list.change((all) => (all.some((one) => one.id === user.id) ? all.map((one) => (one.id === user.id ? user : one)) : [user, ...all]));
  const change = async (user: User, body: { roles?: Role[]; disabled?: boolean }) => {
    setBusy(user.id);
    try {
      put((await request<User>("PATCH", path`/api/v1/admin/users/${user.id}`, { body, headers: { "if-match": `"r${user.revision}"` } })).value);
      toast(words.changed(nameOf(user)));
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) { list.reload(); toast(words.elsewhere, "bad"); }
      else toastError(error);
    }
    setBusy(null);
  };
  if (list.error !== null && list.items.length === 0) return <Failure error={list.error} onRetry={list.reload} />;
  if (!list.started) return <Skeleton shape="line" count={4} />;
  return (
    <section className="card ops-card">
      {mayChange ? <div className="row ops-head"><span className="grow" /><Button small kind="primary" icon="add" onClick={() => setAsked("new")}>{words.new}</Button></div> : <p className="muted small ops-head">{words.readOnly}</p>}
      <div className="ops-table" tabIndex={0} role="region" aria-label={t.operations.tabs.people}><table>
        <thead><tr><th scope="col">{words.name}</th><th scope="col">{words.roles}</th><th scope="col">{words.credits}</th><th scope="col">{words.state}</th>{mayChange && <th scope="col"><span className="unseen">{words.grant}</span></th>}</tr></thead>
        <tbody>{list.items.map((user) => (
          <tr key={user.id}>
            <th scope="row"><strong>{nameOf(user)}</strong>{user.id === me?.user.id && <span className="muted"> ({words.you})</span>}<span className="muted small ops-sub">{user.email}</span></th>
            <td>{!mayChange ? t.account.roles[strongest(user)] : <select className="ops-role" aria-label={words.roleOf(nameOf(user))} value={strongest(user)} disabled={busy === user.id} onChange={(event) => void change(user, { roles: [event.target.value as Role] })}>{roles.map((role) => <option key={role} value={role}>{t.account.roles[role]}</option>)}</select>}</td>
            <td className="tabular">{words.available(user.credits.available)}<span className="muted small ops-sub">{words.held(user.credits.held)}, {words.spent(user.credits.settled)}</span></td>
            <td><Badge tone={user.disabled ? "bad" : "good"}>{user.disabled ? words.disabled : words.enabled}</Badge></td>
            {mayChange && <td><div className="row ops-buttons"><Button small icon="bolt" aria-label={words.grantOf(nameOf(user))} onClick={() => setAsked(user)}>{words.grant}</Button>
              {user.id !== me?.user.id && <Button small kind={user.disabled ? "plain" : "danger"} busy={busy === user.id} aria-label={user.disabled ? words.enableOf(nameOf(user)) : words.disableOf(nameOf(user))} onClick={() => void change(user, { disabled: !user.disabled })}>{user.disabled ? words.enable : words.disable}</Button>}</div></td>}
          </tr>))}</tbody>
      </table></div>
      {list.items.length > 0 && <Rest error={list.error} onRetry={list.again} />}
      {list.hasMore && list.error === null && <div className="center"><Button busy={list.loading} onClick={list.more}>{t.common.loadMore}</Button></div>}
      {asked === "new" && <NewUser onDone={put} onClose={() => setAsked(null)} />}
      {asked !== null && asked !== "new" && <Grant user={asked} onDone={(user) => { put(user); void readMe().catch(() => undefined); }} onClose={() => setAsked(null)} />}
    </section>
  );
}
