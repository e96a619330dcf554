import QueueProtocol
import StudioPostgres
import Synchronization

/// The attempts this worker runs now: what the heartbeat renews, and what a cancel, a lost lease, a deadline or a stop
/// reaches.
final class RunningAttempts: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Run {
        let stop: RunStop
        /// When the job's time is over, by the monotonic clock.
        let deadline: Instant
        /// Whether its lease is not renewed any more.
        var isGivenUp = false
    }

    private struct State {
        var runs: [AttemptKey: Run] = [:]
        /// Cancels that came before the attempt they are for was known here, the oldest first.
        var earlyCancels: [AttemptKey] = []
    }

    /// How many cancels that are for nobody here are remembered.
    private static let earlyCancelsKept = 64

    private let state = Mutex(State())

    /// Takes an attempt in.
    ///
    /// - Parameters:
    ///   - key: The attempt.
    ///   - deadline: When the job's time is over; default never.
    /// - Returns: What asks it to end.
    func begin(_ key: AttemptKey, deadline: Instant? = nil) -> RunStop {
        let stop = RunStop()
        let isCancelled = state.withLock { state in
            state.runs[key] = Run(stop: stop, deadline: deadline ?? .now.advanced(by: .seconds(1 << 40)))
            guard let early = state.earlyCancels.firstIndex(of: key) else { return false }
            state.earlyCancels.remove(at: early)
            return true
        }
        if isCancelled { stop.stop(.cancelled) }
        return stop
    }

    /// The attempt is over, its state written or given up.
    func end(_ key: AttemptKey) {
        state.withLock { _ = $0.runs.removeValue(forKey: key) }
    }

    /// What the heartbeat renews.
    var claims: [HeldClaim] {
        state.withLock { state in
            state.runs.compactMap { $1.isGivenUp ? nil : HeldClaim(job: $0.job, attempt: $0.attempt) }
        }
    }

    /// The jobs that attempts here work on.
    var held: [JobID] { state.withLock { $0.runs.keys.map(\.job) } }

    /// How many attempts run.
    var count: Int { state.withLock { $0.runs.count } }

    /// Asks attempts at a job to end.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - attempt: The attempt; nil means any.
    ///   - reason: Why.
    /// - Returns: Whether one runs here.
    @discardableResult
    func stop(_ job: JobID, attempt: Int? = nil, _ reason: StopReason) -> Bool {
        let found = state.withLock { state in
            let found = state.runs.filter { $0.key.job == job && (attempt == nil || $0.key.attempt == attempt) }
            if found.isEmpty, let attempt, reason == .cancelled {
                // Its claim may be on its way here.
                state.earlyCancels = state.earlyCancels.suffix(Self.earlyCancelsKept - 1)
                state.earlyCancels.append(AttemptKey(job: job, attempt: attempt))
            }
            return found.map(\.value.stop)
        }
        for stop in found { stop.stop(reason) }
        return !found.isEmpty
    }

    /// Asks all attempts to end.
    func stopAll(_ reason: StopReason) {
        for run in state.withLock({ Array($0.runs.values) }) { run.stop.stop(reason) }
    }

    /// Asks the attempts to end whose time is over.
    ///
    /// - Parameter now: The time.
    func stopOverdue(at now: Instant) {
        let overdue = state.withLock { $0.runs.values.filter { $0.deadline <= now }.map(\.stop) }
        for stop in overdue { stop.stop(.timedOut) }
    }

    /// Gives up the attempts that were asked to end and work on: their leases run out, and the jobs go on elsewhere.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - grace: How long an attempt may take to end.
    /// - Returns: Those that are given up by this.
    func giveUpIgnoring(at now: Instant, after grace: Duration) -> [AttemptKey] {
        state.withLock { state in
            let ignoring = state.runs.filter { !$1.isGivenUp && $1.stop.isIgnored(at: now, after: grace) }.map(\.key)
            for key in ignoring { state.runs[key]?.isGivenUp = true }
            return ignoring
        }
    }
}
