import StudioCore

/// Queues that nothing is started from. What runs goes on; what stands on the runway already is refused by the claim and
/// goes back to the backlog.
package struct QueuePauses: Sendable {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    /// Pauses or resumes a queue; doing it again changes nothing.
    ///
    /// - Parameters:
    ///   - queue: The queue's name; one that nobody uses may be paused too.
    ///   - isPaused: Whether nothing of it is started from now on.
    ///   - author: Who asks, for the log of actions; default nobody.
    /// - Throws: `PostgresError`.
    package func set(_ queue: String, isPaused: Bool, by author: ActionAuthor? = nil) async throws {
        try await database.transaction { connection in
            guard try connection.execute(isPaused ? SQL.pause : SQL.resume, [.text(queue)]) == 1 else { return }
            try ActionLog.write(
                Action(isPaused ? .queuePaused : .queueResumed, of: queue), by: author, on: connection)
        }
    }

    /// The queues that are paused.
    package func names() async throws -> Set<String> {
        try await database.withConnection { connection in
            Set(try connection.query(SQL.names).map { try $0.decode("queue", as: String.self) })
        }
    }

    private enum SQL {
        static let pause = "INSERT INTO queue_pauses (queue) VALUES ($1) ON CONFLICT DO NOTHING"
        static let resume = "DELETE FROM queue_pauses WHERE queue = $1"
        static let names = "SELECT queue FROM queue_pauses"
    }
}
