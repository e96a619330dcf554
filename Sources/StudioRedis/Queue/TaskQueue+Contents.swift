import QueueProtocol

extension TaskQueue {
    /// Elements read at a time.
    private static let page = 1000

    /// How many messages workers have taken and not acknowledged.
    ///
    /// - Throws: `RedisError`.
    public func processingDepth() async throws -> Int {
        let workers = try await workersWithMessages()
        guard !workers.isEmpty else { return 0 }
        let replies = try await client.pipeline(workers.map { RedisCommand("LLEN", .text(keys.processing($0))) })
        return try replies.reduce(0) { sum, reply in
            guard let count = try reply.get().integer else { throw RedisReply.unexpected("LLEN") }
            return sum + count
        }
    }

    /// The ids of the tasks that wait in some queues or are taken by a worker.
    ///
    /// The queues are read before what workers took: a message that is taken meanwhile is found there.
    ///
    /// - Parameter queues: The queues' names.
    /// - Returns: The ids; what nobody can read has none.
    /// - Throws: `RedisError`.
    public func taskIDs(in queues: [String]) async throws -> Set<String> {
        var found: Set<String> = []
        for list in keys.lists(queues) { try await read(list, into: &found) }
        for worker in try await workersWithMessages() { try await read(keys.processing(worker), into: &found) }
        return found
    }

    private func read(_ list: String, into found: inout Set<String>) async throws {
        // From the right, where the oldest is: what is put on meanwhile does not move it, what is taken moves others nearer.
        var end = -1
        while true {
            let range = RedisCommand("LRANGE", .text(list), .integer(end - Self.page + 1), .integer(end))
            guard let elements = try await client.send(range).array else { throw RedisReply.unexpected("LRANGE") }
            for raw in elements.compactMap(\.bytes) {
                if let message = try? TaskMessage(decoding: raw) { found.insert(message.id) }
            }
            guard elements.count == Self.page else { return }
            // A page again in part, for what was taken meanwhile has moved the rest.
            end -= Self.page / 2
        }
    }
}
