import Logging
import QueueProtocol
import ServiceLifecycle
import StudioCore
import StudioPostgres
import StudioRedis
import StudioSystem

/// Takes jobs from the queues into free slots and sees them through; on a stop, drains.
///
/// Messages are reserved only for free slots, all of them in one round trip, claimed in PostgreSQL by one statement, and
/// acknowledged together as soon as the claim is committed: from then on the leases are the truth. While PostgreSQL is
/// away, reserved messages stay in the processing list.
struct Intake: Sendable {
    let worker: WorkerID
    let name: String
    let lease: Duration
    let grace: Duration
    let consumer: TaskConsumer
    let jobs: JobStore
    let slots: Slots
    let attempts: RunningAttempts
    let revisions: FunctionRevisions
    /// What is taken, as others may ask.
    let board: TaskBoard
    /// How often jobs may begin here.
    let starts: StartRate<ContinuousClock>
    /// How long they may run here.
    let limits: TimeLimits
    let hurry: Hurry
    /// Answers tasks that nobody here knows.
    let celery: CeleryNotes
    /// Keeps the machine while it works, where somebody might take it away.
    let protection: ScaleInProtection<ContinuousClock>?
    let announceEvents: @Sendable () async -> Void
    /// Carries one claimed job through to its end; does not throw.
    let carryOut: @Sendable (ClaimedJob, RunStop) async -> Void
    let logger: Logger

    /// Works until a graceful shutdown, then drains.
    func run() async {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                while case let asked = await slots.askWhenFree(), asked > 0 {
                    let permits = await starts.permits(upTo: asked)
                    let taken = await take(upTo: permits)
                    starts.giveBack(permits - taken.claimed.count)
                    let keys = taken.claimed.map { AttemptKey(job: $0.id, attempt: $0.attempt) }
                    let now = ContinuousClock.now
                    let stops = zip(keys, taken.claimed).map { key, job in
                        attempts.begin(key, deadline: now.advanced(by: .seconds(job.timeoutSeconds)))
                    }
                    slots.answer(asked: asked, with: keys)
                    for (job, (key, stop)) in zip(taken.claimed, zip(keys, stops)) {
                        group.addTask {
                            await carryOut(job, stop)
                            attempts.end(key)
                            slots.finish(key)
                            protection?.letGo(1)
                        }
                    }
                    await tell(taken)
                    if taken.claimed.isEmpty, slots.table.phase == .serving { try? await consumer.waitForWork() }
                }
                await drain()
            }
        } onGracefulShutdown: {
            slots.drain()
            starts.close()
            consumer.wake()
        }
    }

    /// What one look into the queues brought.
    private struct Taken {
        /// The jobs this worker holds now.
        var claimed: [ClaimedJob] = []
        /// The messages that are done with: those of the claimed jobs, and stale ones.
        var messages: [ReservedTask] = []
    }

    /// Reserves and claims.
    ///
    /// - Returns: What was claimed; nothing where nothing waits or Redis is away.
    private func take(upTo count: Int) async -> Taken {
        do {
            let tasks = try await consumer.reserve(upTo: count)
            guard !tasks.isEmpty else { return Taken() }
            let sorted = MessageSorting(tasks)
            board.reserve(sorted.render)
            defer { board.reserve([]) }
            await passOn(sorted)
            guard let claimed = await claim(sorted.jobs) else {
                try await consumer.giveBack(sorted.render)
                await pause()
                return Taken()
            }
            return Taken(claimed: claimed, messages: sorted.render)
        } catch {
            logger.warning("no work can be taken from Redis", metadata: [LogKey.error: "\(error)"])
            await pause()
            return Taken()
        }
    }

    /// Sees to the messages that are no jobs yet. What cannot be moved now comes again with a later reservation; the jobs that
    /// came with it need not wait for that.
    private func passOn(_ sorted: MessageSorting) async {
        if !sorted.unreadable.isEmpty {
            logger.warning(
                "messages that nobody can read go to the dead list",
                metadata: ["tasks": "\(sorted.unreadable.map(\.message.task))"])
            await move("unreadable messages") { try await consumer.bury(sorted.unreadable) }
        }
        if !sorted.asked.isEmpty {
            await move("what Celery's clients ask") {
                try await consumer.forward(sorted.asked, to: StudioKeys.celeryQueue)
            }
        }
        for (message, task) in sorted.unknown {
            logger.warning(
                "a task that nobody here knows is refused", metadata: ["task": "\(task.name)", "id": "\(task.id)"])
            await move("an unknown task") {
                do {
                    try await celery.refuse(task)
                } catch let error as CanvasError {
                    logger.warning("what follows an unknown task cannot be sent", metadata: [LogKey.error: "\(error)"])
                    return try await consumer.bury([message])
                } catch {
                    try await consumer.giveBack([message])
                    throw error
                }
                try await consumer.acknowledge([message])
            }
        }
    }

    private func move(_ what: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            logger.warning("\(what) cannot be moved yet", metadata: [LogKey.error: "\(error)"])
        }
    }

    /// Tells those who watch that jobs run, and Redis that their messages are done with. Not before they do: neither is
    /// waited for by a job.
    private func tell(_ taken: Taken) async {
        if !taken.claimed.isEmpty { await announceEvents() }
        guard !taken.messages.isEmpty else { return }
        do {
            try await consumer.acknowledge(taken.messages)
        } catch {
            // They come again, and their claim finds nothing to do.
            logger.warning("claimed messages are not acknowledged yet", metadata: [LogKey.error: "\(error)"])
        }
    }

    /// A pause after a failure, not a way to wait for work: what is away says nothing when it is back.
    private func pause() async {
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .milliseconds(500)) }
    }

    /// Claims, as often as it takes while PostgreSQL is away.
    ///
    /// - Returns: The claimed jobs; nil where the worker was stopped before PostgreSQL came back.
    private func claim(_ ids: [JobID]) async -> [ClaimedJob]? {
        let patience = DatabasePatience(logger: logger)
        let known = revisions.known
        await protection?.hold(ids.count)
        var claimedCount = 0
        defer { protection?.letGo(ids.count - claimedCount) }
        do {
            let claimed = try await patience.persist("the claim", while: { slots.table.phase == .serving }) {
                try await jobs.claim(
                    ids, worker: worker, name: name, lease: lease, held: attempts.held, known: Array(known.keys))
            }
            claimedCount = claimed.count
            return claimed.map { job in
                var job = job
                job.manifest = job.manifest ?? known[job.functionDigest]?.document
                return limits.applied(to: job)
            }
        } catch {
            logger.error("jobs could not be claimed", metadata: [LogKey.error: "\(error)", "jobs": "\(ids)"])
            return nil
        }
    }

    /// Lets running attempts end within the grace, then asks the rest to give their jobs back, and waits for that.
    private func drain() async {
        let running = attempts.count
        if running > 0 { logger.info("draining", metadata: ["running": "\(running)", "grace": "\(grace)"]) }
        await withTaskGroup(of: Void.self) { race in
            race.addTask { await slots.waitUntilDrained() }
            race.addTask { try? await Task.sleep(for: grace) }
            race.addTask { await hurry.asked() }
            await race.next()
            race.cancelAll()
        }
        if attempts.count > 0 {
            logger.info("giving running jobs back", metadata: ["running": "\(attempts.count)"])
            attempts.stopAll(.released)
        }
        await slots.waitUntilDrained()
    }
}
