import FoundationEssentials
import StudioPostgres
import Synchronization

/// How long jobs have been waiting, and how many workers there are to take them: what an operator is to be woken for. Asked of
/// PostgreSQL at most every ten seconds, however many scrape.
final class BacklogMetrics: Sendable {
    private struct Look {
        var at: ContinuousClock.Instant
        var load: [QueueLoad]
        var workers: [String: Int]
    }

    /// What a worker that has not stopped may be, in the words of `GET /api/v1/workers`.
    private static let states = ["serving", "draining", "lost"]

    private let jobs: JobStore
    private let workers: WorkerStore
    private let silence: Duration
    private let lifetime: Duration
    private let now: @Sendable () -> Date
    private let last = Mutex<Look?>(nil)

    /// What is told of jobs that wait and of workers.
    ///
    /// - Parameters:
    ///   - jobs: The jobs.
    ///   - workers: The workers.
    ///   - silence: How long after its last sign of life a worker counts as lost.
    ///   - lifetime: How long an answer is used again.
    ///   - now: The time that ages are reckoned to.
    init(
        jobs: JobStore, workers: WorkerStore, silence: Duration, lifetime: Duration = .seconds(10),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.jobs = jobs
        self.workers = workers
        self.silence = silence
        self.lifetime = lifetime
        self.now = now
    }

    /// What a scrape is told; nothing while PostgreSQL is away.
    ///
    /// - Parameter queues: The queues that are told of though nothing waits in them: an age of 0 is an answer, a gap is none.
    /// - Returns: The oldest age of every queue, and the workers by state.
    func families(queues: [String]) async -> [MetricsRegistry.Family] {
        guard let look = try? await look() else { return [] }
        let now = now()
        let waiting = Dictionary(uniqueKeysWithValues: look.load.map { ($0.queue, $0) })
        let ages = Set(queues).union(waiting.keys).sorted().map { queue in
            let age = waiting[queue]?.oldestReadyAt.map { max(0, now.timeIntervalSince($0)) }
            return MetricsRegistry.Sample(
                name: "studio_queue_oldest_seconds", labels: [("queue", queue)], value: age ?? 0)
        }
        let counts = Self.states.map { state in
            MetricsRegistry.Sample(
                name: "studio_workers", labels: [("state", state)], value: Double(look.workers[state] ?? 0))
        }
        return [
            .init(
                name: "studio_queue_oldest_seconds", help: "How long the oldest job that may start has waited.",
                kind: .gauge, samples: ages),
            .init(
                name: "studio_workers", help: "Workers that have not stopped, by state.", kind: .gauge, samples: counts),
        ]
    }

    private func look() async throws -> Look {
        if let last = last.withLock({ $0 }), last.at.duration(to: .now) < lifetime { return last }
        var counts: [String: Int] = [:]
        for worker in try await workers.list() {
            counts[WorkerDocument.state(of: worker, isSilent: worker.silence > silence), default: 0] += 1
        }
        let look = Look(at: .now, load: try await jobs.load(), workers: counts)
        last.withLock { $0 = look }
        return look
    }
}
