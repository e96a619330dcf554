import Logging
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem
import Synchronization

/// Brings back what dead workers held: jobs whose lease ran out, and messages taken and never claimed.
///
/// Every gateway may run one: the store hands each expired lease to one of them, and returning a message twice finds
/// nothing the second time.
final class Recovery: Service {
    /// How the recovery works.
    struct Pace: Sendable {
        /// The time between two looks.
        var interval: Duration = .seconds(2)
        /// How long after its last sign of life a worker counts as gone.
        var workerSilence: Duration = .seconds(20)
        /// Jobs brought back at a time.
        var batch = 200
        /// Looks that must have succeeded in a row before silence is taken for death: while PostgreSQL was away no worker
        /// could give a sign of life.
        var calmLooks = 5
        /// Looks that must have succeeded since PostgreSQL was away before an expired lease is taken for a lost worker: while
        /// it was away nobody could renew, and living workers get the time to do so first.
        var leaseLooks = 3
        /// How long a job waits after its worker was lost.
        var retry = RetryPolicy()
    }

    private let jobs: JobStore
    private let workers: WorkerStore
    private let gateways: GatewayStore
    private let queue: TaskQueue
    private let queues: @Sendable () -> [String]
    private let announcer: EventAnnouncer
    private let dispatcher: Dispatcher
    private let onRecovered: @Sendable ([RecoveredJob]) async -> Void
    private let pace: Pace
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let calm = Mutex(0)
    /// A gateway that starts counts as one that saw an outage: it may have been one that ended it.
    private let looksSinceOutage = Mutex(0)

    /// A recovery.
    init(
        jobs: JobStore, workers: WorkerStore, gateways: GatewayStore, queue: TaskQueue,
        queues: @escaping @Sendable () -> [String],
        announcer: EventAnnouncer, dispatcher: Dispatcher,
        onRecovered: @escaping @Sendable ([RecoveredJob]) async -> Void = { _ in }, pace: Pace = Pace(),
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.jobs = jobs
        self.workers = workers
        self.gateways = gateways
        self.queue = queue
        self.queues = queues
        self.announcer = announcer
        self.dispatcher = dispatcher
        self.onRecovered = onRecovered
        self.pace = pace
        self.clock = clock
        self.logger = logger
    }

    /// Looks until the task is cancelled or the process is asked to stop.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.look()
                try? await self.clock.sleep(for: self.pace.interval)
            }
        }
    }

    /// One look: expired leases, then the lists of workers that are gone. Faults are told, never thrown: the next look
    /// makes up for them.
    func look() async {
        let begun = ContinuousClock.now
        do {
            let isTrusted = looksSinceOutage.withLock { looks in
                defer { looks = min(looks + 1, pace.leaseLooks) }
                return looks >= pace.leaseLooks
            }
            // Either of them throws while PostgreSQL is away; the first also where it waited for PostgreSQL to come back.
            if isTrusted { try await returnExpiredLeases(calmSince: begun) } else { _ = try await workers.list() }
            let stopped = try await jobs.stopLeftParts()
            if stopped > 0 {
                logger.info("parts of jobs that have ended were stopped", metadata: ["count": "\(stopped)"])
            }
            let looks = calm.withLock { looks in
                looks = min(looks + 1, pace.calmLooks)
                return looks
            }
            if looks == pace.calmLooks { try await returnMessages() }
        } catch is CancellationError {
            return
        } catch let error as RedisError {
            logger.debug("the recovery waits for Redis", error: error)
        } catch {
            looksSinceOutage.withLock { $0 = 0 }
            let wasCalm = calm.withLock { looks in
                defer { looks = 0 }
                return looks > 0
            }
            if wasCalm { logger.warning("the recovery cannot read jobs", error: error) }
        }
    }

    private func returnExpiredLeases(calmSince: ContinuousClock.Instant) async throws {
        var found = 0
        repeat {
            let delay = pace.retry.delay(afterFailures: 1, jitter: Double.random(in: 0..<1))
            let returned = try await jobs.returnExpiredLeases(
                limit: pace.batch, retryDelay: delay, calmSince: calmSince)
            found = returned.count
            guard found > 0 else { break }
            for job in returned {
                logger.warning(
                    "a worker was lost",
                    metadata: [
                        LogKey.job: "\(job.claim.job)", LogKey.attempt: "\(job.claim.attempt)",
                        LogKey.worker: "\(job.worker)",
                        "then": "\(Self.name(of: job.end))",
                    ])
            }
            await announcer.announce()
            dispatcher.lookAgain()
            await onRecovered(returned)
        } while found == pace.batch
    }

    private func returnMessages() async throws {
        let holders = try await queue.workersWithMessages()
        guard !holders.isEmpty else { return }
        let alive = Set(
            try await workers.list()
                .filter { $0.state != .stopped && $0.silence < pace.workerSilence }
                .map(\.registration.id)
        ).union(try await gateways.alive(within: pace.workerSilence))
        for worker in holders where !alive.contains(worker) {
            let count = try await queue.restoreProcessing(of: worker, queues: queues())
            guard count > 0 else { continue }
            logger.notice(
                "messages of a worker that is gone are back on the runway",
                metadata: [LogKey.worker: "\(worker)", "messages": "\(count)"])
        }
    }

    private static func name(of end: AttemptEnd) -> String {
        switch end {
        case .succeeded: "succeeded"
        case .queued: "queued"
        case .failed: "failed"
        case .cancelled: "cancelled"
        }
    }
}
