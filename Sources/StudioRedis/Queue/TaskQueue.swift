public import QueueProtocol

/// The queues as a gateway sees them: putting messages on, counting them, and bringing back what dead workers held.
public struct TaskQueue: Sendable {
    let client: RedisClient
    let keys: StudioKeys

    /// The queues of one installation.
    ///
    /// - Parameters:
    ///   - client: The way to Redis.
    ///   - keys: The names of the installation.
    public init(client: RedisClient, keys: StudioKeys) {
        self.client = client
        self.keys = keys
    }

    /// Puts messages at the end of the lists of their queues and priorities, in their order.
    ///
    /// - Parameter messages: The messages; any number.
    /// - Returns: How many messages each list that was put on has now.
    /// - Throws: `RedisError`, such as `server` with prefix `OOM` where Redis is full. Some of the messages may then have
    ///   been put on all the same; putting one on twice is harmless, the claim takes it once.
    @discardableResult
    public func push(_ messages: [TaskMessage]) async throws -> [QueueDepth] {
        let batch = 4096
        var depths: [String: QueueDepth] = [:]
        for start in stride(from: 0, to: messages.count, by: batch) {
            var lists: [String: [RedisCommand]] = [:]
            var order: [String] = []
            var places: [String: (queue: String, step: Int)] = [:]
            for (index, message) in messages[start..<min(start + batch, messages.count)].enumerated() {
                let list = keys.list(message.routingKey, message.priority)
                if lists[list] == nil {
                    order.append(list)
                    places[list] = (message.routingKey, message.priority.wireStep)
                }
                // A command of moderate length at a time, so that the server answers others in between.
                if lists[list] == nil || index % 512 == 0 {
                    lists[list, default: []].append(RedisCommand("LPUSH", .text(list)))
                }
                let last = (lists[list]?.count ?? 1) - 1
                lists[list]?[last].append(.bytes(message.encoded()))
            }
            let named = order.flatMap { list in (lists[list] ?? []).map { (list, $0) } }
            let replies = try await client.pipeline(named.map(\.1))
            for ((list, _), reply) in zip(named, replies) {
                guard let count = try reply.get().integer else { throw RedisReply.unexpected("LPUSH") }
                if let place = places[list] {
                    depths[list] = QueueDepth(queue: place.queue, wireStep: place.step, count: count)
                }
            }
        }
        return Array(depths.values)
    }

    /// How many messages wait in each list of some queues.
    ///
    /// - Parameter queues: The queues' names.
    /// - Returns: One depth for each queue and step, in the order in which a worker with these queues serves them.
    /// - Throws: `RedisError`.
    public func depths(of queues: [String]) async throws -> [QueueDepth] {
        let places = TaskPriority.wireSteps.flatMap { step in queues.map { ($0, step) } }
        let replies = try await client.pipeline(keys.lists(queues).map { RedisCommand("LLEN", .text($0)) })
        return try zip(places, replies).map { place, reply in
            guard let count = try reply.get().integer else { throw RedisReply.unexpected("LLEN") }
            return QueueDepth(queue: place.0, wireStep: place.1, count: count)
        }
    }

    /// The workers that have, or had, a processing list; which of them are alive PostgreSQL knows.
    ///
    /// - Returns: Their ids.
    /// - Throws: `RedisError`.
    public func workersWithMessages() async throws -> [WorkerID] {
        let reply = try await client.send(RedisCommand("SMEMBERS", .text(keys.processingWorkers)))
        guard let members = reply.array else { throw RedisReply.unexpected("SMEMBERS") }
        return members.compactMap { $0.text.flatMap { WorkerID($0) } }
    }

    /// Returns what a dead worker held to the queues, where it is served next, marked as redelivered; what nobody can
    /// read goes to the dead list. May be called at the same time by several, or again after it failed half-way: each
    /// message is returned once.
    ///
    /// - Parameters:
    ///   - worker: The worker, which must not run any more.
    ///   - queues: The queues that are served; a message that was sent to none of them goes to the first.
    /// - Returns: How many messages this call moved.
    /// - Throws: `RedisError`; what was not moved is still in the processing list.
    public func restoreProcessing(
        of worker: WorkerID, queues: [String] = [StudioKeys.defaultQueue]
    ) async throws -> Int {
        var moved = 0
        while true {
            let range = RedisCommand(
                "LRANGE", .text(keys.processing(worker)), 0, .integer(ReturnedMessages.batch - 1))
            guard let elements = try await client.send(range).array else { throw RedisReply.unexpected("LRANGE") }
            if elements.isEmpty { break }
            var returned = ReturnedMessages(keys: keys, queues: queues.isEmpty ? [StudioKeys.defaultQueue] : queues)
            for raw in elements.compactMap(\.bytes) {
                do throws(TaskMessageError) {
                    returned.requeue(try TaskMessage(decoding: raw), raw: raw)
                } catch {
                    returned.bury(raw: raw)
                }
            }
            moved += try await returned.apply(worker: worker, client: client)
        }
        _ = try await client.run(
            QueueScripts.retire, keys: [keys.processing(worker), keys.processingWorkers],
            arguments: [.text(worker.description)])
        return moved
    }

    /// The newest elements that were no messages, or messages nobody can read.
    ///
    /// - Parameter limit: How many at most; 1000 are kept.
    /// - Returns: The elements as they came, the newest first.
    /// - Throws: `RedisError`.
    public func deadMessages(limit: Int) async throws -> [[UInt8]] {
        guard limit > 0 else { return [] }
        let reply = try await client.send(RedisCommand("LRANGE", .text(keys.deadMessages), 0, .integer(limit - 1)))
        guard let elements = reply.array else { throw RedisReply.unexpected("LRANGE") }
        return elements.compactMap(\.bytes)
    }
}

/// How many messages wait in one list.
public struct QueueDepth: Sendable, Hashable {
    /// The queue's name.
    public let queue: String
    /// The priority step of the wire: 0, 3, 6 or 9; 0 is served first.
    public let wireStep: Int
    /// How many messages wait.
    public let count: Int
}
