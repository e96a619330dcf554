/** The list of projects and a project's settings. */
export const projects = {
  title: "Projects", create: "New project", search: "Search projects", showArchived: "Show archived",
  emptyTitle: "No project yet", emptyHint: "A project is a production: what its pictures are made from, its takes and its cut. Begin by making one.", emptyViewer: "You see the projects of your studio here. A producer makes them.",
  nothingFound: "No project matches", nothingFoundHint: "Look for another name, or show archived projects too.",
  name: "Folder name", nameHint: "Letters, digits, - and _. It names the project's folder and cannot be changed later.",
  nameBad: "Begin with a letter or digit, then letters, digits, - and _; 63 at most.",
  titleField: "Title", description: "Description", quality: "Quality of new jobs",
  qualities: { low: "Low – fast drafts", standard: "Standard", high: "High – final pictures" },
  created: (when: string) => `Made ${when}`, archived: "Archived", paused: "Paused",
  createAction: "Create project", creating: "Creating…", made: (title: string) => `${title} is ready`,
  settings: "Project settings", saved: "Settings saved",
  archive: "Archive project", restore: "Bring back", pause: "Pause project", resume: "Go on",
  archiveHint: "It becomes read-only and is hidden from lists. Nothing on disk is deleted.",
  archiveAsk: (title: string) => `Archive ${title}?`, pauseHint: "None of its jobs is started; what runs goes on.",
  changedElsewhere: "Somebody changed these settings meanwhile. Yours are still here; look at both and save again.",
  theirs: (value: string) => `Somebody else set: ${value || "nothing"}`,
  work: "Its work",
};
