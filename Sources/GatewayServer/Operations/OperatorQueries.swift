import FoundationEssentials
import QueueProtocol
import StudioPostgres

/// What operators ask of the database and no store answers: sums over all tenants.
struct OperatorQueries: Sendable {
    /// What waits in a queue.
    struct Backlog: Sendable {
        let queue: String
        let queued: Int
        let running: Int
        let oldestQueuedAt: Date?
    }

    let database: Database

    /// What waits and runs, by queue.
    ///
    /// - Throws: `PostgresError`.
    func backlog() async throws -> [Backlog] {
        try await database.withConnection { connection in
            try connection.query(
                """
                SELECT queue, count(*) FILTER (WHERE state = 'queued') AS queued,
                       count(*) FILTER (WHERE state = 'running') AS running,
                       min(queued_at) FILTER (WHERE state = 'queued' AND (not_before IS NULL OR not_before <= now()))
                           AS oldest
                FROM jobs WHERE state IN ('queued', 'running') GROUP BY queue ORDER BY queue
                """
            ).map { row in
                Backlog(
                    queue: try row.decode("queue"), queued: try row.decode("queued"),
                    running: try row.decode("running"),
                    oldestQueuedAt: try row.decode("oldest"))
            }
        }
    }

    /// Every project that is seen, of all tenants.
    ///
    /// - Throws: `PostgresError`.
    func projects() async throws -> [ProjectID] {
        try await database.withConnection { connection in
            try connection.query("SELECT id FROM projects WHERE scaffolded_at IS NOT NULL ORDER BY id")
                .map { try $0.decode("id") }
        }
    }
}
