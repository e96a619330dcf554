import Logging
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioRedis
import Synchronization

/// Puts queued jobs on the runway: at once what was just committed and has nothing ahead of it, and from the backlog in the
/// studio's order whenever there is room.
///
/// PostgreSQL is the truth. Jobs are marked as pushed before their messages are sent; what was marked and not sent is found
/// by the sweep. So Redis being away delays jobs and loses none, and pushing twice is harmless, since a claim takes a job
/// once.
final class Dispatcher: Service {
    /// How the dispatcher works.
    struct Pace: Sendable {
        /// The longest time between two sweeps.
        var sweep: Duration = .seconds(1)
        /// How long a pushed job may stand without a message before it is pushed again.
        var stale: Duration = .seconds(1)
        /// The sweep that looks into the messages themselves, however many there are: every so many.
        var thorough = 30
        /// Jobs whose time has come, made ready at a time.
        var batch = 1000
        /// How long after its last sign of life a worker counts as gone.
        var workerSilence: Duration = .seconds(20)
    }

    private struct State {
        /// Committed as pushed, and not on the runway yet; bounded by the room there was for them.
        var owed: [RunwayJob] = []
        var sweepIsDue = true
        var sweeps = 0
        var redisIsAway = false
        var storeIsAway = false
    }

    /// Who messages say they come from.
    static let origin = "gateway"

    /// Whether a new job goes to the runway at once.
    let room: RunwayRoom
    let runway: RunwayStore
    let queue: TaskQueue
    private let warm: WarmHandover
    let queues: @Sendable () -> [String]
    private let pace: Pace
    private let clock: any Clock<Duration>
    let logger: Logger
    private let state = Mutex(State())
    private let pushBell = Bell()
    private let fillBell = Bell()

    /// A dispatcher.
    ///
    /// - Parameters:
    ///   - database: Where the jobs are; a connection of its own, which waits while another gateway decides.
    ///   - queue: The runway.
    ///   - queues: The queues that functions name.
    ///   - pace: How it works.
    ///   - measure: How long the runway is made.
    ///   - clock: What the pauses between sweeps are measured with.
    ///   - logger: Where it tells of faults.
    init(
        database: Database, queue: TaskQueue, queues: @escaping @Sendable () -> [String], pace: Pace = Pace(),
        measure: RunwayRoom.Measure = RunwayRoom.Measure(), clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        room = RunwayRoom(measure: measure)
        runway = RunwayStore(database)
        self.queue = queue
        warm = WarmHandover(runway: runway, queue: queue, silence: pace.workerSilence)
        self.queues = queues
        self.pace = pace
        self.clock = clock
        self.logger = logger
    }

    /// Hands over jobs that were just committed; returns at once. Those that were committed as pushed are pushed now, for
    /// the others the backlog is looked at where there is room: a runway that is full is looked at when somebody takes from
    /// it, and every second.
    func dispatch(_ jobs: [AdmittedJob]) {
        let queued = jobs.filter { $0.state == .queued }
        let pushed = queued.filter(\.isPushed)
        if !pushed.isEmpty {
            state.withLock { $0.owed += pushed.map(RunwayJob.init) }
            pushBell.ring()
        }
        guard pushed.count < queued.count else { return }
        let free = room.free
        if queued.contains(where: { !$0.isPushed && free[$0.queue, default: 0] > 0 }) { fillBell.ring() }
    }

    /// Tells that jobs may have become ready, or slots free: the backlog is looked at. However often it is told, one look is
    /// under way and one more is pending at most.
    func lookAgain() { fillBell.ring() }

    /// Tells that limits, weights, pauses or places changed: everything is looked at.
    func lookAtEverything() {
        state.withLock { $0.sweepIsDue = true }
        fillBell.ring()
    }

