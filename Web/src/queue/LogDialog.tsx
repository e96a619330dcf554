import { t } from "../strings";
import { Dialog } from "../ui/Dialog";
import { JobLog } from "./JobLog";

/** A job's log: all attempts, followed while the job runs. */
export function LogDialog({ job, onClose }: { job: string; onClose: () => void }) {
  return <Dialog title={t.queue.log} onClose={onClose} wide><JobLog job={job} /></Dialog>;
}
