package import QueueProtocol
import StudioCore

/// The tasks of Celery's clients that wait for jobs. Those that a job is made for are written by `JobAdmission`, with it.
package struct CeleryTaskStore: Sendable {
    /// What became of a task that asked to wait for a job.
    package enum Following: Sendable, Hashable {
        /// It waits, or has waited before.
        case follows(ProjectID)
        /// There is no such job.
        case noJob
    }

    let database: Database

    /// The tasks of a database.
    ///
    /// - Parameter database: Where they are kept.
    package init(_ database: Database) { self.database = database }

    /// Has a task wait for a job that is there; one that has ended is told at once. Asking again changes nothing.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - job: The job.
    /// - Returns: Whether it waits.
    /// - Throws: `PostgresError`.
    package func follow(_ task: CeleryTask, job: JobID) async throws -> Following {
        try await database.transaction { connection in
            // The lock keeps the job from ending unseen before the row that waits for it is there.
            guard let row = try connection.query(SQL.mark, [.id(job)]).first else { return .noJob }
            let state: JobState = try row.word("state")
            try connection.execute(
                SQL.follow, [.text(task.id), .id(job), .text(task.stored()), .bool(state.isFinished)])
            return .follows(try row.decode("project_id"))
        }
    }

    /// Which of some tasks are known: a job was made for them, or they wait for one.
    ///
    /// - Parameter tasks: The tasks' ids.
    /// - Returns: Those that are, with the job.
    /// - Throws: `PostgresError`.
    package func known(_ tasks: [String]) async throws -> [String: JobID] {
        try await database.withConnection { connection in
            var known: [String: JobID] = [:]
            for row in try connection.query(SQL.known, [.texts(tasks)]) {
                known[try row.decode("task_id")] = try row.decode("job_id", as: JobID.self)
            }
            return known
        }
    }

    /// Forgets tasks that were answered a week ago, and revokes that came before anything else hours ago.
    ///
    /// - Returns: How many rows were forgotten.
    /// - Throws: `PostgresError`.
    package func purge() async throws -> Int {
        try await database.withConnection { connection in
            try connection.execute(SQL.purgeTasks) + connection.execute(SQL.purgeRevoked)
        }
    }

    private enum SQL {
        static let mark = "UPDATE jobs SET has_celery_task = true WHERE id = $1 RETURNING state, project_id"
        static let follow = """
            INSERT INTO celery_tasks (task_id, job_id, follows, request, due_at)
            VALUES ($1, $2, true, $3, CASE WHEN $4::boolean THEN now() END) ON CONFLICT DO NOTHING
            """
        static let known = "SELECT task_id, job_id FROM celery_tasks WHERE task_id = ANY ($1)"
        static let purgeTasks = "DELETE FROM celery_tasks WHERE answered_at < now() - interval '7 days'"
        static let purgeRevoked = "DELETE FROM celery_revoked WHERE revoked_at < now() - interval '3 hours'"
    }
}

extension PostgresRow {
    /// The Celery task in a column; nil where the column is NULL.
    func celeryTask(_ column: String) throws(PostgresError) -> CeleryTask? {
        guard let text = try decode(column, as: String?.self) else { return nil }
        do {
            return try CeleryTask(stored: text)
        } catch {
            throw PostgresError(.decoding, operatorDetail: "column \(column) holds no task")
        }
    }
}
