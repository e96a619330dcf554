import { may, useMe } from "../app/me";
import { linkTo } from "../app/router";
import { Actions } from "../operations/Actions";
import { DeadMessages, FailedJobs } from "../operations/Failed";
import { Limits } from "../operations/Limits";
import { Overview } from "../operations/Overview";
import { People } from "../operations/People";
import { Queues } from "../operations/Queues";
import { useWorkersLive, Workers } from "../operations/Workers";
import { t } from "../strings";
import { Empty, Skeleton } from "../ui/states";

const forProducers = ["overview", "workers", "queues", "people", "failed"] as const;
const forAdministrators = [...forProducers, "audit", "messages", "limits"] as const;

/** What administrators look at and do; producers see how the work of their tenant goes. */
export default function OperationsPage({ tab }: { tab: string }) {
  const me = useMe();
  const isAllowed = may(me, "producer");
  const tabs = may(me, "admin") ? forAdministrators : forProducers;
  const at = tabs.find((one) => one === tab) ?? "overview";
  const workers = useWorkersLive(isAllowed && (at === "overview" || at === "workers"));
  if (me === null) return <div className="page"><Skeleton count={4} /></div>;
  if (!isAllowed) return <div className="page"><Empty icon="lock" title={t.operations.notAllowed} hint={t.operations.notAllowedHint} /></div>;
  return (
    <div className="page operations">
      <header className="page-head"><h1>{t.operations.title}</h1></header>
      <nav className="tabs" aria-label={t.operations.tabsLabel}>{tabs.map((one) => <a key={one} href={linkTo({ page: "operations", tab: one })} aria-current={one === at ? "page" : undefined}>{t.operations.tabs[one]}</a>)}</nav>
      <div className="operations-body">
        {at === "overview" ? <Overview workers={workers.value ?? []} /> : at === "workers" ? <Workers read={workers} /> : at === "queues" ? <Queues /> : at === "people" ? <People /> : at === "failed" ? <FailedJobs /> : at === "audit" ? <Actions /> : at === "messages" ? <DeadMessages /> : <Limits />}
      </div>
    </div>
  );
}
