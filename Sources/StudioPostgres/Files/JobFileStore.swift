package import QueueProtocol

/// The files that jobs made and that are no take's media: reading; `JobFileStore+Publication.swift` makes them.
package struct JobFileStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// The published files of a job, the primary one first, those that are gone included.
    ///
    /// - Parameter job: The job.
    /// - Returns: Its files; none where it has none or is not done.
    /// - Throws: `PostgresError`.
    package func list(of job: JobID) async throws -> [JobFileRecord] {
        try await database.withConnection { connection in
            try connection.query(SQL.ofJob, [.id(job)]).map { try JobFileRecord($0) }
        }
    }

    /// A project's published files that should be there, by job and port.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - limit: How many at most.
    ///   - last: The last one of the page before; nil begins.
    /// - Returns: The page.
    /// - Throws: `PostgresError`.
    package func list(
        project: ProjectID, limit: Int, after last: (job: JobID, port: String)? = nil
    ) async throws -> [JobFileRecord] {
        let parameters: [PostgresParameter] = [.id(project), .int(limit), .id(last?.job), .text(last?.port)]
        return try await database.withConnection { connection in
            try connection.query(SQL.ofProject, parameters).map { try JobFileRecord($0) }
        }
    }

    /// Which of these jobs have made something that a job that is not finished is going to read.
    ///
    /// - Parameter jobs: Some hundreds at a time.
    /// - Returns: Those.
    /// - Throws: `PostgresError`.
    package func needed(among jobs: [JobID]) async throws -> Set<JobID> {
        guard !jobs.isEmpty else { return [] }
        return try await database.withConnection { connection in
            Set(try connection.query(SQL.needed, [.ids(jobs)]).map { try $0.decode("depends_on", as: JobID.self) })
        }
    }

    /// The files of a job that an attempt is about to put into their places.
    ///
    /// - Parameter job: The job.
    /// - Returns: Its files that are not published.
    /// - Throws: `PostgresError`.
    package func noted(of job: JobID) async throws -> [JobFileRecord] {
        try await database.withConnection { connection in
            try connection.query(JobFileSQL.noted, [.id(job)]).map { try JobFileRecord($0) }
        }
    }

    /// Files that an attempt was about to put into their places, of jobs that will not go on: nobody was promised them.
    ///
    /// - Parameter limit: How many at most.
    /// - Returns: The files.
    /// - Throws: `PostgresError`.
    package func abandoned(limit: Int) async throws -> [JobFileRecord] {
        try await database.withConnection { connection in
            try connection.query(SQL.abandoned, [.int(limit)]).map { try JobFileRecord($0) }
        }
    }

    private enum SQL {
        static let ofJob = """
            SELECT \(JobFileRecord.columns) FROM job_files f
            WHERE f.job_id = $1 AND f.published_at IS NOT NULL ORDER BY f.is_primary DESC, f.port
            """
        static let ofProject = """
            SELECT \(JobFileRecord.columns) FROM job_files f
            WHERE f.project_id = $1 AND f.published_at IS NOT NULL AND f.removed_at IS NULL
              AND ($3::uuid IS NULL OR (f.job_id, f.port) > ($3, $4))
            ORDER BY f.job_id, f.port LIMIT $2
            """
        static let needed = """
            SELECT DISTINCT d.depends_on FROM job_dependencies d JOIN jobs j ON j.id = d.job_id
            WHERE d.depends_on = ANY ($1) AND j.state IN ('waiting', 'queued', 'running')
            """
        static let abandoned = """
            SELECT \(JobFileRecord.columns) FROM job_files f JOIN jobs j ON j.id = f.job_id
            WHERE f.published_at IS NULL AND j.state IN ('failed', 'cancelled') AND j.destination <> 'take'
            ORDER BY f.job_id LIMIT $1
            """
    }
}
