package import QueueProtocol
import StudioCore

/// What the keys of canvases stand for: the jobs that make or made it, and their files in the cache.
package struct CanvasResultStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// What keys stand for at this moment; for a look ahead, since nothing is locked.
    ///
    /// - Parameters:
    ///   - keys: The keys, some thousands at a time.
    ///   - tenant: Whose.
    ///   - project: The project that asks: what another project holds back is not waited for.
    /// - Returns: Those that were ever made or begun.
    /// - Throws: `PostgresError`.
    package func standings(
        of keys: [String], tenant: TenantID, project: ProjectID
    ) async throws -> [String: ResultStanding] {
        guard !keys.isEmpty else { return [:] }
        return try await database.withConnection {
            try Self.standings(of: keys, tenant: tenant, project: project, on: $0)
        }
    }

    static func standings(
        of keys: [String], tenant: TenantID, project: ProjectID, on connection: PostgresConnection
    ) throws -> [String: ResultStanding] {
        var found: [String: ResultStanding] = [:]
        for row in try connection.query(SQL.standings, [.id(tenant), .texts(keys), .id(project)]) {
            let state: ResultStanding.State =
                if try row.decode("is_there") {
                    .finished
                } else if try row.decode("is_under_way") {
                    .underWay
                } else {
                    .gone
                }
            found[try row.decode("key")] = ResultStanding(
                job: try row.decode("job_id"), state: state, hasSucceeded: try row.decode("has_succeeded"))
        }
        return found
    }

    /// The published files of the jobs that keys stand for, the primary ones alone: whether they are still in their places
    /// is for those who see the disk.
    ///
    /// - Parameters:
    ///   - keys: The keys.
    ///   - tenant: Whose.
    /// - Returns: The files by key.
    /// - Throws: `PostgresError`.
    package func files(of keys: [String], tenant: TenantID) async throws -> [String: JobFileRecord] {
        guard !keys.isEmpty else { return [:] }
        return try await database.withConnection { connection in
            var found: [String: JobFileRecord] = [:]
            for row in try connection.query(SQL.files, [.id(tenant), .texts(keys)]) {
                found[try row.decode("key")] = try JobFileRecord(row)
            }
            return found
        }
    }

    /// Notes that a published file is not in its place any more.
    ///
    /// - Parameter file: The file.
    /// - Throws: `PostgresError`.
    package func noteGone(_ file: JobFileRecord) async throws {
        _ = try await database.withConnection { connection in
            try connection.execute(SQL.gone, [.id(file.job), .text(file.port)])
        }
    }

    private enum SQL {
        // By key alone, one after the other: see `JobFileSQL` for why. What else must hold of a file is asked outside, since an
        // index of published files would look as good as the key.
        //
        // The job that the key stands for; where that failed or is cancelled, the last one before it whose result is there.
        private static let keyed = """
            FROM unnest($2::text[]) AS k (key)
            CROSS JOIN LATERAL (SELECT key, job_id FROM canvas_results WHERE tenant_id = $1 AND key = k.key OFFSET 0) r
            CROSS JOIN LATERAL (SELECT state, cancel_requested_at FROM jobs WHERE id = r.job_id OFFSET 0) s
            LEFT JOIN LATERAL (SELECT b.id FROM jobs b
                WHERE (s.state IN ('failed', 'cancelled') OR s.state <> 'succeeded' AND s.cancel_requested_at IS NOT NULL)
                  AND b.tenant_id = $1 AND b.content_key = r.key AND b.state = 'succeeded'
                  AND (b.destination = 'take' OR EXISTS (SELECT FROM job_files f WHERE f.job_id = b.id AND f.is_primary
                      AND f.published_at IS NOT NULL AND f.removed_at IS NULL))
                ORDER BY b.finished_at DESC LIMIT 1) e ON true
            CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id = coalesce(e.id, r.job_id) OFFSET 0) j
            """
        static let standings = """
            SELECT r.key, j.id AS job_id, j.state = 'succeeded' AS has_succeeded,
                   j.state = 'succeeded' AND (j.destination = 'take' OR NOT v.makes_take OR f.is_there IS NOT NULL)
                       AS is_there,
                   j.finished_at IS NULL AND j.cancel_requested_at IS NULL AND (j.project_id = $3
                       OR (p.paused_at IS NULL AND p.archived_at IS NULL AND j.held_at IS NULL)) AS is_under_way
            \(keyed)
            CROSS JOIN LATERAL (SELECT paused_at, archived_at FROM projects WHERE id = j.project_id OFFSET 0) p
            CROSS JOIN LATERAL (SELECT makes_take FROM function_revisions WHERE digest = j.function_revision OFFSET 0) v
            LEFT JOIN LATERAL (SELECT true AS is_there, published_at, removed_at FROM job_files
                WHERE job_id = j.id AND is_primary OFFSET 0) f ON f.published_at IS NOT NULL AND f.removed_at IS NULL
            """
        static let files = """
            SELECT r.key, \(JobFileRecord.columns) \(keyed)
            CROSS JOIN LATERAL (SELECT * FROM job_files WHERE job_id = j.id AND is_primary OFFSET 0) f
            WHERE f.published_at IS NOT NULL AND f.removed_at IS NULL
            """
        static let gone = """
            UPDATE job_files SET removed_at = now() WHERE job_id = $1 AND port = $2 AND published_at IS NOT NULL
                AND removed_at IS NULL
            """
    }
}
