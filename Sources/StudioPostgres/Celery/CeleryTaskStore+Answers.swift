package import FoundationEssentials
package import QueueProtocol
package import StudioCore

/// A task with something to tell, held for a moment by whoever got this.
package struct DueCeleryTask: Sendable, Hashable {
    package var task: CeleryTask
    /// The job that carries it out.
    package var job: JobRecord
    /// The job's take, once it is published.
    package var take: TakeRecord?
    /// Whether the task waits for a job that was there before.
    package var follows: Bool
    /// Why it will not be done, where the job does not say: `revoked` or `expired`.
    package var endReason: String?
    /// The job's last attempt failed with this and will be followed by another; nil where that was told, or is not so.
    package var retryCause: JobFailure?
    /// What it is held by.
    package var hold: Date
}

/// Telling Celery's clients what became of their tasks. A gateway takes what is due, tells it, and writes that down. Dead in
/// between, it is due again; what is told twice is left out by whoever keeps the results.
extension CeleryTaskStore {
    /// Takes tasks that have something to tell, the longest due first; no other gateway gets them meanwhile.
    ///
    /// - Parameters:
    ///   - limit: How many at most.
    ///   - hold: How long they are held.
    /// - Returns: The tasks.
    /// - Throws: `PostgresError`.
    package func takeDue(limit: Int, hold: Duration) async throws -> [DueCeleryTask] {
        try await database.withConnection { connection in
            try connection.query(AnswerSQL.take, [.int(limit), .milliseconds(hold)]).compactMap { row in
                guard let task = try row.celeryTask("request") else { return nil }
                return DueCeleryTask(
                    task: task, job: try JobRecord(row), take: try row.document("take", as: TakeRow.self)?.record,
                    follows: try row.decode("follows"), endReason: try row.decode("end_reason"),
                    retryCause: try row.document("retry_cause"), hold: try row.decode("hold"))
            }
        }
    }

    /// Whether tasks wait for an answer.
    package func hasOpen() async throws -> Bool {
        try await database.withConnection { try $0.query(AnswerSQL.hasOpen)[0].decode("has_open") }
    }

    /// Writes down that tasks were answered for good.
    ///
    /// - Parameter tasks: The tasks.
    /// - Throws: `PostgresError`; then they are answered again.
    package func noteAnswered(_ tasks: [DueCeleryTask]) async throws {
        guard !tasks.isEmpty else { return }
        _ = try await database.withConnection { connection in
            try connection.execute(AnswerSQL.answered, [.texts(tasks.map(\.task.id).sorted())])
        }
    }

    /// Writes down that what there was to tell of a task that goes on was told; what happened to it since is due all the
    /// same.
    ///
    /// - Parameter due: The task as it was taken.
    /// - Throws: `PostgresError`; then it is told again.
    package func noteTold(_ due: DueCeleryTask) async throws {
        _ = try await database.withConnection { connection in
            try connection.execute(
                AnswerSQL.told, [.text(due.task.id), .int(due.job.attempt), .date(due.hold)])
        }
    }

    /// Has a task tried again sooner than its hold ends.
    ///
    /// - Parameters:
    ///   - due: The task as it was taken.
    ///   - pause: How long from now.
    /// - Throws: `PostgresError`; then its hold runs out.
    package func tryAgain(_ due: DueCeleryTask, after pause: Duration) async throws {
        _ = try await database.withConnection { connection in
            try connection.execute(
                AnswerSQL.again, [.text(due.task.id), .date(due.hold), .milliseconds(pause)])
        }
    }

    private enum AnswerSQL {
        // Whole milliseconds: programs hold it in these, and say by it that nothing happened since.
        static let take = """
            WITH k AS (
                UPDATE celery_tasks SET due_at = date_trunc('milliseconds', now() + $2 * interval '1 millisecond')
                WHERE task_id IN (
                    SELECT task_id FROM celery_tasks WHERE due_at <= now() ORDER BY due_at LIMIT $1
                    FOR UPDATE SKIP LOCKED
                ) RETURNING *
            )
            SELECT \(JobRecord.columns), k.request, k.follows, k.end_reason, k.due_at AS hold,
                   (SELECT to_jsonb(t) FROM takes t WHERE t.job_id = j.id AND t.published_at IS NOT NULL) AS take,
                   CASE WHEN j.finished_at IS NULL AND j.state <> 'running' AND j.attempt > k.told_attempt THEN (
                       SELECT a.failure FROM job_attempts a WHERE a.job_id = j.id AND a.attempt = j.attempt)
                   END AS retry_cause
            FROM \(JobRecord.tables) JOIN k ON k.job_id = j.id
            """
        static let hasOpen = "SELECT EXISTS (SELECT FROM celery_tasks WHERE answered_at IS NULL) AS has_open"
        static let answered = """
            UPDATE celery_tasks SET answered_at = now(), due_at = NULL WHERE task_id = ANY ($1) AND answered_at IS NULL
            """
        static let told = """
            UPDATE celery_tasks SET told_attempt = greatest(told_attempt, $2),
                due_at = CASE WHEN due_at = $3 THEN NULL ELSE due_at END
            WHERE task_id = $1 AND answered_at IS NULL
            """
        static let again = """
            UPDATE celery_tasks SET due_at = now() + $3 * interval '1 millisecond'
            WHERE task_id = $1 AND due_at = $2
            """
    }
}
