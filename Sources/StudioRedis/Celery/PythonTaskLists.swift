import QueueProtocol

/// The messages of tasks for Python workers, in the lists that those workers take them from.
struct PythonTaskLists: Sendable {
    /// Elements read at a time.
    private static let page = 1000

    /// Puts the message ARGV[1] on the list KEYS[1], unless the mark KEYS[2] says that it was; the mark lasts ARGV[2] s.
    /// The answer to a push may be lost, and a second message would be a second run.
    private static let send = RedisScript(
        """
        if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
        redis.call('LPUSH', KEYS[1], ARGV[1])
        redis.call('SET', KEYS[2], '1', 'EX', ARGV[2])
        return 1
        """)
    private static let markSeconds = 86_400

    let client: RedisClient
    let keys: StudioKeys

    /// Puts a message on its list, once however often this is called.
    func send(_ message: TaskMessage) async throws {
        _ = try await client.run(
            Self.send, keys: [keys.list(message.routingKey, message.priority), keys.sentMark(message.id)],
            arguments: [.bytes(message.encoded()), .integer(Self.markSeconds)])
    }

    /// Which of the messages stand in their lists as they were sent.
    ///
    /// - Returns: One answer for each message, in their order.
    func stand(_ messages: [(list: String, raw: [UInt8])]) async throws -> [Bool] {
        try await client.pipeline(messages.map { RedisCommand("LPOS", .text($0.list), .bytes($0.raw)) })
            .map { try $0.get().integer != nil }
    }

    /// The tasks that stand in a queue, in whatever words: a worker that gives a message back marks it.
    func tasks(in queue: String) async throws -> Set<String> {
        var found: Set<String> = []
        try await read(queue) { _, message, _ in found.insert(message.id) }
        return found
    }

    /// Takes messages out of a queue.
    ///
    /// - Parameters:
    ///   - tasks: The tasks' ids.
    ///   - queue: The queue.
    /// - Returns: The tasks whose messages were there; nobody can begin them any more.
    /// - Throws: `RedisError`.
    func withdraw(_ tasks: Set<String>, from queue: String) async throws -> Set<String> {
        var found: [(list: String, id: String, raw: [UInt8])] = []
        try await read(queue) { list, message, raw in
            if tasks.contains(message.id) { found.append((list, message.id, raw)) }
        }
        guard !found.isEmpty else { return [] }
        let removed = try await client.pipeline(
            found.map { RedisCommand("LREM", .text($0.list), 0, .bytes($0.raw)) })
        return Set(try zip(found, removed).filter { try ($1.get().integer ?? 0) > 0 }.map(\.0.id))
    }

    private func read(_ queue: String, _ visit: (String, TaskMessage, [UInt8]) -> Void) async throws {
        for list in keys.lists(queue) {
            // From the right, where the oldest is: what is put on meanwhile does not move it.
            var end = -1
            while true {
                let range = RedisCommand("LRANGE", .text(list), .integer(end - Self.page + 1), .integer(end))
                guard let elements = try await client.send(range).array else { throw RedisReply.unexpected("LRANGE") }
                for raw in elements.compactMap(\.bytes) {
                    if let message = try? TaskMessage(decoding: raw) { visit(list, message, raw) }
                }
                guard elements.count == Self.page else { break }
                // A page again in part, for what was taken meanwhile has moved the rest.
                end -= Self.page / 2
            }
        }
    }
}
