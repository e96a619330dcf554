import QueueProtocol

/// How messages leave a processing list other than by being acknowledged: back to the queue they were sent to, marked
/// as redelivered, or to the dead list.
struct ReturnedMessages {
    /// How many dead messages are kept; the oldest go first.
    static let deadMessagesKept = 1000
    /// How many messages are moved in one call of the server.
    static let batch = 256

    private let keys: StudioKeys
    private let queues: [String]
    private var targets: [String] = []
    private var arguments: [RedisArgument] = [.integer(Self.deadMessagesKept)]

    /// A message that was sent to none of the served queues, by way of an exchange with other routing keys, goes to the
    /// first, where it is sure to be found.
    init(keys: StudioKeys, queues: [String]) {
        self.keys = keys
        self.queues = queues
    }

    /// Puts a message back where it is taken from next.
    mutating func requeue(_ message: TaskMessage, raw: [UInt8]) {
        let queue = queues.contains(message.routingKey) ? message.routingKey : queues[0]
        let list = keys.list(queue, message.priority)
        let index = targets.firstIndex(of: list) ?? targets.endIndex
        if index == targets.endIndex { targets.append(list) }
        arguments += [.bytes(raw), .bytes(message.redelivered().encoded()), .integer(index + 1)]
    }

    /// Puts a message where people can look at it.
    mutating func bury(raw: [UInt8]) { arguments += [.bytes(raw), .bytes(raw), 0] }

    /// Moves them; what is not in the processing list any more is left alone.
    func apply(worker: WorkerID, client: RedisClient) async throws -> Int {
        let reply = try await client.run(
            QueueScripts.giveBack, keys: [keys.processing(worker), keys.deadMessages] + targets, arguments: arguments)
        guard let moved = reply.integer else { throw RedisReply.unexpected("EVALSHA") }
        return moved
    }
}
