public import Logging
public import NIOCore
public import QueueProtocol
import Synchronization

/// The queues as one worker process sees them: waiting for work, taking it, and being done with it.
///
/// ``run()`` must run for as long as ``waitForWork()`` is used. A message that was taken stays in the worker's processing
/// list until it is acknowledged, given back or buried; when the worker dies, ``TaskQueue/restoreProcessing(of:queues:)``
/// brings it back. A call that fails leaves it open whether Redis did what was asked; the next ``reserve(upTo:)`` looks
/// into the processing list and hands out again what is there and in nobody's hand.
public final class TaskConsumer: Sendable {
    private struct State {
        var inHand = MessagesInHand()
        /// The queues that are served, the preferred first.
        var queues: [String]
        /// All that were served by now: what came from one of them goes back there.
        var returnQueues: [String]
        /// Whether what is handed to this very worker is taken too, before all else.
        var takesHanded = false
        var watchers: [String: ListWatcher] = [:]
        /// Whether the processing list may hold messages that nobody has in hand.
        var isUncertain = false
        var isReserving = false
    }

    /// The worker process that takes.
    public let worker: WorkerID
    let client: RedisClient
    let keys: StudioKeys
    private let logger: Logger
    private let group: any EventLoopGroup
    private let clock: any Clock<Duration>
    private let work: Gate
    private let state: Mutex<State>
    private let changes: AsyncStream<Void>
    private let change: AsyncStream<Void>.Continuation

    /// A consumer.
    ///
    /// - Parameters:
    ///   - worker: The worker process that takes.
    ///   - queues: The queues it serves, the preferred first; at least one.
    ///   - client: The way to Redis for everything but waiting, which has a connection for each list.
    ///   - keys: The names of the installation.
    ///   - group: The event loops for the waiting connections.
    ///   - clock: What the pauses between attempts to connect are measured with; default the continuous clock.
    ///   - logger: Where dead messages and lost connections are told.
    public init(
        worker: WorkerID, queues: [String], client: RedisClient, keys: StudioKeys, group: any EventLoopGroup,
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        precondition(!queues.isEmpty, "a consumer serves at least one queue")
        self.worker = worker
        self.client = client
        self.keys = keys
        self.group = group
        self.clock = clock
        self.logger = logger
        work = Gate(closesItself: true)
        state = Mutex(State(queues: [], returnQueues: []))
        (changes, change) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        arrange(queues)
    }

    /// The queues that are served, the preferred first.
    public var queues: [String] { state.withLock { $0.queues } }

    /// Serves these queues from now on. What was taken from others before is not touched.
    ///
    /// - Parameter queues: The queues, the preferred first; none takes nothing more.
    public func serve(_ queues: [String]) {
        arrange(queues)
        // Whoever waits is to wait for these.
        work.open()
    }

    /// Takes, from now on and before all else, what gateways hand to this very worker.
    public func takeHanded() {
        let queues = state.withLock { state in
            state.takesHanded = true
            return state.queues
        }
        arrange(queues)
        work.open()
    }

    /// The lists that are served, in their order.
    private func lists(_ state: State) -> [String] {
        (state.takesHanded ? [keys.handed(worker)] : []) + keys.lists(state.queues)
    }

    private func arrange(_ queues: [String]) {
        state.withLock { state in
            state.queues = queues
            state.returnQueues = queues + state.returnQueues.filter { !queues.contains($0) }
            let lists = Set(self.lists(state))
            for (list, watcher) in state.watchers where !lists.contains(list) {
                watcher.isUnwanted.open()
                state.watchers[list] = nil
            }
            for list in lists where state.watchers[list] == nil {
                state.watchers[list] = ListWatcher(
                    list: list, configuration: client.configuration, group: group, clock: clock, logger: logger,
                    work: work)
            }
        }
        change.yield()
    }

    /// Watches the lists whenever somebody waits for work, until the task is cancelled. To be called once.
    public func run() async {
        await withDiscardingTaskGroup { group in
            for await _ in changes {
                for watcher in state.withLock({ Array($0.watchers.values) }) where watcher.claimRun() {
                    group.addTask { await watcher.run() }
                }
            }
        }
    }

