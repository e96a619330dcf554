package import QueueProtocol
import StudioCore

/// A tenant's part of the studio.
package struct TenantShare: Sendable, Hashable {
    package var id: TenantID
    package var name: String
    /// Beside other tenants: 2 gets twice what 1 gets, where both have something waiting.
    package var weight: Int
    /// How many of its jobs run at a time; nil is no limit.
    package var maxRunning: Int?
}

/// How many jobs of a function run at a time.
package struct FunctionLimit: Sendable, Hashable {
    package var function: String
    package var maxRunning: Int

    package init(function: String, maxRunning: Int) {
        self.function = function
        self.maxRunning = maxRunning
    }
}

/// Who gets how much of the workers, and how many of what run at a time. A change holds for what is started from then on.
package struct ShareStore: Sendable {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    /// The tenants by id.
    ///
    /// - Parameters:
    ///   - limit: How many at most.
    ///   - after: The last of the page before.
    /// - Returns: The tenants.
    /// - Throws: `PostgresError`.
    package func tenants(limit: Int, after: TenantID? = nil) async throws -> [TenantShare] {
        try await database.withConnection { connection in
            try connection.query(SQL.tenants, [.id(after), .int(limit)]).map { try TenantShare($0) }
        }
    }

    /// Changes a tenant's part.
    ///
    /// - Parameters:
    ///   - id: The tenant.
    ///   - weight: 1…1000; nil leaves it.
    ///   - maxRunning: How many of its jobs run at a time, or nil for no limit; the outer nil leaves it.
    ///   - author: Who asks, for the log of actions; default nobody.
    /// - Returns: The tenant afterwards.
    /// - Throws: `StudioError` with code `notFound`; `PostgresError`.
    package func change(
        _ id: TenantID, weight: Int?, maxRunning: Int??, by author: ActionAuthor? = nil
    ) async throws -> TenantShare {
        let parameters: [PostgresParameter] = [
            .id(id), .int(weight), .bool(maxRunning != nil), .int(maxRunning ?? nil),
        ]
        return try await database.transaction { connection in
            guard let row = try connection.query(SQL.tenant, parameters).first else {
                throw StudioError(.notFound, "there is no such tenant")
            }
            let tenant = try TenantShare(row)
            var detail: [String: JSONValue] = ["name": .string(tenant.name), "weight": .integer(Int64(tenant.weight))]
            if let most = tenant.maxRunning { detail["maxRunning"] = .integer(Int64(most)) }
            try ActionLog.write(Action(.tenantChanged, of: id, detail: detail), by: author, on: connection)
            return tenant
        }
    }

    /// Sets a project's weight beside the tenant's other projects.
    ///
    /// - Parameters:
    ///   - weight: 1…1000.
    ///   - project: The project.
    ///   - author: Who asks, for the log of actions; default nobody.
    /// - Throws: `PostgresError`.
    package func setWeight(_ weight: Int, of project: ProjectID, by author: ActionAuthor? = nil) async throws {
        try await database.transaction { connection in
            try connection.execute(SQL.project, [.id(project), .int(weight)])
            try ActionLog.write(
                Action(.projectWeighed, of: project, project: project, detail: ["weight": .integer(Int64(weight))]),
                by: author, on: connection)
        }
    }

    /// Sets a user's weight beside the others who work on a project.
    ///
    /// - Parameters:
    ///   - weight: 1…1000.
    ///   - user: The user.
    ///   - tenant: Whose they must be.
    ///   - author: Who asks, for the log of actions; default nobody.
    /// - Throws: `StudioError` with code `notFound`; `PostgresError`.
    package func setWeight(
        _ weight: Int, of user: UserID, tenant: TenantID, by author: ActionAuthor? = nil
    ) async throws {
        try await database.transaction { connection in
            guard try connection.execute(SQL.user, [.id(user), .id(tenant), .int(weight)]) == 1 else {
                throw StudioError(.notFound, "there is no such user")
            }
            try ActionLog.write(
                Action(.userWeighed, of: user, detail: ["weight": .integer(Int64(weight))]), by: author, on: connection)
        }
    }

    /// The functions that are limited, by name.
    package func functionLimits() async throws -> [FunctionLimit] {
        try await database.withConnection { connection in
            try connection.query(SQL.functions).map { row in
                FunctionLimit(function: try row.decode("function"), maxRunning: try row.decode("max_running"))
            }
        }
    }

    /// Limits a function, or lifts its limit.
    ///
    /// - Parameters:
    ///   - function: The function's name.
    ///   - maxRunning: How many of its jobs run at a time, in the whole studio; nil is no limit.
    ///   - author: Who asks, for the log of actions; default nobody.
    /// - Returns: Whether it was limited before.
    /// - Throws: `PostgresError`.
    @discardableResult
    package func limit(
        _ function: String, to maxRunning: Int?, by author: ActionAuthor? = nil
    ) async throws -> Bool {
        try await database.transaction { connection in
            let was = try !connection.query(SQL.function, [.text(function)]).isEmpty
            if let maxRunning {
                try connection.execute(SQL.limit, [.text(function), .int(maxRunning)])
                try ActionLog.write(
                    Action(.functionLimited, of: function, detail: ["maxRunning": .integer(Int64(maxRunning))]),
                    by: author, on: connection)
            } else if try connection.execute(SQL.lift, [.text(function)]) == 1 {
                try ActionLog.write(Action(.functionUnlimited, of: function), by: author, on: connection)
            }
            return was
        }
    }

    private enum SQL {
        static let tenants = """
            SELECT id, name, weight, max_running FROM tenants WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2
            """
        static let tenant = """
            UPDATE tenants SET weight = coalesce($2::integer, weight),
                max_running = CASE WHEN $3::boolean THEN $4::integer ELSE max_running END
            WHERE id = $1 RETURNING id, name, weight, max_running
            """
        static let project = "UPDATE projects SET weight = $2 WHERE id = $1"
        static let user = "UPDATE users SET weight = $3 WHERE id = $1 AND tenant_id = $2"
        static let functions = "SELECT function, max_running FROM function_limits ORDER BY function"
        static let function = "SELECT FROM function_limits WHERE function = $1"
        static let limit = """
            INSERT INTO function_limits (function, max_running) VALUES ($1, $2)
            ON CONFLICT (function) DO UPDATE SET max_running = excluded.max_running
            """
        static let lift = "DELETE FROM function_limits WHERE function = $1"
    }
}

extension TenantShare {
    fileprivate init(_ row: PostgresRow) throws {
        self.init(
            id: try row.decode("id"), name: try row.decode("name"), weight: try row.decode("weight"),
            maxRunning: try row.decode("max_running"))
    }
}
