/** A folder name made of a title. */
export function nameOf(title: string): string {
  return title.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^[-_]+|-+$/g, "").toLowerCase().slice(0, 63);
}
