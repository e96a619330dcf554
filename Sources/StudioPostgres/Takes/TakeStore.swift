package import QueueProtocol
import StudioCore

/// The takes: reading and rating; `TakeStore+Publication.swift` makes them.
package struct TakeStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// A published take; nil where there is none, or it is another tenant's.
    package func get(_ id: TakeID, tenant: TenantID? = nil) async throws -> TakeRecord? {
        try await database.withConnection { connection in
            try connection.query(SQL.one, [.id(id), .id(tenant)]).first.map { try TakeRecord($0) }
        }
    }

    /// The take of a job, published or not.
    package func get(job: JobID) async throws -> TakeRecord? {
        try await database.withConnection { connection in
            try connection.query(SQL.ofJob, [.id(job)]).first.map { try TakeRecord($0) }
        }
    }

    /// A project's published takes, newest first; `before` is the last id of the page before.
    package func list(
        project: ProjectID, shot: String? = nil, version: Int? = nil, limit: Int = 50, before: TakeID? = nil
    ) async throws -> [TakeRecord] {
        let parameters: [PostgresParameter] = [.id(project), .text(shot), .int(version), .id(before), .int(limit)]
        return try await database.withConnection { connection in
            try connection.query(SQL.list, parameters).map { try TakeRecord($0) }
        }
    }

    /// Notes what people think of a published take.
    ///
    /// - Parameters:
    ///   - id: The take.
    ///   - tenant: Whose it must be; default anyone's.
    ///   - rating: 1…5; 0 takes the rating away, nil leaves it.
    ///   - circled: The mark; nil leaves it.
    /// - Returns: The take.
    /// - Throws: `StudioError` with code `notFound` or `invalid`; `PostgresError`.
    package func rate(
        _ id: TakeID, tenant: TenantID? = nil, rating: Int?, circled: Bool?
    ) async throws -> TakeRecord {
        if let rating, !(0...5).contains(rating) {
            throw StudioError.invalid([
                Finding(pointer: "/rating", code: "range", detail: "a rating is 1 to 5, or 0 for none")
            ])
        }
        let parameters: [PostgresParameter] = [.id(id), .id(tenant), .int(rating), .bool(circled)]
        return try await database.transaction { connection in
            guard let row = try connection.query(SQL.rate, parameters).first else {
                throw StudioError(.notFound, "there is no such take")
            }
            return try TakeRecord(row)
        }
    }

    private enum SQL {
        static let one = """
            SELECT \(TakeRecord.columns) FROM takes t
            WHERE t.id = $1 AND t.published_at IS NOT NULL AND ($2::uuid IS NULL OR t.tenant_id = $2)
            """
        static let ofJob = "SELECT \(TakeRecord.columns) FROM takes t WHERE t.job_id = $1"
        static let list = """
            SELECT \(TakeRecord.columns) FROM takes t
            WHERE t.project_id = $1 AND t.published_at IS NOT NULL
              AND ($2::text IS NULL OR t.shot = $2) AND ($3::integer IS NULL OR t.version = $3)
              AND ($4::uuid IS NULL OR t.id < $4)
            ORDER BY t.id DESC LIMIT $5
            """
        static let rate = """
            UPDATE takes t SET
                rating = CASE WHEN $3::smallint IS NULL THEN t.rating ELSE nullif($3, 0) END,
                circled = coalesce($4, t.circled)
            WHERE t.id = $1 AND t.published_at IS NOT NULL AND ($2::uuid IS NULL OR t.tenant_id = $2)
            RETURNING \(TakeRecord.columns)
            """
    }
}