    /// Returns when there may be work: a list has something, or ``wake()`` was called. There may be none all the same:
    /// ``reserve(upTo:)`` says. Nothing is taken. While Redis is away this goes on waiting. For one caller at a time.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    public func waitForWork() async throws {
        for watcher in state.withLock({ Array($0.watchers.values) }) { watcher.demand.open() }
        await work.wait()
        try Task.checkCancellation()
    }

    /// Ends the ``waitForWork()`` under way, or else the next one.
    public func wake() { work.open() }

    /// Takes messages: the most urgent list first, the preferred queue first, the oldest first; in one step that happens
    /// whole or not at all. What is no message goes to the dead list instead. For one caller at a time.
    ///
    /// - Parameter limit: How many at most: as many as there are free slots.
    /// - Returns: The messages; none when nothing waits.
    /// - Throws: `RedisError`; messages taken by a call whose reply was lost come with a later call.
    public func reserve(upTo limit: Int) async throws -> [ReservedTask] {
        guard limit > 0 else { return [] }
        let wasUncertain = try state.withLock {
            guard !$0.isReserving else { throw RedisError(.overloaded, "one reservation at a time") }
            $0.isReserving = true
            return $0.isUncertain
        }
        defer { state.withLock { $0.isReserving = false } }
        do {
            let raw = wasUncertain ? try await strays(upTo: limit) : try await take(limit)
            if wasUncertain, raw.isEmpty {
                state.withLock { $0.isUncertain = false }
                return try await accept(try await take(limit))
            }
            return try await accept(raw)
        } catch {
            state.withLock { $0.isUncertain = true }
            throw error
        }
    }

    /// Is done with messages: they are nowhere any more.
    ///
    /// - Parameter tasks: The messages.
    /// - Throws: `RedisError`; those that were not removed are then handed out again by a later ``reserve(upTo:)``, and
    ///   their claim finds nothing to do.
    public func acknowledge(_ tasks: [ReservedTask]) async throws {
        try await settle(tasks) { batch in
            _ = try await client.run(
                QueueScripts.acknowledge, keys: [keys.processing(worker)], arguments: batch.map { .bytes($0.raw) })
        }
    }

    /// Returns messages to the queues they came from, where they are served next, marked as redelivered.
    ///
    /// - Parameter tasks: The messages, in the order in which they were taken.
    /// - Throws: `RedisError`; those not returned are handed out again by a later ``reserve(upTo:)``, or restored when
    ///   this worker is gone.
    public func giveBack(_ tasks: [ReservedTask]) async throws {
        // The last taken first: what is put on last is served first.
        try await settle(tasks.reversed()) { batch in
            var returned = ReturnedMessages(keys: keys, queues: returnQueues)
            for task in batch { returned.requeue(task.message, raw: task.raw) }
            _ = try await returned.apply(worker: worker, client: client)
        }
    }

    /// Puts messages on the dead list, because nobody can run them.
    ///
    /// - Parameter tasks: The messages.
    /// - Throws: `RedisError`; those not moved are handed out again by a later ``reserve(upTo:)``.
    public func bury(_ tasks: [ReservedTask]) async throws {
        try await settle(tasks) { try await bury(raw: $0.map(\.raw)) }
    }

    /// Takes this worker out of the set of workers with a processing list, if its list is empty; to be called last.
    ///
    /// - Throws: `RedisError`; then the worker is found dead and its list restored, which does no harm.
    public func retire() async throws {
        _ = try await client.run(
            QueueScripts.retire, keys: [keys.processing(worker), keys.processingWorkers],
            arguments: [.text(worker.description)])
    }

    private var returnQueues: [String] { state.withLock { $0.returnQueues } }

    func settle(_ tasks: [ReservedTask], _ move: ([ReservedTask]) async throws -> Void) async throws {
        for start in stride(from: 0, to: tasks.count, by: ReturnedMessages.batch) {
            let batch = Array(tasks[start..<min(start + ReturnedMessages.batch, tasks.count)])
            do {
                try await move(batch)
            } catch {
                // Whatever was not removed is out of hand now, here and in the batches that are not tried any more.
                state.withLock { state in
                    for task in tasks[start...] { state.inHand.remove(task.raw) }
                    state.isUncertain = true
                }
                throw error
            }
            state.withLock { state in for task in batch { state.inHand.remove(task.raw) } }
        }
    }

    private func take(_ limit: Int) async throws -> [[UInt8]] {
        let reply = try await client.run(
            QueueScripts.reserve,
            keys: [keys.processing(worker), keys.processingWorkers, keys.deadMessages]
                + state.withLock { lists($0) },
            arguments: [
                .integer(limit), .text(worker.description), .integer(ReturnedMessages.deadMessagesKept),
            ])
        guard let parts = reply.array, parts.count == 2, let taken = parts[0].array, let dead = parts[1].integer else {
            throw RedisReply.unexpected("EVALSHA")
        }
        if dead > 0 {
            logger.warning("queue.dead-messages", metadata: ["count": "\(dead)", "reason": "no JSON object"])
        }
        return taken.compactMap(\.bytes)
    }

    private func strays(upTo limit: Int) async throws -> [[UInt8]] {
        let reply = try await client.send(RedisCommand("LRANGE", .text(keys.processing(worker)), 0, -1))
        guard let elements = reply.array?.compactMap(\.bytes) else { throw RedisReply.unexpected("LRANGE") }
        // The oldest is rightmost.
        let strays = state.withLock { $0.inHand.strays(in: elements.reversed()) }
        return Array(strays.prefix(limit))
    }

    private func accept(_ elements: [[UInt8]]) async throws -> [ReservedTask] {
        var tasks: [ReservedTask] = []
        var unreadable: [[UInt8]] = []
        for raw in elements {
            do throws(TaskMessageError) {
                tasks.append(ReservedTask(message: try TaskMessage(decoding: raw), raw: raw))
            } catch {
                logger.warning("queue.dead-messages", metadata: ["count": "1", "reason": "\(error)"])
                unreadable.append(raw)
            }
        }
        if !unreadable.isEmpty { try await bury(raw: unreadable) }
        state.withLock { state in for task in tasks { state.inHand.add(task.raw) } }
        return tasks
    }

    private func bury(raw: [[UInt8]]) async throws {
        var returned = ReturnedMessages(keys: keys, queues: returnQueues)
        for element in raw { returned.bury(raw: element) }
        _ = try await returned.apply(worker: worker, client: client)
    }
}
