import Logging
import QueueProtocol
import StudioPostgres
import StudioRedis
import StudioSystem

/// Does what Celery's remote control tells this node, and says what it is asked.
struct NodeAnswers: Sendable {
    /// What the node does to the rest of the program.
    struct Deeds: Sendable {
        /// Lets tasks not be run: cancels those that have not begun, and those that run where that is wanted. Returns the
        /// ids of those that were cancelled between two attempts: no worker has them that would tell monitors.
        var revoke: @Sendable (_ ids: [String], _ terminate: Bool) async throws -> [String]
        /// Asks an attempt that runs here to end, because its job was cancelled.
        var cancelHere: @Sendable (AttemptKey) -> Void
        /// Tells the studio which queues this worker serves with how many slots; before that is so.
        var announce: @Sendable (_ queues: [String], _ slots: Int) async throws -> Void
        /// Asks the worker for a graceful stop.
        var drain: @Sendable () -> Void
    }

    /// How many queues a worker may serve: each takes four connections to Redis.
    static let mostQueues = 32
    /// How many jobs a worker may run at a time, as `WORKER_SLOTS` says it too.
    static let slotRange = 1...1024
    /// The tasks that can be sent to this worker's queues.
    static let tasks = [TaskName.render, TaskName.submit]

    let identity: NodeIdentity
    let clock: LamportClock
    let board: TaskBoard
    let events: NodeEvents
    let heart: NodeHeart<ContinuousClock>
    let revoked = RevokedTasks()
    let starts: StartRate<ContinuousClock>
    let limits: TimeLimits
    let slots: Slots
    let consumer: TaskConsumer
    let facts: NodeFacts
    let deeds: Deeds
    let logger: Logger

    /// Obeys one command.
    ///
    /// - Parameter command: The command.
    /// - Returns: The answer; nil where there is none to be given.
    /// - Throws: `CeleryRefusal` where it is not obeyed, and then nothing was changed.
    func answer(_ command: CeleryCommand) async throws(CeleryRefusal) -> JSONValue? {
        switch command {
        case .ping: return ok("pong")
        case .active(let safe): return .array(board.running.map { request($0, asText: safe) })
        case .reserved: return .array(board.reserved.map { request($0) })
        // What waits for its time waits in PostgreSQL, and no worker holds it.
        case .scheduled: return []
        case .revoked: return .array(revoked.ids().map { .string($0) })
        case .registered(let settings): return registered(settings)
        case .stats: return stats()
        case .activeQueues: return .array(consumer.queues.map { Self.queue($0) })
        case .configuration: return .object(configuration())
        case .clock: return ["clock": .integer(Int64(clock.now))]
        case .queryTask(let ids): return query(Set(ids))
        case .report: return ok(report())
        case .hello(let node, let ids): return try await hello(from: node, revoked: ids)
        case .revoke(let ids, let terminate): return try await revoke(ids, terminate: terminate)
        case .rateLimit(let task, let rate): return try limit(task, to: rate)
        case .timeLimit(let task, let soft, let hard): return try limit(task, soft: soft, hard: hard)
        case .enableEvents: return ok(events.enable(true) ? "task events enabled" : "task events already enabled")
        case .disableEvents:
            return ok(events.enable(false) ? "task events disabled" : "task events already disabled")
        case .heartbeat:
            await heart.beatNow()
            return .null
        case .grow(let count): return try await grow(by: count)
        case .poolRestart: throw CeleryRefusal(PythonRepr.exception("ValueError", "Pool restarts not enabled"))
        case .autoscale: throw CeleryRefusal(PythonRepr.exception("ValueError", "Autoscale not enabled"))
        case .addConsumer(let queue): return try await add(queue)
        case .cancelConsumer(let queue): return try await cancel(queue)
        case .shutdown:
            logger.notice("told to stop by Celery's remote control")
            deeds.drain()
            return nil
        }
    }

    func ok(_ text: String) -> JSONValue { ["ok": .string(text)] }

    private func hello(from node: String, revoked ids: [String]) async throws(CeleryRefusal) -> JSONValue {
        guard node != identity.name else { return .null }
        logger.debug("a Celery node begins", metadata: ["node": "\(node)"])
        let known = revoked.ids()
        try await learn(ids)
        return ["revoked": .array(known.map { .string($0) }), "clock": .integer(Int64(clock.forward()))]
    }

    /// Takes in what another node knows to be revoked: this one may have been away when it was said.
    func learn(_ ids: [String]) async throws(CeleryRefusal) {
        let fresh = revoked.add(ids)
        guard !fresh.isEmpty else { return }
        try await attempt { try await revokeAndTell(fresh, false) }
    }

