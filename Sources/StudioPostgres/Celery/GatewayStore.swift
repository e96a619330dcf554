package import QueueProtocol

/// The gateways that take messages, by their signs of life.
package struct GatewayStore: Sendable {
    private let database: Database

    /// The gateways of a database.
    ///
    /// - Parameter database: Where they are kept.
    package init(_ database: Database) { self.database = database }

    /// Notes that a gateway lives.
    ///
    /// - Parameter id: What its messages are held by.
    /// - Throws: `PostgresError`.
    package func touch(_ id: WorkerID) async throws {
        _ = try await database.withConnection { try $0.execute(SQL.touch, [.id(id)]) }
    }

    /// Forgets a gateway that stops.
    ///
    /// - Parameter id: What its messages were held by.
    /// - Throws: `PostgresError`; then it counts as gone after its silence.
    package func leave(_ id: WorkerID) async throws {
        _ = try await database.withConnection { try $0.execute(SQL.leave, [.id(id)]) }
    }

    /// The gateways that gave a sign of life lately, by the database's clock.
    ///
    /// - Parameter silence: How long ago at most.
    /// - Returns: What their messages are held by.
    /// - Throws: `PostgresError`.
    package func alive(within silence: Duration) async throws -> Set<WorkerID> {
        try await database.withConnection { connection in
            Set(try connection.query(SQL.alive, [.milliseconds(silence)]).map { try $0.decode("id") })
        }
    }

    /// Forgets gateways that were seen last a day ago.
    ///
    /// - Returns: How many.
    /// - Throws: `PostgresError`.
    package func purge() async throws -> Int {
        try await database.withConnection { try $0.execute(SQL.purge) }
    }

    private enum SQL {
        static let touch = """
            INSERT INTO gateways (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET seen_at = now()
            """
        static let leave = "DELETE FROM gateways WHERE id = $1"
        static let alive = "SELECT id FROM gateways WHERE seen_at > now() - $1 * interval '1 millisecond'"
        static let purge = "DELETE FROM gateways WHERE seen_at < now() - interval '1 day'"
    }
}
