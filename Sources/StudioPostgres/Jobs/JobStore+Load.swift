package import FoundationEssentials
package import QueueProtocol
package import StudioCore

/// What waits and runs in one queue.
package struct QueueLoad: Sendable, Hashable {
    package var queue: String
    /// Jobs that are ready or may be later (`notBefore`), and not claimed.
    package var queued: Int
    package var running: Int
    /// Since when the oldest job that is ready has been queued; nil where none is.
    package var oldestReadyAt: Date?
}

/// How many jobs of one state a queue has.
package struct JobCount: Sendable, Hashable {
    package var state: JobState
    package var queue: String
    package var count: Int
}

/// Sums over many jobs, for operators.
extension JobStore {
    /// What waits and runs, by queue; queues with neither are left out.
    ///
    /// - Parameter tenant: Whose jobs are counted; default everybody's.
    /// - Returns: The queues by name.
    /// - Throws: `PostgresError`.
    package func load(of tenant: TenantID? = nil) async throws -> [QueueLoad] {
        try await database.withConnection { connection in
            try connection.query(LoadSQL.load, [.id(tenant)]).map { row in
                QueueLoad(
                    queue: try row.decode("queue"), queued: try row.decode("queued"),
                    running: try row.decode("running"), oldestReadyAt: try row.decode("oldest"))
            }
        }
    }

    /// How many jobs there are in each state and queue. Reads every job: not for every request.
    package func counts() async throws -> [JobCount] {
        try await database.withConnection { connection in
            try connection.query(LoadSQL.counts).map { row in
                JobCount(
                    state: try row.word("state"), queue: try row.decode("queue"), count: try row.decode("jobs"))
            }
        }
    }

    private enum LoadSQL {
        static let load = """
            SELECT queue, count(*) FILTER (WHERE state = 'queued') AS queued,
                   count(*) FILTER (WHERE state = 'running') AS running,
                   min(queued_at) FILTER (WHERE state = 'queued' AND (not_before IS NULL OR not_before <= now()))
                       AS oldest
            FROM jobs WHERE state IN ('queued', 'running') AND finished_at IS NULL AND ($1::uuid IS NULL OR tenant_id = $1)
            GROUP BY queue ORDER BY queue
            """
        static let counts = "SELECT state, queue, count(*) AS jobs FROM jobs GROUP BY state, queue"
    }
}
