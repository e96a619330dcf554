package import QueueProtocol

/// A project whose cache of canvases is larger than it may be.
package struct FullCanvasCache: Sendable, Hashable {
    package var project: ProjectID
    /// What it holds, in bytes, as far as the rows know.
    package var bytes: Int64
}

/// What keeps the cache of canvases within its bound.
extension CanvasResultStore {
    /// The projects whose cache holds more than a bound.
    ///
    /// - Parameter bytes: The bound of each project.
    /// - Returns: The projects.
    /// - Throws: `PostgresError`.
    package func caches(above bytes: Int64) async throws -> [FullCanvasCache] {
        try await database.withConnection { connection in
            try connection.query(SweepSQL.sizes, [.int64(bytes)]).map { row in
                FullCanvasCache(project: try row.decode("project_id"), bytes: try row.decode("bytes"))
            }
        }
    }

    /// Removes the files of a project's cache that were not asked for the longest, and none that a job which is not finished
    /// is going to read.
    ///
    /// A file goes first and its row afterwards: of a process that is killed in between, a file is missing whose row says
    /// that it is there, which whoever reads it finds out and has made again.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - bytes: How much is to go, at least.
    ///   - limit: How many jobs' files at most; default 500.
    ///   - remove: Takes a file out of its place; runs on a database thread, with its result locked.
    /// - Returns: How many bytes went, and how many files.
    /// - Throws: What `remove` throws; `PostgresError`.
    package func sweep(
        _ project: ProjectID, bytes: Int64, limit: Int = 500,
        remove: @escaping @Sendable (JobFileRecord) throws -> Void
    ) async throws -> (bytes: Int64, files: Int) {
        var gone: (bytes: Int64, files: Int) = (0, 0)
        let candidates = try await database.withConnection { connection in
            try connection.query(SweepSQL.oldest, [.id(project), .int(limit)]).map { row in
                try row.decode("job_id", as: JobID.self)
            }
        }
        for job in candidates where gone.bytes < bytes {
            let removed = try await database.transaction { connection -> [JobFileRecord] in
                // Whoever is about to read it holds the same lock until the reader can be seen.
                try connection.execute(SweepSQL.lock, [.id(job)])
                let files = try connection.query(SweepSQL.free, [.id(job)]).map { try JobFileRecord($0) }
                guard !files.isEmpty else { return [] }
                for file in files { try remove(file) }
                try connection.execute(SweepSQL.gone, [.id(job)])
                return files
            }
            gone.bytes += removed.reduce(0) { $0 + $1.sizeBytes }
            gone.files += removed.count
        }
        return gone
    }

    private enum SweepSQL {
        private static let held = """
            starts_with(f.path, '05_Cache/canvas/') AND f.published_at IS NOT NULL AND f.removed_at IS NULL
            """
        static let sizes = """
            SELECT f.project_id, sum(f.size_bytes)::bigint AS bytes FROM job_files f WHERE \(held)
            GROUP BY f.project_id HAVING sum(f.size_bytes) > $1
            """
        // What no key stands for any more goes first.
        static let oldest = """
            SELECT f.job_id FROM job_files f LEFT JOIN canvas_results r ON r.job_id = f.job_id
            WHERE \(held) AND f.project_id = $1 AND NOT EXISTS (
                SELECT FROM job_dependencies d JOIN jobs j ON j.id = d.job_id
                WHERE d.depends_on = f.job_id AND j.state IN ('waiting', 'queued', 'running'))
            GROUP BY f.job_id
            ORDER BY max(greatest(r.last_used_at, f.published_at)) FILTER (WHERE r.job_id IS NOT NULL) NULLS FIRST, f.job_id
            LIMIT $2
            """
        // By its key: it may be the one before the job that the key stands for.
        static let lock = """
            SELECT FROM canvas_results WHERE (tenant_id, key) = (
                SELECT tenant_id, content_key FROM jobs WHERE id = $1) FOR UPDATE
            """
        static let free = """
            SELECT \(JobFileRecord.columns) FROM job_files f WHERE \(held) AND f.job_id = $1 AND NOT EXISTS (
                SELECT FROM job_dependencies d JOIN jobs j ON j.id = d.job_id
                WHERE d.depends_on = f.job_id AND j.state IN ('waiting', 'queued', 'running'))
            """
        static let gone = """
            UPDATE job_files f SET removed_at = now() WHERE \(held) AND f.job_id = $1
            """
    }
}
