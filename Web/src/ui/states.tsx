import { Component, type ReactNode } from "react";
import { ApiError } from "../api/problems";
import { t } from "../strings";
import { Button } from "./controls";
import { Icon, type IconName } from "./Icon";
import { PartMissing } from "./part";

/** Nothing is here, and what one can do about it: in a part of the page, or on all of it. */
export function Empty({ icon, title, hint, isPage, children }: { icon: IconName; title: string; hint?: ReactNode; isPage?: boolean; children?: ReactNode }) {
  return (
    <div className="empty">
      <span className="empty-icon"><Icon name={icon} size={28} /></span>
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      {hint && <p>{hint}</p>}
      {children && <div className="row">{children}</div>}
    </div>
  );
}

/** Grey shapes where things will be. */
export function Skeleton({ count = 6, shape = "card" }: { count?: number; shape?: "card" | "line" }) {
  return (
    <div className={`skeletons skeletons-${shape}`} role="status" aria-label={t.common.loading}>
      {Array.from({ length: count }, (_, index) => <div key={index} className="skeleton" />)}
    </div>
  );
}

/** Words a person can act on, of any error. */
export function explain(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.isOffline) return t.common.offlineTitle;
    const findings = error.findings.map((finding) => finding.detail).filter((detail) => detail !== error.message);
    return findings.length > 0 ? [...new Set(findings)].join(" ") : capital(error.message);
  }
  return error instanceof Error ? error.message : String(error);
}

/** A message of the gateway as a sentence. */
export function capital(text: string): string {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** What went wrong, and a way on. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <div className="failure" role="alert">
      <Icon name="warning" size={20} />
      <div>
        <p>{explain(error)}</p>
        {error instanceof ApiError && error.requestId && <p className="muted small">{t.common.requestId(error.requestId)}</p>}
        {onRetry && <Button small icon="refresh" onClick={onRetry}>{t.common.retry}</Button>}
      </div>
    </div>
  );
}

/** Below a list of which the rest could not be read. */
export function Rest({ error, onRetry }: { error: unknown; onRetry: () => void }) { return error === null ? null : <div className="rest"><Failure error={error} onRetry={onRetry} /></div>; }

/** Keeps a fault of one part from taking the page along. */
export class Boundary extends Component<{ children: ReactNode; name?: string }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) { return { error }; }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    // React remembers what it could not fetch: to try again is to load the page again.
    if (error instanceof PartMissing) return (
      <Empty isPage icon="warning" title={t.common.partMissing} hint={<>{t.common.partMissingHint} <span className="muted">{explain(error.reason)}</span></>}>
        <Button kind="primary" icon="refresh" onClick={() => location.reload()}>{t.common.loadAgain}</Button>
      </Empty>
    );
    return (
      <Empty icon="warning" title={t.common.pageBroke} hint={<>{t.common.pageBrokeHint} <span className="muted">{error.message}</span></>}>
        <Button kind="primary" icon="refresh" onClick={() => this.setState({ error: null })}>{t.common.retry}</Button>
      </Empty>
    );
  }
}
