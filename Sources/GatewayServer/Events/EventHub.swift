import FoundationEssentials
import Logging
import NIOCore
import QueueProtocol
import ServiceLifecycle
import StudioPostgres
import StudioRedis
import Synchronization

/// Tells clients what happens: reads the stream of durable events once for the whole gateway, hears the progress of the
/// projects somebody watches, and fans both out to the sessions.
///
/// While there are sessions it looks for new events when Redis or this gateway says that there are some, and once a second
/// anyway, so that nothing hangs on Redis. ``run()`` must run for as long as there are sessions; sessions opened before it
/// runs wait.
final class EventHub: Service {
    private enum Work: Sendable {
        case command(ClientCommand, EventSessionHandle)
        case stream(EventSessionHandle, EventReplay.Found, since: EventCursor)
        case watch(ProjectID)
    }

    private let replay: EventReplay
    private let bus: EventBus
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Date
    private let logger: Logger
    private let metrics: EventMetrics
    private let onWakeup: @Sendable () -> Void
    private let fanOuts: [NIOLoopBoundBox<EventLoopFanOut?>]
    private let loops: [any EventLoop]
    private let progress: ProgressWatch
    private let work: AsyncStream<Work>
    private let startWork: AsyncStream<Work>.Continuation
    /// Rung when there may be something to read.
    private let bell = Bell()
    private let rest = StreamRest()
    /// Whether the stream is not followed, since nobody listens.
    var isResting: Bool { rest.isResting }
    /// Whether somebody said that there are events, beyond the look of every second.
    private let isAnnounced = Atomic<Bool>(false)
    /// How long a look that was asked for and found nothing waits before the next, in milliseconds.
    private static let pauses = [2, 5, 10, 25, 50, 100]
    /// What this gateway is called where it announces events and need not hear itself.
    let speaker = UUID()

    /// A hub.
    ///
    /// - Parameters:
    ///   - database: The truth.
    ///   - bus: What wakes it and brings progress.
    ///   - group: The event loops whose connections it serves; the server's.
    ///   - clock: What looks, pings and timeouts are measured with; default the continuous clock.
    ///   - now: The time of day, for tokens' ends.
    ///   - metrics: Where connections and lag are counted.
    ///   - onWakeup: Called whenever Redis says that somebody committed events, since other parts may have work then too:
    ///     a worker that finished a job may have made others ready. Must return at once. Default nothing.
    ///   - logger: Where it logs.
    init(
        database: Database, bus: EventBus, group: any EventLoopGroup, clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Date = { Date() }, metrics: EventMetrics,
        onWakeup: @escaping @Sendable () -> Void = {}, logger: Logger
    ) {
        replay = EventReplay(
            events: EventStore(database), projects: ProjectStore(database), jobs: JobStore(database), logger: logger)
        self.bus = bus
        self.clock = clock
        self.now = now
        self.metrics = metrics
        self.onWakeup = onWakeup
        self.logger = logger
        // Bounded by the sessions: each has one command under way at most, and each project is watched once.
        (work, startWork) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
        progress = ProgressWatch()
        loops = group.makeIterator().map { $0 }
        fanOuts = loops.map { NIOLoopBoundBox.makeEmptyBox(valueType: EventLoopFanOut.self, eventLoop: $0) }
    }

    /// Durable events were just committed by this gateway: look at once. Harmless at any time, from any thread.
    func wake() {
        isAnnounced.store(true, ordering: .releasing)
        bell.ring()
    }

    /// Opens a session. Must be called on the connection's event loop, which must be of the hub's group.
    ///
    /// - Parameters:
    ///   - caller: Who listens.
    ///   - output: The way to the client.
    ///   - eventLoop: The connection's event loop.
    /// - Returns: The session; ``close(_:)`` ends it.
    func open(caller: Caller, output: any EventSessionOutput, on eventLoop: any EventLoop) -> EventSession {
        let session = EventSession(caller: caller, fanOut: fanOut(of: eventLoop), output: output)
        fanOut(of: eventLoop).open(session)
        if rest.opened() { bell.ring() }
        metrics.sessionOpened()
        return session
    }

    /// The connection is gone. Must be called once, on its event loop.
    func close(_ session: EventSession) {
        fanOut(of: session.eventLoop).close(session)
        rest.closed()
        metrics.sessionClosed()
    }

    /// Finds a topic for a stream that has one only; `not-found` where it is not the caller's.
    func find(_ topic: EventTopic, for caller: Caller) async throws -> EventReplay.Found {
        try await replay.find(topic, for: caller)
    }

    /// Refuses a place that no event can have had.
    ///
    /// - Throws: `StudioError` with code `invalid`; `PostgresError`.
    func check(_ since: EventCursor) async throws { try await replay.check(since) }

    /// Returns when the stream is followed: a session's subscription may begin where the fan-out stands.
    ///
    /// - Throws: `StudioError`, `PostgresError` where it cannot be followed now.
    func untilFollowed() async throws { try await rest.untilFollowed() }

    /// The place after every event there is now.
    func newest() async throws -> EventCursor { try await replay.events.newest() }

    /// Gives a session its one subscription, without an answer to the client.
    func follow(_ found: EventReplay.Found, since: EventCursor, for session: EventSessionHandle) {
        startWork.yield(.stream(session, found, since: since))
    }

