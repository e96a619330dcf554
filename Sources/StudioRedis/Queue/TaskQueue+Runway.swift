public import QueueProtocol

/// Whether what was put on the queues can still be there.
public enum RunwayState: Sendable, Hashable {
    /// The server is the one that the runway was laid on.
    case laid
    /// The server was started since, empty or from an older snapshot, or its data was flushed: messages may be missing.
    /// Put on again what PostgreSQL says is queued, then call ``TaskQueue/markRunway(_:)`` with the server's run.
    case missing(run: ServerRun)
}

/// One run of a Redis server, from its start to its end.
public struct ServerRun: Sendable, Hashable {
    let id: String
}

extension TaskQueue {
    /// How long what was handed to a worker is kept for it, in seconds: by then it was put on the runway again long since.
    private static let handedFor = 60

    /// Hands messages to workers, each to one that takes them before all else.
    ///
    /// - Parameter messages: The messages and their workers.
    /// - Throws: `RedisError`; some may then have been handed over all the same, which is harmless.
    public func hand(_ messages: [(message: TaskMessage, worker: WorkerID)]) async throws {
        let replies = try await client.pipeline(
            messages.flatMap { message, worker in
                [
                    RedisCommand("LPUSH", .text(keys.handed(worker)), .bytes(message.encoded())),
                    RedisCommand("EXPIRE", .text(keys.handed(worker)), .integer(Self.handedFor)),
                ]
            })
        for reply in replies { _ = try reply.get() }
    }

    /// Looks whether the server lost messages since the runway was laid.
    ///
    /// The mark holds the id of the server's run rather than a mere flag: a server that came back from a snapshot has
    /// the flag and not the messages.
    ///
    /// - Returns: What was found.
    /// - Throws: `RedisError`.
    public func runway() async throws -> RunwayState {
        let replies = try await client.pipeline([
            RedisCommand("INFO", "server"), RedisCommand("GET", .text(keys.runwayMark)),
        ])
        let lines = try replies[0].get().text?.split(whereSeparator: \.isNewline) ?? []
        guard let line = lines.first(where: { $0.hasPrefix("run_id:") }) else { throw RedisReply.unexpected("INFO") }
        let run = ServerRun(id: String(line.dropFirst("run_id:".count)))
        return try replies[1].get().text == run.id ? .laid : .missing(run: run)
    }

    /// Marks the runway as laid. If the server was restarted since ``runway()`` looked, the mark names the former run and
    /// the next look finds the runway missing again.
    ///
    /// - Parameter run: The run that `runway()` returned.
    /// - Throws: `RedisError`.
    public func markRunway(_ run: ServerRun) async throws {
        _ = try await client.send(RedisCommand("SET", .text(keys.runwayMark), .text(run.id)))
    }
}
