import { useEffect } from "react";
import { path, request } from "../api/http";
import type { Project } from "../api/types";
import { Store } from "../core/store";
import { useSlice } from "../ui/useStore";

/** What projects are called, as far as this page knows. */
const titles = new Store<ReadonlyMap<string, string>>(new Map());

/** Some were read: their titles need not be asked for again. */
export function titlesAre(projects: readonly Pick<Project, "name" | "title">[]): void {
  const now = titles.get();
  if (projects.some(({ name, title }) => now.get(name) !== title)) titles.set(new Map([...now, ...projects.map(({ name, title }) => [name, title] as const)]));
}

/** A project's title; its name until that is known. */
export function useTitle(project: string | null): string | null {
  const title = useSlice(titles, (known) => (project === null ? undefined : known.get(project)));
  useEffect(() => {
    if (project === null || titles.get().has(project)) return;
    void request<Project>("GET", path`/api/v1/projects/${project}`).then(({ value }) => titlesAre([value]), () => undefined);
  }, [project]);
  return title ?? project;
}
