import { Suspense, useEffect } from "react";
import { session } from "../api/session";
import { SignIn, SignInAgain } from "../pages/SignIn";
import { t } from "../strings";
import { Empty, Boundary, Skeleton } from "../ui/states";
import { part } from "../ui/part";
import { Toasts } from "../ui/toasts";
import { useSlice, useStore } from "../ui/useStore";
import { keepReadingMe } from "./me";
import { linkTo, place, projectOf, type Place } from "./router";
import { Shell } from "./Shell";

const ProjectsPage = part(() => import("../pages/Projects"));
const SettingsPage = part(() => import("../pages/ProjectSettings"));
const CanvasPage = part(() => import("../pages/CanvasPage"));
const GraphPage = part(() => import("../pages/Graph"));
const QueuePage = part(() => import("../pages/Queue"));
const TakesPage = part(() => import("../pages/Takes"));
const CutPage = part(() => import("../pages/Cut"));
const FilesPage = part(() => import("../pages/Files"));
const OperationsPage = part(() => import("../pages/Operations"));

function PageAt({ at }: { at: Place }) {
  switch (at.page) {
    case "projects": return <ProjectsPage />;
    case "jobs": return <QueuePage project={null} />;
    case "operations": return <OperationsPage tab={at.tab} />;
    case "canvas": return <CanvasPage key={`${at.project}/${at.canvas}`} project={at.project} canvas={at.canvas} />;
    case "graph": return <GraphPage key={at.take} project={at.project} take={at.take} />;
    case "queue": return <QueuePage key={at.project} project={at.project} />;
    case "takes": return <TakesPage key={at.project} project={at.project} shot={at.shot} take={at.take} />;
    case "cut": return <CutPage key={at.project} project={at.project} cut={at.cut} />;
    case "files": return <FilesPage key={at.project} project={at.project} path={at.path} />;
    case "settings": return <SettingsPage key={at.project} project={at.project} />;
    case "nowhere": return <Empty isPage icon="search" title={t.common.notFoundTitle} hint={t.common.notFoundHint}><a className="button button-primary" href={linkTo({ page: "projects" })}>{t.common.notFoundGo}</a></Empty>;
  }
}

/** The whole page. */
export function App() {
  const state = useSlice(session, (value) => value.state);
  const at = useStore(place);
  useEffect(() => (state === "in" ? keepReadingMe() : undefined), [state]);
  if (state === "out") return <><SignIn /><Toasts /></>;
  return (
    <>
      <Shell at={at}>
        <Boundary key={`${at.page}/${projectOf(at) ?? ""}`}>
          <Suspense fallback={<div className="page"><Skeleton /></div>}><PageAt at={at} /></Suspense>
        </Boundary>
      </Shell>
      {state === "expired" && <SignInAgain />}
      <Toasts />
    </>
  );
}
