package import Logging

/// Events carry numbers of the server that wrote them. In a database that was restored into another server these may be
/// numbers that are still to come there: nobody could read them, and what happens next would stand before them.
extension EventStore {
    /// Puts events that another server wrote before all that happens from now on; costs one look where there are none.
    ///
    /// Their order becomes that of their ids: of one job it is the order in which they happened, and what followed from
    /// something stands behind it.
    ///
    /// - Parameter log: Where it is told.
    /// - Throws: `PostgresError`.
    package func takeOver(_ log: Logger) async throws {
        let moved = try await database.transaction { connection -> Int in
            guard try connection.query(SQL.isForeign)[0].decode("found") as Bool else { return 0 }
            // Of programs that start at once one does it.
            try connection.execute(SQL.lock)
            guard try connection.query(SQL.isForeign)[0].decode("found") as Bool else { return 0 }
            let timeout = connection.answerTimeout
            defer { connection.answerTimeout = timeout }
            connection.answerTimeout = nil
            try connection.script("SET LOCAL statement_timeout = 0")
            return try connection.execute(SQL.move)
        }
        if moved > 0 {
            log.notice(
                "the database comes from another server: its events were put before all that comes",
                metadata: ["events": "\(moved)"])
        }
    }

    /// Whether a place may be one in this server's order; one beyond all transactions is from before a restore.
    ///
    /// - Parameter cursor: The place.
    /// - Returns: False where no event up to now can have had it.
    /// - Throws: `PostgresError`.
    package func mayHaveTold(_ cursor: EventCursor) async throws -> Bool {
        try await database.withConnection { connection in
            try connection.query(SQL.isPast, [.uint64(cursor.transaction)])[0].decode("found")
        }
    }

    private enum SQL {
        // What a statement sees was written by transactions below its snapshot's end, on this server.
        static let isForeign = """
            SELECT EXISTS (SELECT FROM events WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())) AS found
            """
        static let isPast = "SELECT $1::xid8 < pg_snapshot_xmax(pg_current_snapshot()) AS found"
        static let lock = "SELECT pg_advisory_xact_lock(hashtextextended('events-taken-over', 0))"
        // 3 is the first number that a server gives; each event has an id of its own.
        static let move = "UPDATE events SET xid = '3' WHERE xid <> '3'"
    }
}
