import { useEffect, useState, type ReactNode } from "react";
import { connection } from "../api/connection";
import { signOut } from "../api/session";
import { t } from "../strings";
import { Icon, type IconName } from "../ui/Icon";
import { IconButton } from "../ui/controls";
import { onEscape } from "../ui/focusGrid";
import { MenuButton, type MenuItem } from "../ui/Menu";
import { useSlice, useStore } from "../ui/useStore";
import { may, useMe } from "./me";
import { linkTo, projectOf, type Place } from "./router";
import { settings, setSettings } from "./settings";
import { useTitle } from "./titles";

interface Way { icon: IconName; label: string; to: Place; pages: Place["page"][] }

function ways(project: string | null, isProducer: boolean): Way[][] {
  const own: Way[] = project === null ? [] : [
    { icon: "canvas", label: t.navigation.canvas, to: { page: "canvas", project, canvas: "main_canvas" }, pages: ["canvas", "graph"] },
    { icon: "takes", label: t.navigation.takes, to: { page: "takes", project, shot: null, take: null }, pages: ["takes"] },
    { icon: "cut", label: t.navigation.cut, to: { page: "cut", project, cut: null }, pages: ["cut"] },
    { icon: "queue", label: t.navigation.queue, to: { page: "queue", project }, pages: ["queue"] },
    { icon: "files", label: t.navigation.files, to: { page: "files", project, path: "" }, pages: ["files"] },
    { icon: "settings", label: t.navigation.settings, to: { page: "settings", project }, pages: ["settings"] },
  ];
  const all: Way[] = [
    { icon: "projects", label: t.navigation.projects, to: { page: "projects" }, pages: ["projects"] },
    ...(project === null ? [{ icon: "queue", label: t.navigation.allJobs, to: { page: "jobs" }, pages: ["jobs"] } as Way] : []),
    ...(isProducer ? [{ icon: "operations", label: t.navigation.operations, to: { page: "operations", tab: "overview" }, pages: ["operations"] } as Way] : []),
  ];
  return project === null ? [all] : [all.slice(0, 1), own, all.slice(1)];
}

function userItems(signedIn: string): MenuItem[] {
  const { theme, wheel } = settings.get();
  const themes = [["system", t.account.themeSystem], ["dark", t.account.themeDark], ["light", t.account.themeLight]] as const;
  return [
    { label: signedIn, disabled: true, icon: "user", run: () => undefined }, null,
    ...themes.map(([value, label]): MenuItem => ({ label: `${t.account.theme}: ${label}`, checked: theme === value, run: () => setSettings({ theme: value }) })),
    null,
    { label: `${t.account.wheel}: ${t.account.wheelZoom}`, checked: wheel === "zoom", run: () => setSettings({ wheel: "zoom" }) },
    { label: `${t.account.wheel}: ${t.account.wheelPan}`, checked: wheel === "pan", run: () => setSettings({ wheel: "pan" }) },
    null,
    { label: t.account.apiDocs, icon: "info", run: () => { open("/docs", "_blank", "noopener"); } },
    { label: t.account.signOut, icon: "back", run: signOut },
  ];
}

function Live() {
  const { events } = useStore(connection);
  if (events === "off") return null;
  const isOpen = events === "open";
  return <span className={`live ${isOpen ? "live-on" : "live-waits"}`} title={isOpen ? t.common.liveOn : t.common.liveWaiting}><i aria-hidden="true" /><span>{isOpen ? t.common.liveOn : t.common.liveWaiting}</span></span>;
}

function OfflineBanner() {
  const isOffline = useSlice(connection, (value) => !value.requests || value.events === "waiting");
  const [shown, setShown] = useState(false);
  useEffect(() => {
    // A connection that is back within a moment is not worth a word.
    const timer = setTimeout(() => setShown(isOffline), isOffline ? 1200 : 0);
    return () => clearTimeout(timer);
  }, [isOffline]);
  return (
    <div role="status" aria-live="polite">
      {shown && <div className="offline"><Icon name="warning" size={16} /><strong>{t.common.offlineTitle}</strong><span>{t.common.offlineHint}</span></div>}
    </div>
  );
}

/** The frame around every page: the way around, who one is, how the connection stands. */
export function Shell({ at, children }: { at: Place; children: ReactNode }) {
  const me = useMe();
  const [isOpen, setOpen] = useState(false);
  const project = projectOf(at);
  const title = useTitle(project);
  useEffect(() => setOpen(false), [at]);
  return (
    <div className={`shell ${isOpen ? "shell-open" : ""}`} onKeyDown={isOpen ? onEscape(() => { setOpen(false); document.querySelector<HTMLElement>(".top-menu")?.focus(); }) : undefined}>
      <a className="skip" href="#content" onClick={(event) => { event.preventDefault(); document.getElementById("content")?.focus(); }}>{t.common.skip}</a>
      <header className="top">
        <IconButton icon="menu" label={t.navigation.menu} className="top-menu" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)} />
        <a className="brand" aria-label={t.common.shortName} href={linkTo({ page: "projects" })}><img src="/web/icon.svg" alt="" width={24} height={24} /><span>{t.common.shortName}</span></a>
        {project && <nav className="crumbs" aria-label={t.navigation.project(project)}><span aria-hidden="true">/</span><a href={linkTo({ page: "canvas", project, canvas: "main_canvas" })} title={project}>{title}</a></nav>}
        <div className="top-right">
          <Live />
          {me && <span className="credits" title={t.common.credits(me.credits.available)}><Icon name="bolt" size={15} />{me.credits.available.toLocaleString()}<span className="unseen">{t.common.credits(me.credits.available).replace(/^\S+ /, "")}</span></span>}
          <MenuButton label={t.account.account} items={() => userItems(me ? t.account.signedInAs(me.user.displayName || me.user.email) : t.account.account)}><Icon name="user" /></MenuButton>
        </div>
      </header>
      <nav className="ways" aria-label={t.navigation.label}>
        {ways(project, may(me, "producer")).map((group, index) => (
          <ul key={index}>{group.map((way) => (
            <li key={way.label}><a href={linkTo(way.to)} aria-current={way.pages.includes(at.page) ? "page" : undefined}><Icon name={way.icon} size={20} /><span>{way.label}</span></a></li>
          ))}</ul>
        ))}
      </nav>
      {isOpen && <div className="ways-shade" onClick={() => setOpen(false)} />}
      <div className="main-column">
        <OfflineBanner />
        <main id="content" tabIndex={-1} className={`content content-${at.page}`}>{children}</main>
      </div>
    </div>
  );
}
