package import QueueProtocol
import StudioCore

/// What revoking tasks did.
package struct CeleryRevocation: Sendable {
    /// What became of the jobs that the tasks stand for.
    package var cancellations: [Cancellation] = []
    /// Tasks that wait for a job of others, and do not any more.
    package var unfollowed: [String] = []
    /// Tasks that nobody knows; they are remembered, and not begun when they come.
    package var unknown: [String] = []
}

/// Revoking: what Celery calls it when somebody cancels.
extension CeleryTaskStore {
    /// Revokes tasks. One that has not started is cancelled, one that runs only where it is to be terminated. A task whose id
    /// is a job's own stands for that job. May be called by many for one and the same revoke.
    ///
    /// - Parameters:
    ///   - tasks: The tasks' ids; those longer than any task's are left out.
    ///   - terminate: Whether what runs is stopped.
    /// - Returns: What it did.
    /// - Throws: `PostgresError`.
    package func revoke(_ tasks: [String], terminate: Bool) async throws -> CeleryRevocation {
        let tasks = Array(Set(tasks.filter(CeleryTask.mayBeID)))
        guard !tasks.isEmpty else { return CeleryRevocation() }
        var found = try await find(tasks)
        let strange = tasks.filter { found[$0] == nil }
        if !strange.isEmpty {
            _ = try await database.withConnection { connection in
                try connection.execute(RevokeSQL.remember, [.texts(strange)])
            }
            // One that is being admitted at this moment was not seen, and its admission may not have seen this.
            found.merge(try await find(strange)) { $1 }
        }
        var done = CeleryRevocation(unknown: tasks.filter { found[$0] == nil })
        let jobs = JobStore(database)
        for (task, place) in found {
            if place.follows {
                let changed = try await database.withConnection { connection in
                    try connection.execute(RevokeSQL.unfollow, [.text(task)])
                }
                if changed > 0 { done.unfollowed.append(task) }
            } else {
                done.cancellations.append(try await jobs.cancel(place.job, evenRunning: terminate))
            }
        }
        return done
    }

    /// Which of some tasks were revoked before they were known.
    ///
    /// - Parameter tasks: The tasks' ids.
    /// - Returns: Those that were.
    /// - Throws: `PostgresError`.
    package func revoked(among tasks: [String]) async throws -> Set<String> {
        try await database.withConnection { connection in
            Set(try connection.query(RevokeSQL.revoked, [.texts(tasks)]).map { try $0.decode("task_id") })
        }
    }

    /// Cancels the jobs that were not to be started after a time that has come, and notes why.
    ///
    /// - Parameter limit: How many at most.
    /// - Returns: The jobs.
    /// - Throws: `PostgresError`.
    package func cancelExpired(limit: Int) async throws -> [JobID] {
        let jobs = JobStore(database)
        return try await database.transaction { connection in
            let expired: [JobID] = try connection.query(RevokeSQL.expired, [.int(limit)]).map { try $0.decode("id") }
            guard !expired.isEmpty else { return [] }
            try connection.execute(RevokeSQL.noteExpired, [.ids(expired)])
            for job in expired { try jobs.cancelNow(job, on: connection) }
            return expired
        }
    }

    private func find(_ tasks: [String]) async throws -> [String: (job: JobID, follows: Bool)] {
        let jobs = Dictionary(
            tasks.compactMap { task in JobID(task).map { ($0, task) } }, uniquingKeysWith: { first, _ in first })
        return try await database.withConnection { connection in
            var found: [String: (job: JobID, follows: Bool)] = [:]
            for row in try connection.query(RevokeSQL.jobs, [.ids(jobs.keys)]) {
                let job: JobID = try row.decode("id")
                if let task = jobs[job] { found[task] = (job, false) }
            }
            for row in try connection.query(RevokeSQL.tasks, [.texts(tasks)]) {
                found[try row.decode("task_id")] = (try row.decode("job_id"), try row.decode("follows"))
            }
            return found
        }
    }

    private enum RevokeSQL {
        static let tasks = "SELECT task_id, job_id, follows FROM celery_tasks WHERE task_id = ANY ($1)"
        static let jobs = "SELECT id FROM jobs WHERE id = ANY ($1)"
        static let remember = """
            INSERT INTO celery_revoked (task_id) SELECT unnest($1::text[])
            ON CONFLICT (task_id) DO UPDATE SET revoked_at = now()
            """
        static let unfollow = """
            UPDATE celery_tasks SET end_reason = 'revoked', due_at = now()
            WHERE task_id = $1 AND answered_at IS NULL AND end_reason IS NULL
            """
        static let revoked = """
            SELECT task_id FROM celery_revoked
            WHERE task_id = ANY ($1) AND revoked_at > now() - interval '3 hours'
            """
        static let expired = """
            SELECT id FROM jobs WHERE expires_at <= now() AND state IN ('waiting', 'queued')
            ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
            """
        static let noteExpired = """
            UPDATE celery_tasks SET end_reason = 'expired'
            WHERE job_id = ANY ($1) AND NOT follows AND answered_at IS NULL
            """
    }
}
