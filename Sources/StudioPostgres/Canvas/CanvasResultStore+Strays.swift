package import QueueProtocol

/// A file that lies in the cache of canvases, under a name that a job gave it.
package struct CanvasCacheFile: Sendable, Hashable {
    package var job: JobID
    /// Below the project's folder.
    package var path: String

    package init(job: JobID, path: String) {
        self.job = job
        self.path = path
    }
}

/// Files of the cache that no row knows of: a process died between a file and its row, or the database is older than the disk.
extension CanvasResultStore {
    /// Which of these files are nobody's: no row says that they are there or are about to be, and their job, if there is one,
    /// is finished and so writes nothing.
    ///
    /// Look at the disk first: whoever writes a file has its row before.
    ///
    /// - Parameters:
    ///   - files: What lies there, some hundreds at a time.
    ///   - project: The project that it lies in.
    /// - Returns: Those that are nobody's.
    /// - Throws: `PostgresError`.
    package func strays(
        among files: [CanvasCacheFile], of project: ProjectID
    ) async throws -> [CanvasCacheFile] {
        guard !files.isEmpty else { return [] }
        return try await database.withConnection { try Self.strays(among: files, of: project, on: $0) }
    }

    /// Removes a file, if it is nobody's, while nobody can begin to write it.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - project: The project that it lies in.
    ///   - remove: Removes it; runs on a database thread, with the file's job locked.
    /// - Returns: Whether it was nobody's, and is removed.
    /// - Throws: What `remove` throws; `PostgresError`.
    package func removeStray(
        _ file: CanvasCacheFile, of project: ProjectID, remove: @escaping @Sendable () throws -> Void
    ) async throws -> Bool {
        try await database.transaction { connection in
            // A job that is retried meanwhile may write this very file.
            try connection.execute(StraySQL.lock, [.id(file.job)])
            guard try !Self.strays(among: [file], of: project, on: connection).isEmpty else { return false }
            try remove()
            return true
        }
    }

    private static func strays(
        among files: [CanvasCacheFile], of project: ProjectID, on connection: PostgresConnection
    ) throws -> [CanvasCacheFile] {
        let parameters: [PostgresParameter] = [.ids(files.map(\.job)), .texts(files.map(\.path)), .id(project)]
        return try connection.query(StraySQL.strays, parameters).map { row in
            CanvasCacheFile(job: try row.decode("job_id"), path: try row.decode("path"))
        }
    }

    private enum StraySQL {
        static let lock = "SELECT FROM jobs WHERE id = $1 FOR SHARE"
        static let strays = """
            SELECT f.job_id, f.path FROM unnest($1::uuid[], $2::text[]) AS f (job_id, path)
            WHERE NOT EXISTS (
                SELECT FROM (SELECT project_id, path, removed_at FROM job_files WHERE job_id = f.job_id OFFSET 0) k
                WHERE k.project_id = $3 AND k.path = f.path AND k.removed_at IS NULL)
              AND NOT EXISTS (
                SELECT FROM (SELECT finished_at FROM jobs WHERE id = f.job_id OFFSET 0) j WHERE j.finished_at IS NULL)
            """
    }
}
