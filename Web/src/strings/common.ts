/** Words that every page uses. */
export const common = {
  appName: "Generative Media Studio",
  shortName: "Studio",
  save: "Save", cancel: "Cancel", close: "Close", remove: "Remove", rename: "Rename", retry: "Try again", open: "Open",
  back: "Back", more: "More", loadMore: "Load more", search: "Search", none: "None", all: "All", yes: "Yes", no: "No", done: "Done",
  undo: "Undo", copy: "Copy", copied: "Copied", download: "Download", upload: "Upload", refresh: "Refresh", details: "Details",
  loading: "Loading…",
  credits: (count: number) => `${count.toLocaleString()} ${count === 1 ? "credit" : "credits"}`,
  skip: "Skip to content",
  goneWrong: "This did not work",
  partMissing: "This part of the page could not be fetched",
  partMissingHint: "The connection was gone for too long, or the studio has a newer page by now. Load the page again; what you have not saved is brought back.",
  loadAgain: "Load again",
  pageBroke: "This part of the page has failed",
  pageBrokeHint: "Nothing that was saved is lost. Try again; if it fails once more, tell your administrator what you did.",
  requestId: (id: string) => `Request ${id}`,
  offlineTitle: "The studio cannot be reached",
  offlineHint: "What you see may be old. It comes back by itself; nothing you do is lost meanwhile.",
  reconnecting: "Reconnecting…",
  backOnline: "Connected again",
  liveOn: "Live", liveWaiting: "Reconnecting", liveOff: "Not live",
  notFoundTitle: "There is no such page",
  notFoundGo: "Go to the projects",
  notFoundHint: "The address may be old, or it is of another studio.",
  forbidden: "Your role does not allow this.",
  seconds: (count: number) => `${count} s`,
  ago: (text: string) => `${text} ago`,
  justNow: "just now",
  bytes: ["B", "kB", "MB", "GB", "TB"],
  size: (count: string, unit: string) => `${count} ${unit}`,
  spans: {
    days: (count: number) => `${count} d`, hours: (count: number) => `${count} h`, minutes: (count: number) => `${count} min`, seconds: (count: string | number) => `${count} s`,
    hoursMinutes: (hours: number, minutes: string) => `${hours} h ${minutes} min`, minutesSeconds: (minutes: number, seconds: string) => `${minutes} min ${seconds} s`,
  },
  signedOut: "You are signed out.",
};

/** Signing in and out. */
export const account = {
  signIn: "Sign in", signOut: "Sign out", email: "Email", password: "Password", keep: "Stay signed in on this device",
  intro: "Sign in to your studio", wrong: "The email or the password is wrong.",
  throttled: "Too many tries. Wait a moment, then try again.",
  expiredTitle: "Sign in again",
  expiredHint: "Your session has ended. What you were doing is still here and goes on as soon as you have signed in.",
  showPassword: "Show password", hidePassword: "Hide password",
  signedInAs: (name: string) => `Signed in as ${name}`,
  otherPerson: "Sign out and leave",
  account: "Account", theme: "Appearance", themeSystem: "As the system", themeDark: "Dark", themeLight: "Light",
  wheel: "Mouse wheel on the canvas", wheelZoom: "Zooms", wheelPan: "Moves",
  roles: { viewer: "Viewer", artist: "Artist", producer: "Producer", admin: "Administrator" },
  apiDocs: "API reference",
};

/** The way around. */
export const navigation = {
  label: "Main", projects: "Projects", canvas: "Canvas", queue: "Queue", takes: "Takes", cut: "Cut", files: "Files",
  settings: "Settings", operations: "Operations", allJobs: "All jobs", project: (title: string) => `Project ${title}`,
  menu: "Menu", switchProject: "All projects",
};
