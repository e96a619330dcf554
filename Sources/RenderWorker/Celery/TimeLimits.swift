import StudioPostgres
import Synchronization

/// How long jobs that begin from now on may run at most, by an operator's word.
final class TimeLimits: Sendable {
    private let limits = Mutex<(soft: Double?, hard: Double?)>((nil, nil))

    /// Both limits, in seconds.
    var current: (soft: Double?, hard: Double?) { limits.withLock { $0 } }

    /// Sets both limits, in seconds; nil is none.
    func set(soft: Double?, hard: Double?) { limits.withLock { $0 = (soft, hard) } }

    /// A job with the lesser of its own time and the lesser limit, in whole seconds and not none.
    ///
    /// The studio's runs are asked to end when their time is over, and are killed where they do not: there is no other
    /// ending for a soft limit than for a hard one.
    func applied(to job: ClaimedJob) -> ClaimedJob {
        let (soft, hard) = current
        guard let limit = [soft, hard].compactMap({ $0 }).min() else { return job }
        var job = job
        job.timeoutSeconds = min(job.timeoutSeconds, Int(min(limit.rounded(.up), 1e9)))
        return job
    }
}
