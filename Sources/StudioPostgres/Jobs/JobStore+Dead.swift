package import QueueProtocol
package import StudioCore

/// The jobs that failed for good: what an operator looks through, finds the cause of, and retries.
extension JobStore {
    /// A tenant's failed jobs, the latest submitted first.
    ///
    /// - Parameters:
    ///   - tenant: Whose.
    ///   - code: Only those that failed with it; default all.
    ///   - function: Only those of this function; default all.
    ///   - limit: How many at most.
    ///   - before: The last job of the page before.
    /// - Returns: The jobs, each with every attempt and its cause, first to last.
    /// - Throws: `PostgresError`.
    package func dead(
        tenant: TenantID, code: FailureCode? = nil, function: String? = nil, limit: Int = 50, before: JobID? = nil
    ) async throws -> [(job: JobRecord, attempts: [JobAttempt])] {
        let parameters: [PostgresParameter] = [
            .id(tenant), .text(code?.rawValue), .text(function), .id(before), .int(limit),
        ]
        return try await database.withConnection { connection in
            let jobs = try connection.query(DeadSQL.jobs, parameters).map { try JobRecord($0) }
            var attempts: [JobID: [JobAttempt]] = [:]
            for row in try connection.query(DeadSQL.attempts, [.ids(jobs.map(\.id))]) {
                attempts[try row.decode("job_id"), default: []].append(try JobAttempt(row))
            }
            return jobs.map { ($0, attempts[$0.id] ?? []) }
        }
    }

    private enum DeadSQL {
        static let jobs = """
            SELECT \(JobRecord.columns) FROM \(JobRecord.tables)
            WHERE j.tenant_id = $1 AND j.state = 'failed' AND j.finished_at IS NOT NULL
              AND ($2::text IS NULL OR j.failure ->> 'code' = $2)
              AND ($3::text IS NULL OR j.function = $3)
              AND ($4::uuid IS NULL OR j.id < $4)
            ORDER BY j.id DESC LIMIT $5
            """
        static let attempts = """
            SELECT job_id, \(JobAttempt.columns) FROM job_attempts WHERE job_id = ANY ($1) ORDER BY job_id, attempt
            """
    }
}
