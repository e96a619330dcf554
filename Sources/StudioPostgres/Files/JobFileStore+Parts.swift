package import QueueProtocol
import StudioCore

/// The files of parts: they have served their purpose when the whole is published.
extension JobFileStore {
    /// Takes the files of a job's parts away, where the job has succeeded and nobody else is going to read them.
    ///
    /// - Parameters:
    ///   - whole: The job.
    ///   - remove: Removes the files; runs on a database thread, and again where the process died between that and the rows.
    /// - Throws: What `remove` throws; `PostgresError`.
    package func removeParts(
        of whole: JobID, remove: @escaping @Sendable ([JobFileRecord]) throws -> Void
    ) async throws {
        try await database.transaction { connection in
            let files = try connection.query(PartFileSQL.spent, [.id(whole)]).map { try JobFileRecord($0) }
            guard !files.isEmpty else { return }
            try remove(files)
            try connection.execute(PartFileSQL.removed, [.ids(files.map(\.job))])
        }
    }

    /// Jobs that have succeeded and whose parts' files were left: a process died just then.
    ///
    /// - Parameter limit: How many at most.
    /// - Returns: The jobs.
    /// - Throws: `PostgresError`.
    package func wholesWithFiles(limit: Int) async throws -> [JobID] {
        try await database.withConnection { connection in
            try connection.query(PartFileSQL.wholes, [.int(limit)]).map { try $0.decode("part_of") }
        }
    }

    private enum PartFileSQL {
        private static let spentFiles = """
            f.published_at IS NOT NULL AND f.removed_at IS NULL
              AND NOT EXISTS (SELECT FROM job_dependencies d JOIN jobs o ON o.id = d.job_id
                              WHERE d.depends_on = p.id AND o.state IN ('waiting', 'queued', 'running'))
            """
        static let spent = """
            SELECT \(JobFileRecord.columns) FROM (SELECT id FROM jobs WHERE id = $1 AND state = 'succeeded' OFFSET 0) w
            CROSS JOIN LATERAL (SELECT id FROM jobs WHERE part_of = w.id OFFSET 0) p
            JOIN job_files f ON f.job_id = p.id WHERE \(spentFiles) ORDER BY f.job_id FOR UPDATE OF f
            """
        static let removed = """
            UPDATE job_files SET removed_at = now()
            WHERE job_id = ANY ($1) AND published_at IS NOT NULL AND removed_at IS NULL
            """
        static let wholes = """
            SELECT DISTINCT p.part_of FROM job_files f JOIN jobs p ON p.id = f.job_id JOIN jobs w ON w.id = p.part_of
            WHERE p.part_of IS NOT NULL AND w.state = 'succeeded' AND \(spentFiles) ORDER BY p.part_of LIMIT $1
            """
    }
}
