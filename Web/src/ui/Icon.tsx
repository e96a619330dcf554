const paths = {
  add: "M12 5v14M5 12h14", close: "M6 6l12 12M18 6L6 18", check: "M5 12.5l4.5 4.5L19 7", search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.5 4.5",
  menu: "M4 7h16M4 12h16M4 17h16", more: "M5 11h2v2H5zM11 11h2v2h-2zM17 11h2v2h-2z", back: "M15 5l-7 7 7 7", forward: "M9 5l7 7-7 7", down: "M5 9l7 7 7-7", up: "M5 15l7-7 7 7",
  projects: "M4 6.5A1.5 1.5 0 0 1 5.5 5H9l2 2.5h7.5A1.5 1.5 0 0 1 20 9v8.5a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5z",
  canvas: "M4 5h6v5H4zM14 14h6v5h-6zM10 7.5h3.5a2 2 0 0 1 2 2V14", queue: "M4 6h16M4 12h10M4 18h7M17 15v6M14 18h6",
  takes: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.5h4M4 14.5h4M16 9.5h4M16 14.5h4", cut: "M6 7a2 2 0 1 0 0-.01M6 17a2 2 0 1 0 0-.01M8 8.3L20 17M8 15.7L20 7",
  files: "M7 3.5h7l4 4V20a.5.5 0 0 1-.5.5h-10A.5.5 0 0 1 7 20zM14 3.5V8h4", settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 7m-2 0a2 2 0 1 0 4 0 2 2 0 1 0-4 0M9 17m-2 0a2 2 0 1 0 4 0 2 2 0 1 0-4 0",
  operations: "M4 19V9M10 19V5M16 19v-7M21 19H3", play: "M8 5.5v13l11-6.5z", pause: "M8 5v14M16 5v14", stop: "M7 7h10v10H7z", refresh: "M19 8a8 8 0 1 0 1 6M20 4v5h-5",
  undo: "M9 7L4 11.5 9 16M5 11.5h9a5.5 5.5 0 0 1 0 11", redo: "M15 7l5 4.5-5 4.5M19 11.5h-9a5.5 5.5 0 0 0 0 11", layout: "M4 4h6v6H4zM14 4h6v6h-6zM9 14h6v6H9z",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5", lock: "M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z", unlock: "M7 11V8a5 5 0 0 1 9.6-2M5.5 11h13v9h-13z",
  dice: "M5 5h14v14H5zM9 9h.01M15 15h.01M9 15h.01M15 9h.01M12 12h.01", upload: "M12 16V4M7 9l5-5 5 5M4 20h16", download: "M12 4v12M7 11l5 5 5-5M4 20h16",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13", copy: "M8 8h11v11H8zM5 16V5h11", note: "M5 5h14v10l-4 4H5zM15 19v-4h4", group: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M8 8h8v8H8z",
  star: "M12 4.5l2.4 5 5.4.7-4 3.8 1 5.4-4.8-2.7-4.8 2.7 1-5.4-4-3.8 5.4-.7z", circle: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z", warning: "M12 4.5l8.5 15h-17zM12 10v4M12 16.8h.01",
  info: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 11v5M12 8h.01", user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20a7.5 7.5 0 0 1 15 0", compare: "M12 4v16M5 7h4M5 12h4M5 17h4M15 7h4M15 12h4M15 17h4",
  full: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5", eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z", loop: "M17 3l3 3-3 3M4 11V9a3 3 0 0 1 3-3h13M7 21l-3-3 3-3M20 13v2a3 3 0 0 1-3 3H4",
  history: "M4.5 12a7.5 7.5 0 1 1 2.5 5.6M4 18v-4h4M12 8v4.5l3 1.8", video: "M4 6.5h11v11H4zM15 10.5l5-3v9l-5-3", image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01", audio: "M9 18V6l10-2v12M9 18a2.5 2 0 1 1-5 0 2.5 2 0 0 1 5 0zM19 16a2.5 2 0 1 1-5 0 2.5 2 0 0 1 5 0z",
  text: "M5 6V4.5h14V6M12 4.5v15M9 19.5h6", output: "M4 12h11M11 7l5 5-5 5M20 4v16", value: "M4 7h16M4 12h10M4 17h13", link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-6-5.8l-1 1M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 6 5.8l1-1",
  drag: "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01", clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.5l3 1.5", bolt: "M13 3L5 14h6l-1 7 8-11h-6z",
} as const;

/** The name of a drawing. */
export type IconName = keyof typeof paths;

/** A drawing beside a text; alone it says nothing to those who do not see it. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} fill="none" stroke="currentColor" strokeWidth="1.7" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
