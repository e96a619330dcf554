import { useEffect, useId, useRef, type FormEvent, type ReactNode } from "react";
import { t } from "../strings";
import { Button, IconButton } from "./controls";
import { openLayer } from "./layers";

/** A window over the page: the browser keeps the focus in it, and gives it back. */
export function Dialog({ title, onClose, children, footer, wide, onSubmit, closable = true }: {
  title: ReactNode; onClose: () => void; children: ReactNode; footer?: ReactNode; wide?: boolean; onSubmit?: () => void; closable?: boolean;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement as HTMLElement | null;
    if (dialog && !dialog.open) {
      dialog.showModal();
      // Where something is filled in, there; else at what the dialog is about. The browser would take the closing button.
      const first = dialog.querySelector<HTMLElement>(".dialog-body :is(input:not([readonly], [type=hidden], [hidden]), textarea, select)") ?? dialog.querySelector<HTMLElement>(".dialog-foot :is(.button-primary, .button-danger):not(:disabled)");
      first?.focus();
    }
    const closeLayer = dialog ? openLayer(dialog) : undefined;
    return () => {
      closeLayer?.();
      dialog?.close();
      before?.focus?.();
    };
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit?.();
  };
  const content = (
    <>
      <header className="dialog-head">
        <h2 id={id}>{title}</h2>
        {closable && <IconButton icon="close" label={t.common.close} onClick={onClose} />}
      </header>
      <div className="dialog-body">{children}</div>
      {footer && <footer className="dialog-foot">{footer}</footer>}
    </>
  );
  return (
    <dialog ref={ref} className={`dialog ${wide ? "dialog-wide" : ""}`} aria-labelledby={id}
      onCancel={(event) => { event.preventDefault(); if (closable) onClose(); }}
      // Of two cancels in a row browsers let only the first be refused: where there is no way out the key asks for none.
      onKeyDown={(event) => { event.stopPropagation(); if (!closable && event.key === "Escape") event.preventDefault(); }}
      onClose={(event) => {
        if (event.target !== ref.current) return;
        if (closable) onClose(); else ref.current.showModal();
      }}
      onPointerDown={(event) => { if (closable && event.target === ref.current) onClose(); }}>
      {onSubmit ? <form onSubmit={submit} noValidate>{content}</form> : <div className="dialog-whole">{content}</div>}
    </dialog>
  );
}

/** Asks before something that cannot be taken back easily. */
export function Confirm({ title, children, action, danger, busy, onConfirm, onClose }: {
  title: string; children?: ReactNode; action: string; danger?: boolean; busy?: boolean; onConfirm: () => void; onClose: () => void;
}) {
  return (
    <Dialog title={title} onClose={onClose} onSubmit={onConfirm} footer={
      <>
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button kind={danger ? "danger" : "primary"} type="submit" busy={busy} autoFocus>{action}</Button>
      </>
    }>{children}</Dialog>
  );
}