    /// Pushes until the task is cancelled or the process is asked to stop.
    func run() async throws {
        lookAtEverything()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.pushForever() }
            group.addTask { await self.fillForever() }
            group.addTask { await self.callForSweeps() }
            try? await gracefulShutdown()
            group.cancelAll()
        }
    }

    private func pushForever() async {
        while !Task.isCancelled {
            await pushBell.wait()
            await attempt { try await self.pushOwed() }
        }
        // What was committed in the last moment is tried once more, in a task that is not cancelled; what does not go
        // then is found by the next gateway's sweep.
        await Task { await attempt { try await self.pushOwed() } }.value
    }

    private func callForSweeps() async {
        while !Task.isCancelled {
            try? await clock.sleep(for: await pause())
            lookAtEverything()
        }
    }

    private func fillForever() async {
        while !Task.isCancelled {
            await fillBell.wait()
            guard !Task.isCancelled else { return }
            let isSweep = state.withLock { state in
                defer { state.sweepIsDue = false }
                return state.sweepIsDue
            }
            await isSweep ? sweep() : attempt { try await self.fillWhereSomethingWaits() }
        }
    }

    /// Until the next sweep: when something is due, and soon enough to find what other gateways left behind.
    private func pause() async -> Duration {
        guard !state.withLock({ $0.redisIsAway || $0.storeIsAway }), let due = try? await runway.nextDue() else {
            return pace.sweep
        }
        return min(pace.sweep, max(due, .milliseconds(20)))
    }

    // MARK: The backlog

    /// One look at everything: a lost runway, jobs without a message, jobs whose time has come, and the backlog.
    func sweep() async {
        await attempt {
            // What was denied may be allowed by now.
            if !self.room.denied.isEmpty { _ = try await self.lookForDenied() }
            let laid = try await self.queue.runway()
            if case .missing = laid {
                // The marks go with the messages; those that were not sent yet are owed to nobody now.
                self.state.withLock { $0.owed = [] }
                let count = try await self.runway.forgetAll()
                if count > 0 {
                    self.logger.notice("Redis lost the runway; it is laid again", metadata: ["jobs": "\(count)"])
                }
            } else {
                try await self.pushOwed()
                try await self.forgetLost()
            }
            while try await self.runway.readyDue(limit: self.pace.batch) == self.pace.batch {}
            let circumstances = try await self.runway.circumstances(silence: self.pace.workerSilence)
            let queues = Set(self.queues()).union(circumstances.slots.keys)
            self.room.note(circumstances, queues: queues)
            self.warm.note(circumstances.warmFunctions)
            try await self.fill(self.runway.queuesWithBacklog().union(queues))
            if case .missing(let run) = laid { try await self.queue.markRunway(run) }
            self.tellAllIsWell()
        }
    }

    /// The look that an announcement asks for: a small question where nothing waits.
    private func fillWhereSomethingWaits() async throws {
        let queues = try await runway.queuesWithBacklog()
        if !queues.isEmpty { try await fill(queues) }
    }

    /// Fills the runway of some queues from the backlog.
    private func fill(_ queues: Set<String>) async throws {
        let queues = queues.subtracting(room.denied)
        guard !queues.isEmpty else { return }
        room.note(depths: try await queue.depths(of: queues.sorted()))
        var left = queues
        while true {
            let free = room.free.filter { left.contains($0.key) && $0.value > 0 }
            // Nothing clears a queue here whose runway is full: it may have more.
            guard !free.isEmpty else { break }
            let filling = try await runway.fill(free)
            room.note(clear: filling.emptied, among: Set(free.keys))
            left.subtract(filling.emptied)
            guard !filling.jobs.isEmpty else { break }
            state.withLock { $0.owed += filling.jobs }
            try await pushOwed()
        }
    }

    private func forgetLost() async throws {
        let isThorough = state.withLock { state in
            state.sweeps += 1
            return state.sweeps.isMultiple(of: pace.thorough)
        }
        let open = queues().filter { !room.denied.contains($0) }
        let lost = try await RunwayCheck(runway: runway, queue: queue, queues: open)
            .lost(standingFor: pace.stale, isThorough: isThorough)
        guard !lost.isEmpty else { return }
        let count = try await runway.forget(lost, standingFor: pace.stale)
        if count > 0 {
            logger.notice("messages were lost; their jobs are pushed again", metadata: ["jobs": "\(count)"])
        }
    }

    /// Sends what was marked as pushed. Two at once may send the same: a claim takes it once.
    private func pushOwed() async throws {
        let owed = state.withLock { $0.owed }
        guard !owed.isEmpty else { return }
        let depths = try await queue.push(try await warm.handOver(owed).map(Self.message))
        let sent = Set(owed.map(\.id))
        state.withLock { $0.owed.removeAll { sent.contains($0.id) } }
        room.note(pushed: owed, depths: depths)
    }

    /// Takes back what was to be sent to some queues.
    ///
    /// - Returns: The jobs, which count as pushed.
    func takeOwed(to queues: Set<String>) -> [JobID] {
        state.withLock { state in
            let taken = state.owed.filter { queues.contains($0.queue) }
            state.owed.removeAll { queues.contains($0.queue) }
            return taken.map(\.id)
        }
    }

    static func message(_ job: RunwayJob) -> TaskMessage {
        .render(
            job: job.id, queue: job.queue, priority: TaskPriority(urgency: job.priority), traceparent: job.traceparent,
            origin: origin)
    }

    // MARK: Telling once

    private func attempt(_ work: @Sendable () async throws -> Void) async {
        do {
            do {
                try await work()
            } catch let error as RedisError where error.isDenial {
                guard try await lookForDenied() else { throw error }
                try await work()
            }
        } catch let error as RedisError {
            tellRedisIsAway(error)
        } catch is CancellationError {
            return
        } catch {
            tellStoreIsAway(error)
        }
    }

    private func tellRedisIsAway(_ error: any Error) {
        guard !Task.isCancelled else { return }
        room.close()
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