    /// Follows the stream until the process is asked to stop; then ends all sessions.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.hearWakeups() }
                group.addTask { await self.tick() }
                await self.tail(in: &group)
                self.rest.stop()
                group.cancelAll()
            }
        }
        onEveryLoop { $0.shutDown() }
    }

    /// The fan-out of an event loop; on that loop only.
    private func fanOut(of eventLoop: any EventLoop) -> EventLoopFanOut {
        guard let index = loops.firstIndex(where: { $0 === eventLoop }) else {
            // SAFETY: the assembly gives the hub and the server one group; no request can lead here.
            preconditionFailure("the connection's event loop is not of the hub's group")
        }
        if let fanOut = fanOuts[index].value { return fanOut }
        let fanOut = EventLoopFanOut(
            eventLoop: eventLoop,
            work: { [startWork] in startWork.yield(.command($0, $1)) },
            watch: { [progress, startWork] in if progress.retain($0) { startWork.yield(.watch($0)) } },
            unwatch: { [progress] in progress.release($0) },
            ended: { [metrics] in metrics.sessionEnded($0) })
        fanOuts[index].value = fanOut
        return fanOut
    }

    private func onEveryLoop(_ body: @escaping @Sendable (EventLoopFanOut) -> Void) {
        for loop in loops { loop.execute { [self] in body(fanOut(of: loop)) } }
    }

    // MARK: The tasks of run()

    private func hearWakeups() async {
        guard let stream = try? await bus.eventWakeups(besides: speaker) else { return }
        for await _ in stream {
            wake()
            onWakeup()
        }
    }

    private func tick() async {
        while (try? await clock.sleep(for: .seconds(1))) != nil {
            let now = now()
            onEveryLoop { $0.tick(now: now) }
            bell.ring()
        }
    }

    private func tail(in group: inout DiscardingTaskGroup) async {
        guard var position = await firstPosition() else { return }
        publish(EventBatch([], position: position, logger: logger))
        // Only now, so that every subscription begins at a known position.
        group.addTask { await self.doWork() }
        var isAway = false
        while !Task.isCancelled {
            await bell.wait()
            do {
                // Where the first who came has gone again it rests on, and reads nothing.
                if rest.isResting, !rest.begin() { position = try await pickUp() }
                position = try await readOn(from: position)
                if isAway { logger.info("events.reading-again") }
                isAway = false
            } catch {
                if !isAway, !Task.isCancelled {
                    logger.warning("events.not-readable", metadata: ["reason": "\(error)"])
                }
                isAway = true
            }
        }
    }

    /// Leaves out what nobody was there to hear.
    private func pickUp() async throws -> EventCursor {
        do {
            let position = try await replay.events.newest()
            // On its way to every event loop before anything that waits for it is.
            publish(EventBatch([], position: position, logger: logger))
            rest.end()
            return position
        } catch {
            rest.fail(error)
            throw error
        }
    }

    private func firstPosition() async -> EventCursor? {
        if let position = try? await replay.events.newest() { return position }
        logger.warning("events.not-readable")
        while !Task.isCancelled {
            await bell.wait()
            if let position = try? await replay.events.newest() { return position }
        }
        return nil
    }

    /// Reads and delivers all there is; returns where it stands then.
    ///
    /// Events of a transaction are not read while an older one still runs, and nobody wakes us when that one ends: a look
    /// that was asked for and finds nothing is repeated a few times within a quarter of a second, and at once when somebody
    /// asks again meanwhile.
    private func readOn(from start: EventCursor) async throws -> EventCursor {
        var pauses: ArraySlice<Int> = []
        while !rest.begin() {
            if isAnnounced.exchange(false, ordering: .acquiring) { pauses = Self.pauses[...] }
            let position = try await readAll(from: start)
            guard position == start, let pause = pauses.popFirst() else { return position }
            // Not on the injected clock: this waits for a transaction of PostgreSQL, which knows no other time.
            await bell.wait(atMost: .milliseconds(pause), clock: ContinuousClock())
            try Task.checkCancellation()
        }
        return start
    }

    private func readAll(from start: EventCursor) async throws -> EventCursor {
        var position = start
        while true {
            let events = try await replay.events.read(.all, after: position, limit: EventReplay.pageLength)
            guard let last = events.last else { return position }
            position = last.cursor
            metrics.delivered(events.count, lag: now().timeIntervalSince(last.at))
            publish(EventBatch(events, position: position, logger: logger))
            if events.count < EventReplay.pageLength { return position }
        }
    }

    private func publish(_ batch: EventBatch) {
        onEveryLoop { $0.deliver(batch) }
    }

    private func doWork() async {
        await withDiscardingTaskGroup { group in
            for await work in self.work {
                switch work {
                case .command(let command, let session):
                    group.addTask {
                        await self.replay.perform(command, for: session, after: self.rest.untilFollowed)
                    }
                case .stream(let session, let found, let since):
                    group.addTask {
                        await self.replay.follow(found, since: since, for: session, after: self.rest.untilFollowed)
                    }
                case .watch(let project):
                    group.addTask { await self.watchProgress(of: project) }
                }
            }
            group.cancelAll()
        }
    }

    private func watchProgress(of project: ProjectID) async {
        guard let name = await replay.name(of: project) else { return progress.stopped(project) }
        await progress.follow(project, on: bus) { [self] report in
            guard let event = try? OutgoingEvent(report, projectName: name) else { return }
            onEveryLoop { $0.deliverProgress(event) }
        }
    }
}
