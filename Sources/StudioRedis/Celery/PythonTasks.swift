public import Logging
public import QueueProtocol
import Synchronization

/// What is heard of a task that Python workers carry out.
public enum PythonTaskNews: Sendable, Hashable {
    /// It waits in its queue.
    case waiting
    /// A node has taken it, and works on it or will.
    case taken(node: String, NodeReply.Hold)
    /// Its result says something new, which is not final.
    case state(PythonTaskState)
}

/// A task of which no worker knows anything any more.
public struct PythonTaskLost: Error, Sendable, Hashable {
    /// The node that had it, where that was known.
    public let node: String?
}

/// Sends tasks to Python workers of Celery, follows them to their end, and notices when their worker is gone.
///
/// ``run()`` must run for as long as tasks are followed. Results and whereabouts are read from Redis; while it is away
/// nothing is concluded from silence.
public final class PythonTasks: Sendable {
    private struct Entry {
        let queue: String
        let list: String
        let raw: [UInt8]
        var watch: PythonTaskWatch
        let places: AsyncStream<PythonTaskWatch.Place>.Continuation
    }

    private let client: RedisClient
    private let subscriber: RedisSubscriber
    private let keys: StudioKeys
    private let lists: PythonTaskLists
    private let nodes: NodeInquiry
    private let round: Duration
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let entries = Mutex<[String: Entry]>([:])
    private let demand = Gate()

    /// Tasks of one process.
    ///
    /// - Parameters:
    ///   - client: The way to Redis.
    ///   - subscriber: The way to Redis for what is published.
    ///   - keys: The names of the installation.
    ///   - worker: The process, by which nodes answer it.
    ///   - round: The time between two rounds of questions to the nodes; default 1 s.
    ///   - clock: What rounds are measured with; default the continuous clock.
    ///   - logger: Where faults are told that a later round makes up for.
    public init(
        client: RedisClient, subscriber: RedisSubscriber, keys: StudioKeys, worker: WorkerID,
        round: Duration = .seconds(1), clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.client = client
        self.subscriber = subscriber
        self.keys = keys
        lists = PythonTaskLists(client: client, keys: keys)
        nodes = NodeInquiry(client: client, keys: keys, worker: worker)
        self.round = round
        self.clock = clock
        self.logger = logger
    }

    // MARK: Following

