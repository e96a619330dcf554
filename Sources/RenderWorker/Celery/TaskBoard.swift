import FoundationEssentials
import QueueProtocol
import StudioPostgres
import StudioRedis
import Synchronization

/// What this worker has taken, runs and has run, as Celery's programs ask for it.
final class TaskBoard: Sendable {
    /// A job that runs here.
    final class Running: Sendable {
        let job: ClaimedJob
        let startedAt: Date
        let began: ContinuousClock.Instant
        private let toldAt = Mutex<ContinuousClock.Instant?>(nil)

        init(_ job: ClaimedJob) {
            self.job = job
            startedAt = Date()
            began = .now
        }

        /// Whether so much time has passed since this was asked with that answer.
        func isDue(after interval: Duration, at now: ContinuousClock.Instant = .now) -> Bool {
            toldAt.withLock { told in
                if let told, told.advanced(by: interval) > now { return false }
                told = now
                return true
            }
        }
    }

    private struct State {
        var reserved: [ReservedTask] = []
        var running: [AttemptKey: Running] = [:]
        var counts: [String: Int] = [:]
    }

    private let state = Mutex(State())

    /// Notes what was taken from the queues and is not claimed yet, in the place of what was noted before.
    func reserve(_ tasks: [ReservedTask]) { state.withLock { $0.reserved = tasks } }

    /// A job begins.
    func begin(_ job: ClaimedJob) {
        let running = Running(job)
        state.withLock {
            $0.running[AttemptKey(job: job.id, attempt: job.attempt)] = running
            $0.counts[CeleryTaskFacts.name(of: job), default: 0] += 1
        }
    }

    /// A job is over.
    ///
    /// - Returns: What was noted of it; nil where nothing is.
    @discardableResult
    func end(_ key: AttemptKey) -> Running? { state.withLock { $0.running.removeValue(forKey: key) } }

    /// A job that runs here; nil where it does not.
    subscript(key: AttemptKey) -> Running? { state.withLock { $0.running[key] } }

    /// What was taken and does not run yet.
    var reserved: [ReservedTask] { state.withLock { $0.reserved } }

    /// What runs, the oldest first.
    var running: [Running] { state.withLock { Array($0.running.values) }.sorted { $0.began < $1.began } }

    /// How many jobs run.
    var runningCount: Int { state.withLock { $0.running.count } }

    /// How many jobs were begun, by the names of their tasks.
    var counts: [String: Int] { state.withLock { $0.counts } }
}
