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

    /// Those of some takes that are published.
    ///
    /// - Parameters:
    ///   - ids: The takes, some hundreds at a time.
    ///   - project: Whose they must be.
    /// - Returns: The takes, in no order.
    /// - Throws: `PostgresError`.
    package func published(_ ids: [TakeID], of project: ProjectID) async throws -> [TakeRecord] {
        guard !ids.isEmpty else { return [] }
        return try await database.withConnection { connection in
            try connection.query(SQL.named, [.id(project), .ids(ids)]).map { try TakeRecord($0) }
        }
    }

    /// Notes what people think of a published take.
    ///
    /// - Parameters:
    ///   - id: The take.
    ///   - tenant: Whose it must be; default anyone's.
    ///   - rating: 1…5; 0 takes the rating away, nil leaves it.
    ///   - circled: The mark; nil leaves it.
    ///   - expectedRevision: The revision that was judged; nil rates whatever is there.
    /// - Returns: The take, its revision raised.
    /// - Throws: `StudioError` with code `notFound`, `invalid`, or `preconditionFailed` where somebody else rated it
    ///   since; `PostgresError`.
    package func rate(
        _ id: TakeID, tenant: TenantID? = nil, rating: Int?, circled: Bool?, expectedRevision: Int?
    ) async throws -> TakeRecord {
        if let rating, !(0...5).contains(rating) {
            throw StudioError.invalid([
                Finding(pointer: "/rating", code: "range", detail: "a rating is 1 to 5, or 0 for none")
            ])
        }
        let parameters: [PostgresParameter] = [
            .id(id), .id(tenant), .int(rating), .bool(circled), .int(expectedRevision),
        ]
        return try await database.transaction { connection in
            if let row = try connection.query(SQL.rate, parameters).first { return try TakeRecord(row) }
            guard try connection.query(SQL.one, [.id(id), .id(tenant)]).isEmpty else {
                throw StudioError(.preconditionFailed, "the take was rated since it was read")
            }
            throw StudioError(.notFound, "there is no such take")
        }
    }

    private enum SQL {
        static let one = """
            SELECT \(TakeRecord.columns) FROM takes t
            WHERE t.id = $1 AND t.published_at IS NOT NULL AND ($2::uuid IS NULL OR t.tenant_id = $2)
            """
        static let named = """
            SELECT \(TakeRecord.columns) FROM takes t
            WHERE t.project_id = $1 AND t.id = ANY ($2) AND t.published_at IS NOT NULL
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
                circled = coalesce($4, t.circled), revision = t.revision + 1
            WHERE t.id = $1 AND t.published_at IS NOT NULL AND ($2::uuid IS NULL OR t.tenant_id = $2)
              AND ($5::bigint IS NULL OR t.revision = $5)
            RETURNING \(TakeRecord.columns)
            """
    }
}