    private func revokeAndTell(_ ids: [String], _ terminate: Bool) async throws {
        let cancelled = try await deeds.revoke(ids, terminate)
        events.tell(cancelled.map { .revoked($0, terminated: false) })
    }

    private func revoke(_ ids: [String], terminate: Bool) async throws(CeleryRefusal) -> JSONValue {
        let here = board.running.filter { ids.contains(CeleryTaskFacts.id(of: $0.job)) }.map(\.job)
        revoked.add(ids)
        try await attempt { try await revokeAndTell(ids, terminate) }
        logger.info("tasks are revoked", metadata: ["tasks": "\(ids)", "terminate": "\(terminate)"])
        guard terminate else {
            return ok("tasks {\(ids.map { PythonRepr.text(.string($0)) }.joined(separator: ", "))} flagged as revoked")
        }
        for job in here { deeds.cancelHere(AttemptKey(job: job.id, attempt: job.attempt)) }
        return ok(
            here.isEmpty
                ? "terminate: tasks unknown"
                : "terminate: \(here.map { CeleryTaskFacts.id(of: $0) }.joined(separator: ", "))")
    }

    private func limit(_ task: String, to rate: TaskRate?) throws(CeleryRefusal) -> JSONValue {
        guard task != TaskName.submit else {
            // Before its claim nobody here knows what a job came as.
            throw CeleryRefusal("every job begins as \(TaskName.render), whatever it came as: limit that")
        }
        try checkIsKnown(task)
        starts.limit(to: rate)
        logger.notice("the rate of starts is set", metadata: ["rate": "\(rate?.text ?? "none")"])
        return ok(rate == nil ? "rate limit disabled successfully" : "new rate limit set successfully")
    }

    private func limit(_ task: String, soft: Double?, hard: Double?) throws(CeleryRefusal) -> JSONValue {
        try checkIsKnown(task)
        limits[task] = TimeLimits.Limit(soft: soft, hard: hard)
        logger.notice(
            "time limits are set", metadata: ["task": "\(task)", "soft": "\(soft ?? 0)", "hard": "\(hard ?? 0)"])
        return ok("time limits set successfully")
    }

    private func checkIsKnown(_ task: String) throws(CeleryRefusal) {
        guard Self.tasks.contains(task) else { throw CeleryRefusal("unknown task") }
    }

    private func grow(by count: Int) async throws(CeleryRefusal) -> JSONValue {
        let wanted = slots.table.capacity + count
        guard Self.slotRange.contains(wanted) else {
            throw CeleryRefusal(
                PythonRepr.exception(
                    "ValueError", "a worker has \(Self.slotRange.lowerBound) to \(Self.slotRange.upperBound) slots"))
        }
        let queues = consumer.queues
        try await attempt { try await deeds.announce(queues, wanted) }
        slots.resize(to: wanted)
        logger.notice("the number of slots is set", metadata: ["slots": "\(wanted)"])
        return ok(count > 0 ? "pool will grow" : "pool will shrink")
    }

    private func add(_ queue: String) async throws(CeleryRefusal) -> JSONValue {
        var queues = consumer.queues
        if !queues.contains(queue) {
            // Lists of our own are no queues.
            guard !queue.hasPrefix("studio:") else {
                throw CeleryRefusal(PythonRepr.exception("ValueError", "\(queue) is not for tasks"))
            }
            guard queues.count < Self.mostQueues else {
                throw CeleryRefusal(
                    PythonRepr.exception("ValueError", "a worker serves at most \(Self.mostQueues) queues"))
            }
            queues.append(queue)
            try await serve(queues)
        }
        return ok("add consumer \(queue)")
    }

    private func cancel(_ queue: String) async throws(CeleryRefusal) -> JSONValue {
        let queues = consumer.queues
        if queues.contains(queue) { try await serve(queues.filter { $0 != queue }) }
        return ok("no longer consuming from \(queue)")
    }

    private func serve(_ queues: [String]) async throws(CeleryRefusal) {
        let count = slots.table.capacity
        try await attempt { try await deeds.announce(queues, count) }
        consumer.serve(queues)
        logger.notice("the served queues are set", metadata: ["queues": "\(queues.joined(separator: ","))"])
    }

    /// What went wrong in the studio's database is for the log; the caller may ask again.
    private func attempt(_ deed: () async throws -> Void) async throws(CeleryRefusal) {
        do { try await deed() } catch {
            logger.warning("a command of Celery's remote control failed", metadata: [LogKey.error: "\(error)"])
            throw CeleryRefusal("the studio's database is not to be had now; ask again")
        }
    }
}
