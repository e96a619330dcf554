import QueueProtocol
import StudioPostgres

/// A job this gateway has just committed, on its way to the runway.
struct FreshJob: Sendable {
    let id: JobID
    let attempt: Int
    let round: Int
    let message: TaskMessage

    init(_ job: JobRecord) {
        id = job.id
        attempt = job.attempt
        round = job.round
        message = .render(
            job: job.id, queue: job.queue, priority: TaskPriority(urgency: job.priority), traceparent: job.traceparent,
            origin: Dispatcher.origin)
    }
}

/// Notes in PostgreSQL that jobs were pushed as soon as they were committed.
struct PushedNotes: Sendable {
    let database: Database

    /// Notes it. Fenced by attempt and round, so that a late note never hides a job that is queued anew. Not waited for
    /// on disk: a note lost with the server means one message twice, which is harmless.
    ///
    /// - Parameter batch: What was pushed.
    /// - Throws: `PostgresError`.
    func note(_ batch: [FreshJob]) async throws {
        let parameters: [PostgresParameter] = [
            .ids(batch.map(\.id)), .ints(batch.map(\.attempt)), .ints(batch.map(\.round)),
        ]
        _ = try await database.withConnection { connection in
            try connection.execute(
                """
                WITH hint AS (SELECT set_config('synchronous_commit', 'off', true)), pushed AS (
                    SELECT * FROM unnest($1::uuid[], $2::integer[], $3::integer[]) AS p (id, attempt, round), hint
                )
                UPDATE jobs j SET pushed_at = now() FROM pushed p
                WHERE j.id = p.id AND j.attempt = p.attempt AND j.round = p.round
                  AND j.state = 'queued' AND j.pushed_at IS NULL
                """, parameters)
        }
    }
}
