package import QueueProtocol

/// Who did what, and when. An action is written in the transaction that does it, so that neither is there without the other;
/// nothing changes it, and it is forgotten after a year.
package struct ActionLog: Sendable {
    private let database: Database

    /// The log of a database.
    package init(_ database: Database) { self.database = database }

    /// Writes an action in the transaction that does it.
    ///
    /// - Parameters:
    ///   - action: What is done.
    ///   - author: Who does it; nil, for what nobody asked for, writes nothing.
    ///   - connection: A transaction's.
    /// - Throws: `PostgresError`.
    package static func write(
        _ action: Action, by author: ActionAuthor?, on connection: PostgresConnection
    ) throws {
        guard let author else { return }
        try connection.execute(
            SQL.write,
            [
                .id(author.tenant), .id(author.user), .text(action.kind.rawValue), .text(action.subject),
                .id(action.project), try .json(action.detail), .text(author.requestID),
            ])
    }

    /// Writes an action that changes no row of its own.
    ///
    /// - Parameters:
    ///   - action: What is done.
    ///   - author: Who does it.
    /// - Throws: `PostgresError`.
    package func write(_ action: Action, by author: ActionAuthor) async throws {
        try await database.withConnection { try Self.write(action, by: author, on: $0) }
    }

    /// A tenant's actions, newest first.
    ///
    /// - Parameters:
    ///   - tenant: Whose.
    ///   - filter: Which; default all.
    ///   - limit: How many at most; default 50.
    ///   - before: The last id of the page before; default the first page.
    /// - Returns: The actions.
    /// - Throws: `PostgresError`.
    package func list(
        tenant: TenantID, filter: ActionFilter = ActionFilter(), limit: Int = 50, before: Int64? = nil
    ) async throws -> [ActionRecord] {
        let parameters: [PostgresParameter] = [
            .id(tenant), .int64(before), .int(limit), filter.kinds.map { .texts($0.map(\.rawValue).sorted()) } ?? .null,
            .id(filter.user), .id(filter.project),
        ]
        return try await database.withConnection { connection in
            try connection.query(SQL.list(filter), parameters).map { try ActionRecord($0) }
        }
    }

    /// Forgets what is older than a year; returns how many.
    package func purge() async throws -> Int {
        try await database.withConnection { try $0.execute(SQL.purge) }
    }

    enum SQL {
        static let write = """
            INSERT INTO actions (tenant_id, user_id, action, subject, project_id, detail, request_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """
        static let purge = """
            DELETE FROM actions WHERE id IN (
                SELECT id FROM actions WHERE created_at < now() - interval '365 days' LIMIT 50000)
            """

        /// What is not asked for is left out, so that each filter is read by the index that fits it; several kinds are read one
        /// by one and merged.
        static func list(_ filter: ActionFilter) -> String {
            let filters =
                (filter.user == nil ? "" : " AND a.user_id = $5")
                + (filter.project == nil ? "" : " AND a.project_id = $6")
            let newest = """
                SELECT a.* FROM actions a
                WHERE a.tenant_id = $1 AND a.id < coalesce($2::bigint, 9223372036854775807)\(filters)
                """
            let order = "ORDER BY a.id DESC LIMIT $3"
            let chosen =
                filter.kinds == nil
                ? "\(newest) \(order)"
                : """
                SELECT c.* FROM unnest($4::text[]) AS k (action), LATERAL (
                    \(newest) AND a.action = k.action \(order)
                ) c ORDER BY c.id DESC LIMIT $3
                """
            return """
                SELECT a.id, a.action, a.user_id, u.email, u.display_name, a.subject, p.name AS project_name, a.detail,
                    a.request_id, a.created_at
                FROM (\(chosen)) a LEFT JOIN users u ON u.id = a.user_id LEFT JOIN projects p ON p.id = a.project_id
                WHERE ($4::text[] IS NULL OR true) AND ($5::uuid IS NULL OR true) AND ($6::uuid IS NULL OR true)
                ORDER BY a.id DESC
                """
        }
    }
}

extension ActionRecord {
    fileprivate init(_ row: PostgresRow) throws(PostgresError) {
        id = try row.decode("id")
        kind = try row.decode("action")
        user = try row.decode("user_id")
        userEmail = try row.decode("email")
        userName = try row.decode("display_name")
        subject = try row.decode("subject")
        projectName = try row.decode("project_name")
        detail = try row.decode("detail")
        requestID = try row.decode("request_id")
        at = try row.decode("created_at")
    }
}
