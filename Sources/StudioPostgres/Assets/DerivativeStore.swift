package import QueueProtocol
package import StudioCore

/// A job that makes, or made, what is kept in a named place of the cache.
package struct PlacedJob: Sendable, Hashable {
    package var job: JobID
    package var state: JobState
    /// Why it failed.
    package var failure: FailureCode?
    /// The primary file's output and place, where it is published and has not given way.
    package var port: String?
    package var path: String?

    /// Whether another job should be made for the place, as far as the rows can tell: the last one was stopped, or found its
    /// input moved, or its file has been removed since.
    package var shouldBeMadeAgain: Bool {
        switch state {
        case .waiting, .queued, .running: false
        case .succeeded: path == nil
        case .cancelled: true
        case .failed: [.inputMissing, .dependencyFailed, .workerLost].contains(failure)
        }
    }
}

/// What jobs keep in named places of the cache.
package struct DerivativeStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// The newest job of each place.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - places: Paths below the project's folder.
    /// - Returns: The job of each place that has one.
    /// - Throws: `PostgresError`.
    package func jobs(of project: ProjectID, at places: [String]) async throws -> [String: PlacedJob] {
        guard !places.isEmpty else { return [:] }
        return try await database.withConnection { connection in
            var found: [String: PlacedJob] = [:]
            for row in try connection.query(SQL.jobs, [.id(project), .texts(places)]) {
                let failure: String? = try row.decode("failure")
                found[try row.decode("target_path")] = PlacedJob(
                    job: try row.decode("id"), state: try row.word("state"),
                    failure: failure.flatMap(FailureCode.init(rawValue:)), port: try row.decode("port"),
                    path: try row.decode("path"))
            }
            return found
        }
    }

    private enum SQL {
        static let jobs = """
            SELECT j.target_path, j.id, j.state, j.failure ->> 'code' AS failure, f.port, f.path
            FROM unnest($2::text[]) AS p (path)
            CROSS JOIN LATERAL (
                SELECT * FROM jobs WHERE project_id = $1 AND target_path = p.path ORDER BY id DESC LIMIT 1) j
            LEFT JOIN job_files f ON f.job_id = j.id AND f.is_primary AND f.published_at IS NOT NULL
                AND f.removed_at IS NULL
            """
    }
}
