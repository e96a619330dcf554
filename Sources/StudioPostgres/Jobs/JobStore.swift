import FoundationEssentials
package import QueueProtocol
import StudioCore

/// The jobs. Refusals are `StudioError`, a lost fence is `LeaseLost`, faults are `PostgresError`.
///
/// Lock order, so that transactions rarely wait for each other in a circle: a job before the jobs that depend on it,
/// jobs before credit accounts, several of a kind by id.
package struct JobStore: Sendable {
    let database: Database
    /// How many jobs that are not finished a user may have; 0 is no limit.
    let activeJobsPerUser: Int

    /// The jobs of a database.
    ///
    /// - Parameters:
    ///   - database: Where they are kept.
    ///   - activeJobsPerUser: How many that are not finished a user may have, for those who admit and retry jobs;
    ///     default 0, no limit.
    package init(_ database: Database, activeJobsPerUser: Int = 0) {
        self.database = database
        self.activeJobsPerUser = activeJobsPerUser
    }

    /// The place after all others: microseconds times 1,024, which leaves room for those that are admitted together.
    static let nextPlace = "(extract(epoch FROM now()) * 1000000)::bigint * 1024"

    /// A job; nil where there is none, or it is another tenant's.
    package func get(_ id: JobID, tenant: TenantID? = nil) async throws -> JobRecord? {
        try await database.withConnection { connection in
            try connection.query(SQL.one, [.id(id), .id(tenant)]).first.map { try JobRecord($0) }
        }
    }

    /// A project's jobs, newest first; `before` is the last id of the page before.
    package func list(
        project: ProjectID, filter: JobFilter = JobFilter(), limit: Int = 50, before: JobID? = nil
    ) async throws -> [JobRecord] {
        let parameters: [PostgresParameter] = [
            .id(project), filter.states.map { .texts($0.map(\.rawValue)) } ?? .null, .text(filter.shot),
            .text(filter.function), .date(filter.since), .id(before), .int(limit),
        ]
        return try await database.withConnection { connection in
            try connection.query(ReadSQL.list, parameters).map { try JobRecord($0) }
        }
    }

    /// The name of the tenant that a job belongs to; nil where there is no such job.
    package func tenantName(of id: JobID) async throws -> String? {
        try await database.withConnection { connection in
            try connection.query(ReadSQL.tenantName, [.id(id)]).first.map { try $0.decode("name") }
        }
    }

    /// Every claim of a job, first to last.
    package func attempts(of id: JobID) async throws -> [JobAttempt] {
        try await database.withConnection { connection in
            try connection.query(ReadSQL.attempts, [.id(id)]).map { try JobAttempt($0) }
        }
    }

    /// Keeps a piece of a runner's log: whole lines. A second write of the same sequence is ignored.
    package func appendLog(_ claim: HeldClaim, sequence: Int, lines: String) async throws {
        _ = try await database.withConnection { connection in
            try connection.execute(
                ReadSQL.appendLog, [.id(claim.job), .int(claim.attempt), .int(sequence), .text(lines)])
        }
    }

    /// A job's log in order, of one attempt or of all, after a place.
    package func readLog(
        _ id: JobID, attempt: Int? = nil, after: LogPosition? = nil, limit: Int = 200
    ) async throws -> [LogChunk] {
        let parameters: [PostgresParameter] = [
            .id(id), .int(attempt), .int(after?.attempt ?? 0), .int(after?.sequence ?? -1), .int(limit),
        ]
        return try await database.withConnection { connection in
            try connection.query(ReadSQL.readLog, parameters).map { row in
                LogChunk(
                    attempt: try row.decode("attempt"), sequence: try row.decode("sequence"), at: try row.decode("at"),
                    lines: try row.decode("lines"))
            }
        }
    }

    /// What a constraint's refusal of a new or retried job is in the studio's words; nil where it is none of those.
    static func refusal(of error: any Error) -> StudioError? {
        guard let fault = error as? PostgresError, fault.code == .uniqueViolation else { return nil }
        return switch fault.constraint {
        case "jobs_one_export":
            StudioError(.exportExists, "another job is making an export of that name; wait for it, or cancel it")
        case "jobs_one_place": StudioError(.conflict, "another job is making that file of the cache")
        default: nil
        }
    }

    private enum ReadSQL {
        static let list = """
            SELECT \(JobRecord.columns) FROM \(JobRecord.tables)
            WHERE j.project_id = $1
              AND ($2::text[] IS NULL OR j.state = ANY ($2))
              AND ($3::text IS NULL OR j.shot = $3)
              AND ($4::text IS NULL OR j.function = $4)
              AND ($5::timestamptz IS NULL OR j.created_at >= $5)
              AND ($6::uuid IS NULL OR j.id < $6)
            ORDER BY j.id DESC LIMIT $7
            """
        static let tenantName = "SELECT t.name FROM jobs j JOIN tenants t ON t.id = j.tenant_id WHERE j.id = $1"
        static let attempts = """
            SELECT \(JobAttempt.columns) FROM job_attempts WHERE job_id = $1 ORDER BY attempt
            """
        static let appendLog = """
            INSERT INTO job_log_chunks (job_id, attempt, sequence, lines) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
            """
        static let readLog = """
            SELECT attempt, sequence, at, lines FROM job_log_chunks
            WHERE job_id = $1 AND ($2::integer IS NULL OR attempt = $2) AND (attempt, sequence) > ($3, $4)
            ORDER BY attempt, sequence LIMIT $5
            """
    }
}
