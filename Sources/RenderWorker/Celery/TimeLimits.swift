import QueueProtocol
import StudioPostgres
import Synchronization

/// How long jobs that begin from now on may run at most, by an operator's word for the tasks that they are.
final class TimeLimits: Sendable {
    /// Both limits of a task, in seconds; nil is none.
    struct Limit: Sendable, Hashable {
        var soft: Double?
        var hard: Double?

        /// The lesser of both: the studio's runs are asked to end when their time is over, and are killed where they do
        /// not, so that there is no other ending for a soft limit than for a hard one.
        var lesser: Double? { [soft, hard].compactMap { $0 }.min() }
    }

    private let limits = Mutex<[String: Limit]>([:])

    /// The limits of a task; both none where none were set.
    subscript(task: String) -> Limit {
        get { limits.withLock { $0[task] ?? Limit() } }
        set { limits.withLock { $0[task] = newValue.lesser == nil ? nil : newValue } }
    }

    /// A job with the lesser of its own time and that of its task, in whole seconds and not none.
    func applied(to job: ClaimedJob) -> ClaimedJob {
        let limit = limits.withLock { $0.isEmpty ? nil : $0[CeleryTaskFacts.name(of: job)]?.lesser }
        guard let limit else { return job }
        var job = job
        job.timeoutSeconds = min(job.timeoutSeconds, Int(min(limit.rounded(.up), 1e9)))
        return job
    }
}
