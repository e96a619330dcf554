import { Store } from "../core/store";

/** What a person sets for this browser. */
export interface Settings { theme: "system" | "dark" | "light"; wheel: "zoom" | "pan"; snap: boolean; minimap: boolean }

const key = "studio.settings";
const standard: Settings = { theme: "system", wheel: "zoom", snap: true, minimap: true };

function read(): Settings {
  try { return { ...standard, ...(JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<Settings>) }; } catch { return standard; }
}

/** The settings of this browser. */
export const settings = new Store<Settings>(read());

/** Changes some of them. */
export function setSettings(change: Partial<Settings>): void {
  settings.update((value) => ({ ...value, ...change }));
  try { localStorage.setItem(key, JSON.stringify(settings.get())); } catch { /* Full: they hold as long as the page is there. */ }
}

/** Puts the theme on the page, now and when it changes. */
export function applyTheme(): void {
  const apply = () => {
    const { theme } = settings.get();
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };
  settings.subscribe(apply);
  apply();
}
