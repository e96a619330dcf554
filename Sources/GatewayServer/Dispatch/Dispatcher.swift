import FoundationEssentials
import Logging
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioRedis
import Synchronization

/// Puts queued jobs on the runway: at once what this gateway has just committed, and by a sweep everything else that is
/// queued, due and not pushed, whoever committed it.
///
/// PostgreSQL is the truth. What could not be pushed stays owed, so Redis being away delays jobs and loses none; pushing
/// twice is harmless, since a claim takes a job once.
final class Dispatcher: Service {
    /// How the dispatcher works.
    struct Pace: Sendable {
        /// The longest time between two sweeps.
        var sweep: Duration = .seconds(1)
        /// How long an admitted job is left to the gateway that admitted it. What became ready later, because another
        /// job succeeded or a worker gave it back, has no gateway that pushes it and is not left.
        var grace: Duration = .milliseconds(250)
        /// Jobs taken at a time.
        var batch = 500
        /// How long a pushed job may stand while its lists are empty before its message counts as lost.
        var stale: Duration = .seconds(10)
        /// Jobs that wait for the immediate push; more are left to the sweep.
        var freshLimit = 20_000
    }

    private struct State {
        /// Committed by this gateway, to be pushed at once.
        var fresh: [RunwayJob] = []
        /// Taken from the store as pushed, and not on the runway yet because Redis did not take them.
        var owed: [RunwayJob] = []
        var redisIsAway = false
        var storeIsAway = false
    }

    /// Who messages say they come from.
    static let origin = "gateway"

    private let jobs: JobStore
    private let queue: TaskQueue
    private let queues: @Sendable () -> [String]
    private let pace: Pace
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Date
    private let logger: Logger
    private let state = Mutex(State())
    private let freshBell = Bell()
    private let sweepBell = Bell()

    /// A dispatcher.
    ///
    /// - Parameters:
    ///   - database: Where the jobs are.
    ///   - queue: The runway.
    ///   - queues: The queues that are served, for finding lost messages.
    ///   - pace: How it works.
    ///   - clock: What the pauses between sweeps are measured with.
    ///   - now: The time of day, for jobs that are due later.
    ///   - logger: Where it tells of faults.
    init(
        database: Database, queue: TaskQueue, queues: @escaping @Sendable () -> [String], pace: Pace = Pace(),
        clock: any Clock<Duration> = ContinuousClock(), now: @escaping @Sendable () -> Date = { Date() }, logger: Logger
    ) {
        jobs = JobStore(database)
        self.queue = queue
        self.queues = queues
        self.pace = pace
        self.clock = clock
        self.now = now
        self.logger = logger
    }

    /// Hands over jobs that were just committed; returns at once. What is not to be started yet is left to the sweep.
    func dispatch(_ jobs: [AdmittedJob]) {
        let queued = jobs.filter { $0.state == .queued }
        // Whether its time has come is the database's to say, as it is for the claim: a gateway whose clock runs ahead
        // would push a message that no worker may claim yet.
        let due = queued.filter { $0.notBefore == nil }
        if due.count < queued.count { sweepBell.ring() }
        guard !due.isEmpty else { return }
        state.withLock { state in
            state.fresh += due.prefix(max(0, pace.freshLimit - state.fresh.count)).map(RunwayJob.init)
        }
        freshBell.ring()
    }

    /// Tells that jobs may have become ready, such as those that waited for one a worker has just finished: the sweep
    /// looks at once. However often it is told, one sweep is under way and one more is pending at most.
    func lookAgain() { sweepBell.ring() }

