import { Store } from "../core/store";

/** Where in the page somebody is; it stands behind the `#`, so that the gateway sees one address only. */
export type Place =
  | { page: "projects" } | { page: "jobs" } | { page: "operations"; tab: string } | { page: "nowhere" }
  | { page: "canvas"; project: string; canvas: string } | { page: "graph"; project: string; take: string } | { page: "queue"; project: string } | { page: "takes"; project: string; shot: string | null; take: string | null }
  | { page: "cut"; project: string; cut: string | null } | { page: "files"; project: string; path: string } | { page: "settings"; project: string };

/** Reads an address. */
export function parsePlace(hash: string): Place {
  const parts = hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decode);
  const [first, project, page, ...rest] = parts;
  if (first === undefined || first === "projects") return { page: "projects" };
  if (first === "jobs") return { page: "jobs" };
  if (first === "operations") return { page: "operations", tab: project ?? "overview" };
  if (first !== "p" || !project) return { page: "nowhere" };
  switch (page) {
    case undefined: case "canvas": return { page: "canvas", project, canvas: rest[0] ?? "main_canvas" };
    case "graph": return rest[0] ? { page: "graph", project, take: rest[0] } : { page: "nowhere" };
    case "queue": return { page: "queue", project };
    case "takes": return { page: "takes", project, shot: rest[0] && rest[0] !== "-" ? rest[0] : null, take: rest[1] ?? null };
    case "cut": return { page: "cut", project, cut: rest[0] ?? null };
    case "files": return { page: "files", project, path: rest.join("/") };
    case "settings": return { page: "settings", project };
    default: return { page: "nowhere" };
  }
}

/** The address of a place. */
export function linkTo(place: Place): string {
  const join = (...parts: string[]) => `#/${parts.map(encodeURIComponent).join("/")}`;
  switch (place.page) {
    case "projects": case "nowhere": return join("projects");
    case "jobs": return join("jobs");
    case "operations": return join("operations", place.tab);
    case "canvas": return join("p", place.project, "canvas", place.canvas);
    case "graph": return join("p", place.project, "graph", place.take);
    case "takes": return join("p", place.project, "takes", ...(place.take ? [place.shot ?? "-", place.take] : place.shot ? [place.shot] : []));
    case "cut": return join("p", place.project, "cut", ...(place.cut ? [place.cut] : []));
    case "files": return join("p", place.project, "files", ...place.path.split("/").filter(Boolean));
    case "queue": case "settings": return join("p", place.project, place.page);
  }
}

function decode(part: string): string {
  try { return decodeURIComponent(part); } catch { return part; }
}

/** Where the person is. */
export const place = new Store<Place>({ page: "projects" });

/** Goes somewhere. */
export function go(to: Place, how: "push" | "replace" = "push"): void {
  if (how === "replace") {
    history.replaceState(null, "", linkTo(to));
    place.set(to);
  } else location.hash = linkTo(to);
}

/** Follows the address. */
export function followAddress(): void {
  const read = () => place.set(parsePlace(location.hash));
  addEventListener("hashchange", read);
  read();
}

/** The project somebody is in. */
export function projectOf(value: Place): string | null { return "project" in value ? value.project : null; }
