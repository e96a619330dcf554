package import QueueProtocol
import StudioCore

/// Jobs that are held until somebody has seen their preview.
extension JobStore {
    /// Lets a job go on whose preview has been seen. Asking again changes nothing.
    ///
    /// - Parameters:
    ///   - id: The job, or its preview.
    ///   - tenant: Whose it must be.
    ///   - author: Who asks, for the log of actions; default nobody.
    /// - Returns: The approved job as it stands now.
    /// - Throws: `StudioError` with code `notFound`, or `conflict` where it has no preview, where that is not made yet, or
    ///   where the job has ended; `PostgresError`.
    package func approve(
        _ id: JobID, tenant: TenantID, by author: ActionAuthor? = nil
    ) async throws -> JobRecord {
        try await database.transaction { connection in
            guard let asked = try connection.query(ApprovalSQL.find, [.id(id), .id(tenant)]).first else {
                throw Self.missing
            }
            guard let whole = try asked.decode("whole", as: JobID?.self) else {
                throw StudioError(.conflict, "the job has no preview that could be approved")
            }
            try connection.execute(ApprovalSQL.lock, [.id(whole)])
            let job = try record(whole, on: connection)
            if job.approvedAt != nil { return job }
            guard !job.state.isFinished else {
                throw StudioError(.conflict, "the job is \(job.state.rawValue); there is nothing to approve")
            }
            guard job.state == .queued else {
                throw StudioError(.conflict, "the job's preview is not made yet")
            }
            try connection.execute(ApprovalSQL.approve, [.id(whole)])
            try ActionLog.write(job.action(.jobApproved), by: author, on: connection)
            return try record(whole, on: connection)
        }
    }

    private enum ApprovalSQL {
        static let find = """
            SELECT CASE WHEN j.preview_job IS NOT NULL THEN j.id ELSE w.id END AS whole
            FROM jobs j LEFT JOIN jobs w ON w.preview_job = j.id
            WHERE j.id = $1 AND j.tenant_id = $2
            """
        static let lock = "SELECT FROM jobs WHERE id = $1 FOR UPDATE"
        static let approve = "UPDATE jobs SET approved_at = now(), held_at = NULL WHERE id = $1"
    }
}