    /// Pushes until the task is cancelled or the process is asked to stop.
    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.pushFresh() }
            group.addTask { await self.sweepForever() }
            try? await gracefulShutdown()
            group.cancelAll()
        }
    }

    // MARK: What was just committed

    private func pushFresh() async {
        while !Task.isCancelled {
            await freshBell.wait()
            await pushFreshOnce()
        }
        // What was committed in the last moment is tried once more, in a task that is not cancelled; what does not go
        // then is found by the next gateway's sweep.
        await Task { await pushFreshOnce() }.value
    }

    private func pushFreshOnce() async {
        let batch = state.withLock { state in
            defer { state.fresh = [] }
            return state.fresh
        }
        guard !batch.isEmpty else { return }
        do {
            try await queue.push(batch.map(Self.message))
        } catch {
            // Not marked as pushed: the sweep finds them as soon as Redis is back.
            tellRedisIsAway(error)
            return
        }
        do {
            try await jobs.markPushed(batch)
        } catch {
            // They are on the runway; the sweep will push them again, which is harmless.
            logger.warning("pushed jobs could not be marked", error: error, metadata: ["jobs": "\(batch.count)"])
        }
    }

    // MARK: Everything else

    private func sweepForever() async {
        while !Task.isCancelled {
            await sweep()
            await sweepBell.wait(atMost: await pause(), clock: clock)
        }
    }

    /// One look at everything that is owed: a lost runway, jobs that could not be pushed, jobs nobody pushed.
    func sweep() async {
        do {
            let runway = try await queue.runway()
            if case .missing = runway {
                let count = try await jobs.forgetRunway()
                if count > 0 {
                    logger.notice("Redis lost the runway; it is laid again", metadata: ["jobs": "\(count)"])
                }
            } else {
                try await forgetLostMessages()
            }
            try await pushOwed()
            while try await pushBatch() == pace.batch {}
            if case .missing(let run) = runway { try await queue.markRunway(run) }
            tellAllIsWell()
        } catch let error as RedisError {
            tellRedisIsAway(error)
        } catch is CancellationError {
            return
        } catch {
            tellStoreIsAway(error)
        }
    }

    /// A message may be lost although Redis was never away: its gateway marked the job and died before the push, or its
    /// worker died between taking and claiming. Where all lists of a queue are empty, what has stood long enough is
    /// pushed again.
    private func forgetLostMessages() async throws {
        let depths = try await queue.depths(of: queues())
        let busy = Set(depths.filter { $0.count > 0 }.map(\.queue))
        let empty = Set(depths.map(\.queue)).subtracting(busy)
        guard !empty.isEmpty else { return }
        let count = try await jobs.forgetStaleRunway(olderThan: pace.stale, queues: empty.sorted())
        if count > 0 {
            logger.notice("messages were lost; their jobs are pushed again", metadata: ["jobs": "\(count)"])
        }
    }

    private func pushBatch() async throws -> Int {
        let batch = try await jobs.takeUnpushed(limit: pace.batch, olderThan: pace.grace)
        guard !batch.isEmpty else { return 0 }
        state.withLock { $0.owed += batch }
        try await pushOwed()
        return batch.count
    }

    private func pushOwed() async throws {
        let owed = state.withLock { $0.owed }
        guard !owed.isEmpty else { return }
        try await queue.push(owed.map(Self.message))
        state.withLock { $0.owed.removeFirst(owed.count) }
    }

    /// Until the next look: when something is due, and soon enough to find what other gateways left behind.
    private func pause() async -> Duration {
        guard !state.withLock({ $0.redisIsAway || $0.storeIsAway }), let due = try? await jobs.nextDue() else {
            return pace.sweep
        }
        let left = Duration.milliseconds(Int64((due.timeIntervalSince(now()) * 1000).rounded(.up)))
        return min(pace.sweep, max(left, .milliseconds(20)))
    }

    private static func message(_ job: RunwayJob) -> TaskMessage {
        .render(
            job: job.id, queue: job.queue, priority: TaskPriority(urgency: job.priority), traceparent: job.traceparent,
            origin: origin)
    }

    // MARK: Telling once

    private func tellRedisIsAway(_ error: any Error) {
        guard !Task.isCancelled else { return }
        let first = state.withLock { state in
            defer { state.redisIsAway = true }
            return !state.redisIsAway
        }
        if first { logger.warning("Redis does not take jobs; they wait in PostgreSQL", error: error) }
    }

    private func tellStoreIsAway(_ error: any Error) {
        guard !Task.isCancelled else { return }
        let first = state.withLock { state in
            defer { state.storeIsAway = true }
            return !state.storeIsAway
        }
        if first { logger.warning("the dispatcher cannot read jobs", error: error) }
    }

    private func tellAllIsWell() {
        let wasAway = state.withLock { state in
            defer { (state.redisIsAway, state.storeIsAway) = (false, false) }
            return state.redisIsAway || state.storeIsAway
        }
        if wasAway { logger.notice("jobs are dispatched again") }
    }
}
