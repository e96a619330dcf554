import { forwardRef, useId, type ButtonHTMLAttributes, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from "react";
import { Icon, type IconName } from "./Icon";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "primary" | "plain" | "quiet" | "danger";
  icon?: IconName;
  busy?: boolean;
  small?: boolean;
}

/** A button with words. */
export const Button = forwardRef<HTMLButtonElement, ButtonProps>(function Button(
  { kind = "plain", icon, busy, small, children, className, disabled, ...rest }, ref,
) {
  const classes = ["button", `button-${kind}`, small ? "button-small" : "", className ?? ""].filter(Boolean).join(" ");
  return (
    <button ref={ref} type="button" className={classes} disabled={disabled || busy} aria-busy={busy || undefined} {...rest}>
      {busy ? <span className="spinner" aria-hidden="true" /> : icon ? <Icon name={icon} size={16} /> : null}
      {children !== undefined && <span>{children}</span>}
    </button>
  );
});

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> { icon: IconName; label: string; pressed?: boolean; size?: number }

/** A button that is a drawing; the label is its name and its hint. */
export const IconButton = forwardRef<HTMLButtonElement, IconButtonProps>(function IconButton(
  { icon, label, pressed, size = 18, className, ...rest }, ref,
) {
  return (
    <button ref={ref} type="button" className={`icon-button ${className ?? ""}`} aria-label={label} title={label} aria-pressed={pressed} {...rest}>
      <Icon name={icon} size={size} />
    </button>
  );
});

/** A label, what it is for, and a hint or what is wrong below. */
export function Field({ label, hint, error, children, htmlFor }: {
  label: ReactNode; hint?: ReactNode; error?: ReactNode; children: ReactNode; htmlFor: string;
}) {
  return (
    <div className={`field ${error ? "field-bad" : ""}`}>
      <label htmlFor={htmlFor}>{label}</label>
      {children}
      {error ? <p className="field-error" id={`${htmlFor}-hint`}>{error}</p> : hint ? <p className="field-hint" id={`${htmlFor}-hint`}>{hint}</p> : null}
    </div>
  );
}

interface TextFieldProps extends InputHTMLAttributes<HTMLInputElement> { label: ReactNode; hint?: ReactNode; error?: ReactNode }

/** A line of text. */
export const TextField = forwardRef<HTMLInputElement, TextFieldProps>(function TextField({ label, hint, error, ...rest }, ref) {
  const made = useId();
  const id = rest.id ?? made;
  return (
    <Field label={label} hint={hint} error={error} htmlFor={id}>
      <input ref={ref} {...rest} id={id} aria-invalid={error ? true : undefined} aria-describedby={hint || error ? `${id}-hint` : undefined} />
    </Field>
  );
});

interface SelectFieldProps extends SelectHTMLAttributes<HTMLSelectElement> { label: ReactNode; hint?: ReactNode; options: readonly { value: string; label: string }[] }

/** One of several. */
export function SelectField({ label, hint, options, ...rest }: SelectFieldProps) {
  const made = useId();
  const id = rest.id ?? made;
  return (
    <Field label={label} hint={hint} htmlFor={id}>
      <select {...rest} id={id} aria-describedby={hint ? `${id}-hint` : undefined}>{options.map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}</select>
    </Field>
  );
}

/** Yes or no. */
export function Check({ label, checked, onChange, disabled }: { label: ReactNode; checked: boolean; onChange: (checked: boolean) => void; disabled?: boolean }) {
  return (
    <label className="check">
      <input type="checkbox" checked={checked} disabled={disabled} onChange={(event) => onChange(event.target.checked)} />
      <span>{label}</span>
    </label>
  );
}

/** How far something is, 0 to 1; without a number it is on its way. */
export function Progress({ value, label, tone = "accent" }: { value: number | null; label: string; tone?: "accent" | "good" | "bad" | "quiet" }) {
  const percent = value === null ? undefined : Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <div className={`progress progress-${tone}`} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
      <div className={percent === undefined ? "progress-unknown" : ""} style={{ width: percent === undefined ? "35%" : `${percent}%` }} />
    </div>
  );
}

/** A word on a ground of its colour. */
export function Badge({ tone = "quiet", children }: { tone?: "quiet" | "accent" | "good" | "warn" | "bad"; children: ReactNode }) {
  return <span className={`badge badge-${tone}`}>{children}</span>;
}
