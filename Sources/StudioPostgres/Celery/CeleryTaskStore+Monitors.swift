package import QueueProtocol

/// A job as Celery's monitors know it.
package struct MonitoredJob: Sendable, Hashable {
    package var job: JobID
    /// The id of its task: the client's, or the job's own.
    package var task: String
    /// The node that had it last.
    package var node: String
}

extension CeleryTaskStore {
    /// How monitors know some jobs.
    ///
    /// - Parameter jobs: The jobs.
    /// - Returns: Those that a worker has had.
    /// - Throws: `PostgresError`.
    package func monitored(_ jobs: [JobID]) async throws -> [MonitoredJob] {
        guard !jobs.isEmpty else { return [] }
        return try await database.withConnection { connection in
            try connection.query(Self.monitoredSQL, [.ids(jobs)]).map { row in
                MonitoredJob(
                    job: try row.decode("id"), task: try row.decode("task"),
                    node: CeleryNodeName.of(worker: try row.decode("worker_name"), host: try row.decode("hostname")))
            }
        }
    }

    private static let monitoredSQL = """
        SELECT j.id, coalesce(c.task_id, j.id::text) AS task, a.worker_name, w.hostname
        FROM jobs j
        JOIN LATERAL (SELECT worker_id, worker_name FROM job_attempts
                      WHERE job_id = j.id ORDER BY attempt DESC LIMIT 1) a ON true
        JOIN workers w ON w.id = a.worker_id
        LEFT JOIN celery_tasks c ON c.job_id = j.id AND NOT c.follows
        WHERE j.id = ANY ($1)
        """
}
