import FoundationEssentials
import Glibc
import Logging
import QueueProtocol
import StudioPostgres
import StudioRedis
import StudioSystem

/// Tells Celery's monitors what no worker could: that a job was cancelled between two attempts, or what became of one whose
/// worker was lost. Of all else the workers tell, in whose names this is told too.
struct MonitorNews: Sendable {
    let tasks: CeleryTaskStore
    let bus: CeleryBus
    let logger: Logger

    /// Jobs were cancelled while no worker had them. Faults are told, never thrown: a monitor keeps nothing.
    func cancelled(_ jobs: [JobID]) async {
        await tell(jobs) { job in .revoked(job.task, terminated: false) }
    }

    /// Jobs were taken from workers that were lost.
    func recovered(_ jobs: [RecoveredJob]) async {
        let ends = Dictionary(jobs.map { ($0.claim.job, $0.end) }, uniquingKeysWith: { $1 })
        let exception = PythonRepr.exception("WorkerLost", "the worker that ran this attempt stopped answering")
        await tell(jobs.map(\.claim.job)) { job in
            switch ends[job.job] {
            case .queued?: .retried(job.task, exception: exception)
            case .failed?: .failed(job.task, exception: exception)
            case .cancelled?: .revoked(job.task, terminated: true)
            case .succeeded?, nil: nil
            }
        }
    }

    private func tell(_ jobs: [JobID], _ event: (MonitoredJob) -> CeleryEvent?) async {
        do {
            let now = Date().timeIntervalSince1970
            for job in try await tasks.monitored(jobs) {
                guard let event = event(job) else { continue }
                // Monitors that order by this clock take a small time for an old one, and go by the other.
                try await bus.publish(
                    [StampedCeleryEvent(event, timestamp: now, clock: 1, pid: Int(getpid()))], from: job.node)
            }
        } catch {
            logger.debug("monitors are not told of jobs", error: error, metadata: ["jobs": "\(jobs.count)"])
        }
    }
}
