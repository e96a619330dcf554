package import FoundationEssentials
package import QueueProtocol

/// What the dispatcher asks: which jobs are owed a message.
extension JobStore {
    /// Marks queued, due jobs without a message as pushed and returns them: highest priority first, then oldest.
    ///
    /// A caller that dies before it pushed them is made good by `forgetStaleRunway`.
    ///
    /// - Parameters:
    ///   - limit: How many at most.
    ///   - age: How long ago they must have been admitted; leave new ones to those who submit them. Jobs that were
    ///     queued later than admitted, by the success of another or by a worker that gave them back, are taken at any
    ///     age: nobody else pushes them. Default zero.
    /// - Returns: What the messages are made from.
    /// - Throws: `PostgresError`.
    package func takeUnpushed(limit: Int, olderThan age: Duration = .zero) async throws -> [RunwayJob] {
        try await database.withConnection { connection in
            try connection.query(DispatchSQL.take, [.int(limit), .milliseconds(age)]).map { row in
                RunwayJob(
                    id: try row.decode("id"), queue: try row.decode("queue"), priority: try row.decode("priority"),
                    function: try row.decode("function"), attempt: try row.decode("attempt"),
                    round: try row.decode("round"), requestID: try row.decode("request_id"),
                    traceparent: try row.decode("traceparent"))
            }
        }
    }

    /// Notes that these jobs were pushed as soon as they were committed.
    ///
    /// Fenced by attempt and round, so that a late note never hides a job that is queued anew. Not waited for on disk:
    /// a note lost with the server means one message twice, which is harmless.
    ///
    /// - Parameter jobs: What was pushed.
    /// - Throws: `PostgresError`.
    package func markPushed(_ jobs: [RunwayJob]) async throws {
        guard !jobs.isEmpty else { return }
        let parameters: [PostgresParameter] = [
            .ids(jobs.map(\.id)), .ints(jobs.map(\.attempt)), .ints(jobs.map(\.round)),
        ]
        _ = try await database.withConnection { try $0.execute(DispatchSQL.mark, parameters) }
    }

    /// Owes every queued job its message again, after Redis came back empty; returns how many.
    package func forgetRunway() async throws -> Int {
        try await database.withConnection { try $0.execute(DispatchSQL.forget, [.milliseconds(.zero), .null]) }
    }

    /// Owes jobs of these queues their message again that were pushed long ago and not claimed; returns how many.
    package func forgetStaleRunway(olderThan age: Duration, queues: [String]) async throws -> Int {
        try await database.withConnection { try $0.execute(DispatchSQL.forget, [.milliseconds(age), .texts(queues)]) }
    }

    /// When the next job that waits for its time is due; nil where none waits.
    package func nextDue() async throws -> Date? {
        try await database.withConnection { connection in
            try connection.query(DispatchSQL.nextDue).first.flatMap { try $0.decode("due", as: Date?.self) }
        }
    }

    /// Queued jobs whose message was pushed, by id: the audit holds them against what Redis has.
    package func onRunway(limit: Int, after: JobID? = nil) async throws -> [JobID] {
        try await database.withConnection { connection in
            try connection.query(DispatchSQL.onRunway, [.id(after), .int(limit)]).map { try $0.decode("id") }
        }
    }

    private enum DispatchSQL {
        static let take = """
            WITH unpushed AS (
                SELECT id FROM jobs
                WHERE state = 'queued' AND pushed_at IS NULL
                  AND (queued_at <= now() - $2 * interval '1 millisecond' OR queued_at > created_at OR attempt > 0)
                  AND (not_before IS NULL OR not_before <= now())
                ORDER BY priority DESC, queued_at, id LIMIT $1
                FOR UPDATE SKIP LOCKED
            ), taken AS (
                UPDATE jobs j SET pushed_at = now() FROM unpushed u WHERE j.id = u.id
                RETURNING j.id, j.queue, j.priority, j.function, j.attempt, j.round, j.request_id, j.traceparent,
                          j.queued_at
            )
            SELECT * FROM taken ORDER BY priority DESC, queued_at, id
            """
        static let mark = """
            WITH hint AS (SELECT set_config('synchronous_commit', 'off', true)), pushed AS (
                SELECT * FROM unnest($1::uuid[], $2::integer[], $3::integer[]) AS p (id, attempt, round), hint
            )
            UPDATE jobs j SET pushed_at = now() FROM pushed p
            WHERE j.id = p.id AND j.attempt = p.attempt AND j.round = p.round
              AND j.state = 'queued' AND j.pushed_at IS NULL
            """
        static let forget = """
            UPDATE jobs SET pushed_at = NULL
            WHERE state = 'queued' AND pushed_at IS NOT NULL AND pushed_at <= now() - $1 * interval '1 millisecond'
              AND ($2::text[] IS NULL OR queue = ANY ($2))
            """
        static let nextDue = """
            SELECT min(not_before) AS due FROM jobs WHERE state = 'queued' AND pushed_at IS NULL AND not_before > now()
            """
        static let onRunway = """
            SELECT id FROM jobs
            WHERE state = 'queued' AND pushed_at IS NOT NULL AND ($1::uuid IS NULL OR id > $1)
            ORDER BY id LIMIT $2
            """
    }
}
