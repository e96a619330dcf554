import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis

/// What makes this worker a node of Celery, and what the rest of the worker shares with it.
struct CeleryParts: Sendable {
    let board = TaskBoard()
    let starts = StartRate(clock: ContinuousClock())
    let limits = TimeLimits()
    let reports: NodeReports
    let node: CeleryNode

    /// Builds the parts; nothing is said yet.
    ///
    /// - Parameters:
    ///   - identity: Who this worker is.
    ///   - configuration: The checked settings.
    ///   - redis: Where Redis is.
    ///   - bus: The way to Celery's other programs.
    ///   - slots: The worker's slots.
    ///   - consumer: The queues it serves.
    ///   - deeds: What the node does to the rest of the program.
    ///   - logger: Where it tells what it was told.
    init(
        identity: NodeIdentity, configuration: StudioConfiguration, redis: RedisConfiguration, bus: CeleryBus,
        slots: Slots, consumer: TaskConsumer, deeds: NodeAnswers.Deeds, logger: Logger
    ) {
        let clock = LamportClock()
        let events = NodeEvents(
            isOn: configuration.worker.taskEvents, pid: identity.pid, clock: clock, logger: logger,
            send: { try await bus.publish($0, from: identity.name) })
        reports = NodeReports(board: board, events: events)
        let heart = NodeHeart(
            identity: identity, events: events, board: board, clock: ContinuousClock(), logger: logger)
        let answers = NodeAnswers(
            identity: identity, clock: clock, board: board, events: events, heart: heart, starts: starts,
            limits: limits, slots: slots, consumer: consumer,
            facts: NodeFacts(redis: redis, grace: configuration.worker.grace), deeds: deeds, logger: logger)
        node = CeleryNode(
            heart: heart,
            control: NodeControl(
                identity: identity, clock: clock, bus: bus, answers: answers, heart: heart, logger: logger),
            events: events)
    }
}
