import QueueProtocol

extension TaskQueue {
    /// The most dead messages that are kept.
    public static let deadMessagesKept = ReturnedMessages.deadMessagesKept

    /// Puts a dead message at the end of a queue, where it is judged anew.
    ///
    /// - Parameters:
    ///   - raw: The message as it stands in the dead list.
    ///   - queue: The queue, for what names none that is served.
    ///   - queues: The queues that are served.
    /// - Returns: Whether it was still there.
    /// - Throws: `RedisError`.
    public func requeueDead(_ raw: [UInt8], to queue: String, among queues: [String]) async throws -> Bool {
        let message = try? TaskMessage(decoding: raw)
        let named = message.flatMap { queues.contains($0.routingKey) ? $0.routingKey : nil } ?? queue
        let list = keys.list(named, message?.priority ?? TaskPriority(wire: 0))
        return try await raise(raw, keys: [keys.deadMessages, list])
    }

    /// Forgets a dead message.
    ///
    /// - Parameter raw: The message as it stands in the dead list.
    /// - Returns: Whether it was still there.
    /// - Throws: `RedisError`.
    public func removeDead(_ raw: [UInt8]) async throws -> Bool {
        try await raise(raw, keys: [keys.deadMessages])
    }

    private func raise(_ raw: [UInt8], keys: [String]) async throws -> Bool {
        let reply = try await client.run(CeleryScripts.raise, keys: keys, arguments: [.bytes(raw), .bytes(raw)])
        guard let moved = reply.integer else { throw RedisReply.unexpected("EVALSHA") }
        return moved == 1
    }
}
