package import FoundationEssentials
package import QueueProtocol

/// How a queue was in one minute.
package struct QueueMinute: Sendable, Hashable {
    package var queue: String
    /// When the minute began.
    package var minute: Date
    /// As it was seen once in the minute; nil where no gateway looked.
    package var queued: Int?
    package var running: Int?
    /// How long the oldest queued job that was ready had waited; nil where none did.
    package var oldestSeconds: Double?
    /// What ended in the minute.
    package var succeeded: Int
    package var failed: Int
    package var cancelled: Int

    package init(
        queue: String, minute: Date, queued: Int? = nil, running: Int? = nil, oldestSeconds: Double? = nil,
        succeeded: Int = 0, failed: Int = 0, cancelled: Int = 0
    ) {
        self.queue = queue
        self.minute = minute
        self.queued = queued
        self.running = running
        self.oldestSeconds = oldestSeconds
        self.succeeded = succeeded
        self.failed = failed
        self.cancelled = cancelled
    }
}

/// How the queues went, minute by minute: every gateway looks, the first in a minute writes it, and old minutes are
/// forgotten, so that it is as much as there are queues.
package struct QueueHistory: Sendable {
    /// Minutes that are told of.
    package static let minutes = 60

    private let database: Database

    /// The history in a database.
    package init(_ database: Database) { self.database = database }

    /// Notes how the queues are, where nobody has in this minute, and what has ended in the minutes since the last look.
    ///
    /// What ended counts for the minute in which its transaction began; the two minutes before are counted anew with each
    /// look, for those that took long. After an hour without a look an hour is counted.
    ///
    /// - Parameter now: The time; default the database's.
    /// - Returns: Whether this was the minute's look.
    /// - Throws: `PostgresError`.
    @discardableResult
    package func look(at now: Date? = nil) async throws -> Bool {
        try await database.transaction { connection in
            // Of two at once the second waits here, and finds that the first has looked.
            guard try connection.execute(SQL.begin, [.date(now)]) == 1 else { return false }
            try connection.execute(SQL.see, [.date(now)])
            try connection.execute(SQL.count, [.date(now)])
            return true
        }
    }

    /// Forgets minutes that nobody asks for any more.
    ///
    /// - Parameter now: The time; default the database's.
    /// - Returns: How many rows.
    /// - Throws: `PostgresError`.
    package func purge(at now: Date? = nil) async throws -> Int {
        try await database.transaction { connection in
            try connection.execute(SQL.purgeLooks, [.date(now)])
            return try connection.execute(SQL.purgeMinutes, [.date(now)])
        }
    }

    /// The last hour's minutes, by queue and time: every minute that was looked at, and of others what ended in them.
    ///
    /// - Parameters:
    ///   - tenant: Whose jobs; nil is everybody's.
    ///   - now: The time; default the database's.
    /// - Returns: The minutes.
    /// - Throws: `PostgresError`.
    package func read(of tenant: TenantID? = nil, at now: Date? = nil) async throws -> [QueueMinute] {
        try await database.withConnection { connection in
            try connection.query(SQL.read(ofAll: tenant == nil), [.date(now), .id(tenant)]).map { row in
                QueueMinute(
                    queue: try row.decode("queue"), minute: try row.decode("minute"), queued: try row.decode("queued"),
                    running: try row.decode("running"), oldestSeconds: try row.decode("oldest"),
                    succeeded: try row.decode("succeeded"), failed: try row.decode("failed"),
                    cancelled: try row.decode("cancelled"))
            }
        }
    }

    private enum SQL {
        private static let now = "coalesce($1::timestamptz, now())"
        private static let minute = "date_trunc('minute', \(now), 'UTC')"
        private static let hour = "interval '\(QueueHistory.minutes) minutes'"
        static let begin = "INSERT INTO queue_looks (minute) VALUES (\(minute)) ON CONFLICT DO NOTHING"
        private static let oldest = """
            min(queued_at) FILTER (WHERE state = 'queued' AND (not_before IS NULL OR not_before <= \(now)))
            """
        static let see = """
            INSERT INTO queue_minutes AS m (tenant_id, minute, queue, queued, running, oldest_seconds)
            SELECT tenant_id, \(minute), queue, count(*) FILTER (WHERE state = 'queued'),
                count(*) FILTER (WHERE state = 'running'),
                greatest(extract(epoch FROM \(now) - \(oldest)), CASE WHEN \(oldest) IS NOT NULL THEN 0 END)
            FROM jobs WHERE state IN ('queued', 'running') AND finished_at IS NULL
            GROUP BY tenant_id, queue ORDER BY tenant_id, queue
            ON CONFLICT (tenant_id, minute, queue) DO UPDATE SET
                queued = excluded.queued, running = excluded.running, oldest_seconds = excluded.oldest_seconds
            """
        static let count = """
            INSERT INTO queue_minutes AS m (tenant_id, minute, queue, succeeded, failed, cancelled)
            SELECT tenant_id, date_trunc('minute', finished_at, 'UTC') AS minute, queue,
                count(*) FILTER (WHERE state = 'succeeded'), count(*) FILTER (WHERE state = 'failed'),
                count(*) FILTER (WHERE state = 'cancelled')
            FROM jobs
            WHERE finished_at >= greatest(\(minute) - \(hour),
                    coalesce((SELECT max(l.minute) FROM queue_looks l WHERE l.minute < \(minute)), '-infinity')
                    - interval '2 minutes')
              AND finished_at < \(minute) + interval '1 minute'
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            ON CONFLICT (tenant_id, minute, queue) DO UPDATE SET
                succeeded = excluded.succeeded, failed = excluded.failed, cancelled = excluded.cancelled
            """
        static let purgeLooks = "DELETE FROM queue_looks WHERE minute < \(minute) - 2 * \(hour)"
        static let purgeMinutes = "DELETE FROM queue_minutes WHERE minute < \(minute) - 2 * \(hour)"

        // A minute that was looked at and has no row of a queue: nothing waited, and nothing ended.
        static func read(ofAll: Bool) -> String {
            """
            WITH known AS MATERIALIZED (
                SELECT queue, minute, sum(queued) AS queued, sum(running) AS running, max(oldest_seconds) AS oldest,
                    sum(succeeded) AS succeeded, sum(failed) AS failed, sum(cancelled) AS cancelled
                FROM queue_minutes
                WHERE minute > \(minute) - \(hour) AND minute <= \(minute)\(ofAll ? "" : " AND tenant_id = $2")
                GROUP BY queue, minute
            ), looks AS (
                SELECT minute FROM queue_looks WHERE minute > \(minute) - \(hour) AND minute <= \(minute)
            ), seen AS (
                SELECT q.queue, l.minute FROM (SELECT DISTINCT queue FROM known) q CROSS JOIN looks l
            )
            SELECT queue, minute, coalesce(k.queued, CASE WHEN s.minute IS NOT NULL THEN 0 END) AS queued,
                coalesce(k.running, CASE WHEN s.minute IS NOT NULL THEN 0 END) AS running, k.oldest,
                coalesce(k.succeeded, 0) AS succeeded, coalesce(k.failed, 0) AS failed,
                coalesce(k.cancelled, 0) AS cancelled
            FROM known k FULL JOIN seen s USING (queue, minute)
            WHERE $2::uuid IS NULL OR true
            ORDER BY queue, minute
            """
        }
    }
}
