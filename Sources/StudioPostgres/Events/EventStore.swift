import QueueProtocol

/// The durable events.
///
/// Their order is (transaction, id), and no reader goes past the oldest transaction that still runs: what becomes visible
/// later always comes later in the order, so a cursor never skips an event.
package struct EventStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// The events after a place, in order.
    ///
    /// - Parameters:
    ///   - scope: Whose.
    ///   - cursor: The last event that was read, or what `newest` gave.
    ///   - limit: How many at most; default 500.
    /// - Returns: The events; fewer than the limit means that there are no more for now.
    /// - Throws: `PostgresError`.
    package func read(
        _ scope: EventScope, after cursor: EventCursor, limit: Int = 500
    ) async throws -> [StoredEvent] {
        let parameters: [PostgresParameter] = [.uint64(cursor.transaction), .int64(cursor.id), .int(limit)]
        return try await database.withConnection { connection in
            let rows =
                switch scope {
                case .all: try connection.query(SQL.all, parameters)
                case .project(let project): try connection.query(SQL.ofProject, parameters + [.id(project)])
                case .job(let job): try connection.query(SQL.ofJob, parameters + [.id(job)])
                }
            return try rows.map { try StoredEvent($0) }
        }
    }

    /// The place after everything that may be read now.
    package func newest() async throws -> EventCursor {
        try await database.withConnection { connection in
            EventCursor(transaction: try connection.query(SQL.newest)[0].decode("horizon"), id: 0)
        }
    }

    /// Forgets events older than this; returns how many.
    package func purge(olderThan age: Duration = .seconds(7 * 86400)) async throws -> Int {
        try await database.withConnection { try $0.execute(SQL.purge, [.milliseconds(age)]) }
    }

    // Values stand in subselects: a planner that sees them plans every look anew, which costs more than the look, and comes
    // to the same plan.
    private enum SQL {
        private static let select = """
            SELECT e.xid, e.id, e.kind, e.tenant_id, e.project_id,
                   (SELECT p.name FROM projects p WHERE p.id = e.project_id) AS project_name, e.job_id, e.payload, e.created_at
            FROM events e
            WHERE (e.xid, e.id) > ((SELECT $1::xid8), (SELECT $2::bigint))
              AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
            """
        private static let order = "ORDER BY e.xid, e.id LIMIT (SELECT $3::bigint)"
        static let all = "\(select) \(order)"
        static let ofProject = "\(select) AND e.project_id = $4 \(order)"
        // The project's index leads to them; a job's events all lie in its project.
        static let ofJob = """
            \(select) AND e.project_id = (SELECT j.project_id FROM jobs j WHERE j.id = $4) AND e.job_id = $4 \(order)
            """
        static let newest = "SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon"
        static let purge = "DELETE FROM events WHERE created_at < now() - $1 * interval '1 millisecond'"
    }
}

extension StoredEvent {
    init(_ row: PostgresRow) throws(PostgresError) {
        cursor = EventCursor(transaction: try row.decode("xid"), id: try row.decode("id"))
        kind = try row.word("kind")
        tenant = try row.decode("tenant_id")
        project = try row.decode("project_id")
        projectName = try row.decode("project_name")
        job = try row.decode("job_id")
        payload = try row.decode("payload")
        at = try row.decode("created_at")
    }
}
