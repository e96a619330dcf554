import { useState } from "react";
import { request } from "../api/http";
import { ApiError } from "../api/problems";
import { session, signedIn, signOut } from "../api/session";
import { t } from "../strings";
import { Button, Check, TextField } from "../ui/controls";
import { Dialog } from "../ui/Dialog";
import { explain } from "../ui/states";

interface Login { accessToken: string; tokenType: string; expiresAt: string }

function useSignIn(fixedEmail: string | null, wasKept: boolean) {
  const [email, setEmail] = useState(fixedEmail ?? "");
  const [password, setPassword] = useState("");
  const [keep, setKeep] = useState(wasKept);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      const { value } = await request<Login>("POST", "/api/v1/auth/login", { body: { email: email.trim(), password } });
      signedIn(email.trim(), value.accessToken, value.expiresAt, keep);
    } catch (problem) {
      const code = problem instanceof ApiError ? problem.code : "";
      setError(code === "unauthenticated" ? t.account.wrong : code === "rate-limited" ? t.account.throttled : explain(problem));
      setBusy(false);
    }
  };
  const fields = (
    <>
      {error && <p className="form-error" role="alert">{error}</p>}
      <TextField label={t.account.email} type="email" name="email" autoComplete="username" value={email} readOnly={fixedEmail !== null} required autoFocus={fixedEmail === null} onChange={(event) => setEmail(event.target.value)} />
      <TextField label={t.account.password} type="password" name="password" autoComplete="current-password" value={password} required autoFocus={fixedEmail !== null} onChange={(event) => setPassword(event.target.value)} />
      <Check label={t.account.keep} checked={keep} onChange={setKeep} />
    </>
  );
  return { fields, busy, submit, isReady: email.trim() !== "" && password !== "" };
}

/** The first page of all. */
export function SignIn() {
  const { fields, busy, submit, isReady } = useSignIn(null, true);
  return (
    <main className="sign-in">
      <form className="sign-in-card" onSubmit={(event) => { event.preventDefault(); if (isReady) void submit(); }}>
        <img src="/web/icon.svg" alt="" width={48} height={48} />
        <h1>{t.common.appName}</h1>
        <p className="muted">{t.account.intro}</p>
        {fields}
        <Button kind="primary" type="submit" busy={busy} disabled={!isReady}>{t.account.signIn}</Button>
      </form>
    </main>
  );
}

/** Over everything, when the token has ended: what was being done stays and goes on. */
export function SignInAgain() {
  const value = session.get();
  const email = value.state === "expired" ? value.email : null;
  const { fields, busy, submit, isReady } = useSignIn(email, value.state === "expired" && value.wasKept);
  return (
    <Dialog title={t.account.expiredTitle} onClose={() => undefined} closable={false} onSubmit={() => { if (isReady) void submit(); }} footer={
      <>
        <Button onClick={signOut}>{t.account.otherPerson}</Button>
        <Button kind="primary" type="submit" busy={busy} disabled={!isReady}>{t.account.signIn}</Button>
      </>
    }>
      <p className="muted">{t.account.expiredHint}</p>
      {fields}
    </Dialog>
  );
}
