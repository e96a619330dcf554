import QueueProtocol
import StudioPostgres
import StudioRedis
import Synchronization

/// Hands jobs straight to workers that have their models loaded and nothing to do with them.
///
/// It is a preference and no more: a job for which there is no such worker goes to its queue, and one that the worker does
/// not take at once, because it has become busy or died, has no message that counts and is put on the runway by the next
/// sweep.
final class WarmHandover: Sendable {
    private struct State {
        /// The functions whose models some worker had loaded when that was last looked at.
        var functions: Set<String> = []
        /// What was handed over so lately that the database may not show it running yet.
        var handed: [Pair: ContinuousClock.Instant] = [:]
    }

    private struct Pair: Hashable {
        var worker: WorkerID
        var function: String
    }

    /// How long after a handover a worker is not handed another job of the same function.
    private static let rest = Duration.seconds(1)

    private let runway: RunwayStore
    private let queue: TaskQueue
    private let silence: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - runway: Where workers and jobs are.
    ///   - queue: The way to the workers.
    ///   - silence: How long after its last sign of life a worker counts as gone.
    init(runway: RunwayStore, queue: TaskQueue, silence: Duration) {
        self.runway = runway
        self.queue = queue
        self.silence = silence
    }

    /// Takes in for which functions models are loaded somewhere; for others nothing is looked up.
    func note(_ functions: Set<String>) { state.withLock { $0.functions = functions } }

    /// Hands over what can be.
    ///
    /// - Parameter jobs: Jobs whose messages are to be sent.
    /// - Returns: Those that go to their queues, in the same order; all where PostgreSQL does not say who is free.
    /// - Throws: `RedisError`.
    func handOver(_ jobs: [RunwayJob]) async throws -> [RunwayJob] {
        let known = state.withLock { $0.functions }
        let wanted = Set(jobs.lazy.map(\.function).filter(known.contains))
        guard !wanted.isEmpty else { return jobs }
        guard var free = try? await runway.warmWorkers(of: wanted, silence: silence) else { return jobs }
        let now = ContinuousClock.now
        state.withLock { state in
            state.handed = state.handed.filter { now - $0.value < Self.rest }
            free.removeAll { state.handed[Pair(worker: $0.worker, function: $0.function)] != nil }
        }
        var (handed, others): ([(job: RunwayJob, worker: WorkerID)], [RunwayJob]) = ([], [])
        for job in jobs {
            let place = free.firstIndex { $0.function == job.function && $0.queues.contains(job.queue) }
            guard let place else {
                others.append(job)
                continue
            }
            handed.append((job, free[place].worker))
            // One at a time: a model makes one thing at a time, and a slot that was free is so no more.
            let worker = free[place].worker
            free.removeAll { $0.worker == worker }
        }
        guard !handed.isEmpty else { return others }
        try await queue.hand(handed.map { (Dispatcher.message($0.job), $0.worker) })
        state.withLock { state in
            for (job, worker) in handed { state.handed[Pair(worker: worker, function: job.function)] = now }
        }
        return others
    }
}
