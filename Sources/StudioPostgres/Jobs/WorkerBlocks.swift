package import FoundationEssentials
package import QueueProtocol
package import StudioCore

/// A function that a worker is not given because it failed it again and again.
package struct WorkerBlock: Sendable, Hashable {
    package var worker: WorkerID
    package var workerName: String
    package var function: String
    /// How often in a row it failed.
    package var failures: Int
    /// With what it failed last.
    package var lastCode: FailureCode
    package var blockedAt: Date
}

/// The functions that workers are not given. A worker that fails a function three times in a row, in a way that may be
/// its own fault, is not given it again until an operator says so, it succeeds after all with what it still runs, or
/// another worker succeeds with what it began after the block and the block's wait.
///
/// The wait is a minute, and doubles up to an hour each time the worker is blocked again: a worker that is broken while all
/// others are well would else be let back in at once.
package struct WorkerBlockStore: Sendable {
    /// How many failures in a row block.
    static let most = 3

    let database: Database

    package init(_ database: Database) { self.database = database }

    /// The functions that workers which have not stopped are not given, by worker and function.
    ///
    /// - Parameters:
    ///   - limit: How many at most.
    ///   - after: The last of the page before.
    /// - Returns: The blocks.
    /// - Throws: `PostgresError`.
    package func list(limit: Int = 50, after: (worker: WorkerID, function: String)? = nil) async throws -> [WorkerBlock]
    {
        let parameters: [PostgresParameter] = [.id(after?.worker), .text(after?.function), .int(limit)]
        return try await database.withConnection { connection in
            try connection.query(SQL.list, parameters).map { row in
                WorkerBlock(
                    worker: try row.decode("worker_id"), workerName: try row.decode("name"),
                    function: try row.decode("function"), failures: try row.decode("failures"),
                    lastCode: try row.word("last_code"), blockedAt: try row.decode("blocked_at"))
            }
        }
    }

    /// Lets a worker have a function again, and forgets its failures.
    ///
    /// - Parameters:
    ///   - worker: The worker.
    ///   - function: The function's name.
    ///   - author: Who asks, for the log of actions; default nobody.
    /// - Returns: Whether it was blocked.
    /// - Throws: `PostgresError`.
    package func clear(_ worker: WorkerID, function: String, by author: ActionAuthor? = nil) async throws -> Bool {
        try await database.transaction { connection in
            let rows = try connection.query(SQL.clear, [.id(worker), .text(function)])
            guard try rows.first?.decode("was_blocked") ?? false else { return false }
            try ActionLog.write(
                Action(.workerUnblocked, of: worker, detail: ["function": .string(function)]), by: author,
                on: connection)
            return true
        }
    }

    /// Forgets what is known of workers that are gone; returns how many rows.
    package func purge() async throws -> Int {
        try await database.withConnection { try $0.execute(SQL.purge) }
    }

    /// What an attempt says of its worker.
    struct Verdict: Sendable {
        var worker: WorkerID
        var function: String
        /// Nil for a success.
        var failure: FailureCode?
        /// When the attempt began.
        var startedAt: Date
    }

    /// Takes in what attempts that end in this transaction say of their workers: successes first.
    ///
    /// - Parameters:
    ///   - verdicts: What they say; a failure that says nothing of its worker is left out by this.
    ///   - connection: The transaction.
    /// - Returns: The functions that a worker is not given from now on.
    /// - Throws: `PostgresError`.
    static func note(_ verdicts: [Verdict], on connection: PostgresConnection) throws -> [String] {
        let successes = verdicts.filter { $0.failure == nil }
        if !successes.isEmpty {
            try connection.execute(
                SQL.succeed,
                [
                    .ids(successes.map(\.worker)), .texts(successes.map(\.function)),
                    .texts(successes.map { Timestamp.text($0.startedAt) }),
                ])
        }
        let failures = verdicts.filter { $0.failure?.speaksAgainstWorker ?? false }
        guard !failures.isEmpty else { return [] }
        let parameters: [PostgresParameter] = [
            .ids(failures.map(\.worker)), .texts(failures.map(\.function)),
            .texts(failures.map { $0.failure?.rawValue ?? "" }), .int(most),
        ]
        return try connection.query(SQL.fail, parameters).compactMap { try $0.decode("function", as: String?.self) }
    }

    private enum SQL {
        static let list = """
            SELECT b.worker_id, w.name, b.function, b.failures, b.last_code, b.blocked_at
            FROM worker_blocks b JOIN workers w ON w.id = b.worker_id
            WHERE b.blocked_at IS NOT NULL AND w.state <> 'stopped'
              AND ($1::uuid IS NULL OR (b.worker_id, b.function) > ($1, $2))
            ORDER BY b.worker_id, b.function LIMIT $3
            """
        static let clear = """
            DELETE FROM worker_blocks WHERE worker_id = $1 AND function = $2
            RETURNING blocked_at IS NOT NULL AS was_blocked
            """
        static let purge = """
            DELETE FROM worker_blocks b WHERE b.failed_at < now() - interval '1 hour' AND NOT EXISTS (
                SELECT FROM workers w
                WHERE w.id = b.worker_id AND w.state <> 'stopped' AND w.seen_at > now() - interval '1 hour')
            """
        static let succeed = """
            UPDATE worker_blocks b SET failures = 0, blocked_at = NULL,
                times = CASE WHEN b.worker_id = s.worker_id THEN 0 ELSE b.times END
            FROM (
                SELECT worker_id, function, max(started_at) AS started_at
                FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS u (worker_id, function, started_at)
                GROUP BY worker_id, function
            ) s
            WHERE b.function = s.function AND b.failures > 0 AND (b.worker_id = s.worker_id
                OR s.started_at > b.blocked_at
                    + least(interval '1 hour', interval '1 minute' * power(2, least(b.times - 1, 6))))
            """
        static let fail = """
            INSERT INTO worker_blocks AS b (worker_id, function, failures, last_code, blocked_at, times)
            SELECT worker_id, function, count(*), max(code), CASE WHEN count(*) >= $4 THEN now() END,
                   CASE WHEN count(*) >= $4 THEN 1 ELSE 0 END
            FROM unnest($1::uuid[], $2::text[], $3::text[]) AS f (worker_id, function, code)
            GROUP BY worker_id, function ORDER BY worker_id, function
            ON CONFLICT (worker_id, function) DO UPDATE SET
                failures = b.failures + excluded.failures, last_code = excluded.last_code, failed_at = now(),
                blocked_at = CASE WHEN b.failures + excluded.failures >= $4
                    THEN coalesce(b.blocked_at, now()) END,
                times = b.times
                    + CASE WHEN b.blocked_at IS NULL AND b.failures + excluded.failures >= $4 THEN 1 ELSE 0 END
            RETURNING CASE WHEN b.blocked_at = now() THEN b.function END AS function
            """
    }
}
