import QueueProtocol
import StudioPostgres
import Synchronization

/// The attempts this worker runs now: what the heartbeat renews, and what a cancel, a lost lease or a stop reaches.
final class RunningAttempts: Sendable {
    private let stops = Mutex<[AttemptKey: RunStop]>([:])

    /// Takes an attempt in.
    ///
    /// - Returns: What asks it to end.
    func begin(_ key: AttemptKey) -> RunStop {
        let stop = RunStop()
        stops.withLock { $0[key] = stop }
        return stop
    }

    /// The attempt is over, its state written or given up.
    func end(_ key: AttemptKey) {
        stops.withLock { _ = $0.removeValue(forKey: key) }
    }

    /// What the heartbeat renews.
    var claims: [HeldClaim] {
        stops.withLock { $0.keys.map { HeldClaim(job: $0.job, attempt: $0.attempt) } }
    }

    /// The jobs that attempts here work on.
    var held: [JobID] { stops.withLock { $0.keys.map(\.job) } }

    /// How many attempts run.
    var count: Int { stops.withLock { $0.count } }

    /// Asks attempts at a job to end.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - attempt: The attempt; nil means any.
    ///   - reason: Why.
    /// - Returns: Whether one runs here.
    @discardableResult
    func stop(_ job: JobID, attempt: Int? = nil, _ reason: StopReason) -> Bool {
        let found = stops.withLock { stops in
            stops.filter { $0.key.job == job && (attempt == nil || $0.key.attempt == attempt) }.map(\.value)
        }
        for stop in found { stop.stop(reason) }
        return !found.isEmpty
    }

    /// Asks all attempts to end.
    func stopAll(_ reason: StopReason) {
        for stop in stops.withLock({ Array($0.values) }) { stop.stop(reason) }
    }
}