    /// Sends a task and follows it to its end.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - lostAfter: How long it may give no sign of life.
    ///   - heard: Takes what is heard meanwhile, in order.
    /// - Returns: The final state.
    /// - Throws: ``PythonTaskLost``; `CancellationError`, and then the task is to be ended with ``end(_:in:)``;
    ///   `RedisError` where Redis refuses the message.
    public func carryOut(
        _ task: PythonTask, lostAfter: Duration, heard: @escaping @Sendable (PythonTaskNews) -> Void
    ) async throws -> PythonTaskState {
        let subscription = try await subscriber.subscribe(to: [keys.celeryResult(task.id)], buffering: .complete(256))
        let message = task.message()
        try await patiently { try await self.lists.send(message) }
        let (places, continuation) = AsyncStream.makeStream(
            of: PythonTaskWatch.Place.self, bufferingPolicy: .bufferingNewest(16))
        let entry = Entry(
            queue: task.queue, list: keys.list(task.queue, task.priority), raw: message.encoded(),
            watch: PythonTaskWatch(patience: Int((lostAfter / round).rounded(.up))), places: continuation)
        entries.withLock { $0[task.id] = entry }
        demand.open()
        defer { forget(task.id) }
        heard(.waiting)
        return try await withThrowingTaskGroup(of: PythonTaskState.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await self.states(of: task.id, in: subscription, heard) }
            group.addTask { try await self.whereabouts(of: task.id, in: places, heard) }
            guard let final = try await group.next() else { throw CancellationError() }
            return final
        }
    }

    /// Ends tasks that nobody wants any more: withdraws what no worker has begun, and revokes the rest.
    ///
    /// - Parameters:
    ///   - tasks: The tasks' ids.
    ///   - queue: Their queue.
    /// - Throws: `RedisError`.
    public func end(_ tasks: [String], in queue: String) async throws {
        let withdrawn = try await lists.withdraw(Set(tasks), from: queue)
        try await nodes.revoke(tasks.filter { !withdrawn.contains($0) })
    }

    /// Ends one task and waits until it is over, or until its node does not know it any more.
    ///
    /// - Parameters:
    ///   - task: The task's id.
    ///   - queue: Its queue.
    /// - Throws: `RedisError`; `CancellationError`.
    public func endAndWait(_ task: String, in queue: String) async throws {
        let subscription = try await subscriber.subscribe(to: [keys.celeryResult(task)], buffering: .complete(256))
        if try await lists.withdraw([task], from: queue).contains(task) { return }
        try await nodes.revoke([task])
        if try await state(of: task)?.isFinal ?? false { return }
        _ = try await states(of: task, in: subscription) { _ in }
    }

    /// What the result store holds of a task.
    ///
    /// - Parameter task: The task's id.
    /// - Returns: Its state; nil where it holds nothing.
    /// - Throws: `RedisError`.
    public func state(of task: String) async throws -> PythonTaskState? {
        let reply = try await client.send(RedisCommand("GET", .text(keys.celeryResult(task))))
        return reply.bytes.flatMap(PythonTaskState.init(decoding:))
    }

    private func states(
        of task: String, in subscription: RedisSubscription, _ heard: @Sendable (PythonTaskNews) -> Void
    ) async throws -> PythonTaskState {
        for await event in subscription {
            let state: PythonTaskState?
            switch event {
            case .message(_, let payload): state = PythonTaskState(decoding: payload)
            case .reconnected, .overflowed: state = try await patiently { try await self.state(of: task) }
            }
            guard let state else { continue }
            if state.isFinal { return state }
            entries.withLock { $0[task]?.watch.heard() }
            heard(.state(state))
        }
        throw CancellationError()
    }

    private func whereabouts(
        of task: String, in places: AsyncStream<PythonTaskWatch.Place>, _ heard: @Sendable (PythonTaskNews) -> Void
    ) async throws -> PythonTaskState {
        var node: String?
        for await place in places {
            switch place {
            case .queue: heard(.waiting)
            case .node(let name, let hold):
                node = name
                heard(.taken(node: name, hold))
            }
        }
        try Task.checkCancellation()
        // The last word is the result's: it may have come by a message that was lost.
        if let state = try await patiently({ try await self.state(of: task) }), state.isFinal { return state }
        throw PythonTaskLost(node: node)
    }

    private func forget(_ task: String) {
        entries.withLock { entries in
            entries[task]?.places.finish()
            entries[task] = nil
            if entries.isEmpty { demand.close() }
        }
    }

    /// Does something as often as it takes while Redis is away.
    private func patiently<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        while true {
            do {
                return try await body()
            } catch let error as RedisError where error.isTransient {
                try await client.waitUntilConnected()
                try await clock.sleep(for: .milliseconds(100), tolerance: nil)
            }
        }
    }

    // MARK: Asking

    /// Asks nodes for the tasks that are followed, until the task is cancelled. To be called once.
    public func run() async {
        var isFirst = true
        while !Task.isCancelled {
            await demand.wait()
            if Task.isCancelled { break }
            do {
                if isFirst { try await nodes.sweep() }
                isFirst = false
                try await look()
            } catch {
                entries.withLock { entries in
                    for id in entries.keys { entries[id]?.watch.forgive() }
                }
                logger.debug("celery.nodes-not-asked", metadata: ["reason": "\(error)"])
            }
            try? await clock.sleep(for: round, tolerance: nil)
        }
        // Where Redis is away the mark runs out, and another process removes what is left.
        await Task { [nodes] in try? await nodes.leave() }.value
    }

    /// One round: what the nodes answered to the last question, what stands in the queues, and the next question.
    private func look() async throws {
        let answers = try await nodes.answers()
        let followed = entries.withLock { $0 }.sorted { $0.key < $1.key }
        let standing = try await lists.stand(followed.map { ($0.value.list, $0.value.raw) })
        var queued = Set(zip(followed, standing).filter(\.1).map(\.0.key))
        // Rarely: given back by a worker, a message has other words.
        let missing = followed.filter { !queued.contains($0.key) && answers[$0.key] == nil && $0.value.watch.isSilent }
        for queue in Set(missing.map(\.value.queue)) { queued.formUnion(try await lists.tasks(in: queue)) }
        let asked = entries.withLock { entries in
            var asked: [String] = []
            for (id, _) in followed where entries[id] != nil {
                let finding: PythonTaskWatch.Finding =
                    if let answer = answers[id] {
                        .held(node: answer.node, answer.hold)
                    } else {
                        queued.contains(id) ? .queued : .nothing
                    }
                if let place = entries[id]?.watch.judge(finding) { entries[id]?.places.yield(place) }
                if entries[id]?.watch.isLost ?? false {
                    entries[id]?.places.finish()
                } else if finding != .queued {
                    entries[id]?.watch.asked()
                    asked.append(id)
                }
            }
            return asked
        }
        if !asked.isEmpty { try await nodes.ask(asked) }
    }
}
