package import FoundationEssentials
package import QueueProtocol
package import StudioCore

/// A user as administrators see them.
package struct TenantUser: Sendable, Hashable {
    package var id: UserID
    package var email: String
    package var displayName: String
    package var roles: Set<Role>
    package var disabledAt: Date?
    package var createdAt: Date
    /// Raised by every change of roles or of being disabled, not by credits; the ETag.
    package var revision: Int
    /// Their credits.
    package var account: CreditAccount
}

/// The users of one tenant, for its administrators. What changes something runs within the caller's transaction, so that
/// it is one with an idempotency key. Refusals are `StudioError`, faults `PostgresError`.
package struct TenantUsers: Sendable {
    private let database: Database
    private let tenant: TenantID

    /// The users of a tenant.
    package init(_ database: Database, of tenant: TenantID) {
        self.database = database
        self.tenant = tenant
    }

    /// The users, newest first; `before` is the last id of the page before.
    package func list(limit: Int, before: UserID?) async throws -> [TenantUser] {
        try await database.withConnection { [tenant] connection in
            try connection.query(SQL.list, [.id(tenant), .id(before), .int(limit)]).map { try TenantUser($0) }
        }
    }

    /// A user; `not-found` for one of another tenant.
    package func user(_ id: UserID) async throws -> TenantUser {
        try await database.withConnection { try user(id, on: $0) }
    }

    /// The same within a transaction.
    package func user(_ id: UserID, on connection: PostgresConnection) throws -> TenantUser {
        guard let row = try connection.query(SQL.one, [.id(tenant), .id(id)]).first else {
            throw StudioError(.notFound, "there is no such user")
        }
        return try TenantUser(row)
    }

    /// Makes a user with an account; `conflict` where the address is taken.
    package func create(_ user: NewUser, on connection: PostgresConnection) throws -> TenantUser {
        let made = try connection.query(
            SQL.create,
            [
                .id(user.id), .id(tenant), .text(user.email), .text(user.displayName), .text(user.passwordHash),
                .texts(user.roles.map(\.rawValue).sorted()),
            ])
        guard !made.isEmpty else {
            throw StudioError(.conflict, "there is a user with this email address already")
        }
        if user.credits > 0 {
            try connection.execute(SQL.grant, [.id(user.id), .int(user.credits), .text("first credits")])
        }
        return try self.user(user.id, on: connection)
    }

    /// Changes what is not nil.
    ///
    /// - Parameters:
    ///   - id: The user.
    ///   - roles: Their new roles.
    ///   - isDisabled: Whether they may no longer log in.
    ///   - expectedRevision: The revision the change was made on; nil changes whatever is there.
    ///   - connection: A transaction's.
    /// - Returns: The user, their revision raised.
    /// - Throws: `StudioError`: `not-found`, `precondition-failed` where the user was changed since, `conflict` where no
    ///   administrator who is not disabled would be left; `PostgresError`.
    package func update(
        _ id: UserID, roles: Set<Role>?, isDisabled: Bool?, expectedRevision: Int?, on connection: PostgresConnection
    ) throws -> TenantUser {
        // Every change of the tenant's users waits here, so that two administrators cannot remove each other.
        try connection.execute(SQL.lock, [.id(tenant)])
        _ = try user(id, on: connection)
        let changed = try connection.execute(
            SQL.update,
            [
                .id(tenant), .id(id), .texts((roles ?? []).map(\.rawValue).sorted()), .bool(roles != nil),
                .bool(isDisabled), .int(expectedRevision),
            ])
        guard changed == 1 else {
            throw StudioError(.preconditionFailed, "the user was changed since they were read")
        }
        guard try !connection.query(SQL.anyAdministrator, [.id(tenant)]).isEmpty else {
            throw StudioError(.conflict, "the studio needs at least one administrator")
        }
        return try user(id, on: connection)
    }

    /// Gives a user credits.
    package func grant(
        _ credits: Int, to id: UserID, note: String, on connection: PostgresConnection
    ) throws -> TenantUser {
        _ = try user(id, on: connection)
        try connection.execute(SQL.grant, [.id(id), .int(credits), .text(note)])
        return try user(id, on: connection)
    }

    private enum SQL {
        static let columns = """
            SELECT u.id, u.email, u.display_name, u.roles, u.disabled_at, u.created_at, u.revision,
                   a.available, a.held, a.settled
            FROM users u JOIN credit_accounts a ON a.user_id = u.id WHERE u.tenant_id = $1
            """
        static let list = columns + " AND ($2::uuid IS NULL OR u.id < $2::uuid) ORDER BY u.id DESC LIMIT $3::int"
        static let one = columns + " AND u.id = $2"
        static let create = """
            WITH made AS (
                INSERT INTO users (id, tenant_id, email, display_name, password_hash, roles)
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (lower(email)) DO NOTHING RETURNING id
            )
            INSERT INTO credit_accounts (user_id) SELECT id FROM made RETURNING user_id
            """
        static let lock = "SELECT id FROM tenants WHERE id = $1 FOR UPDATE"
        static let update = """
            UPDATE users SET
                roles = CASE WHEN $4::boolean THEN $3::text[] ELSE roles END,
                disabled_at = CASE WHEN $5::boolean IS NULL THEN disabled_at
                                   WHEN $5::boolean THEN coalesce(disabled_at, now()) END,
                revision = revision + 1
            WHERE tenant_id = $1 AND id = $2 AND ($6::bigint IS NULL OR revision = $6)
            """
        static let anyAdministrator = """
            SELECT id FROM users WHERE tenant_id = $1 AND disabled_at IS NULL AND 'admin' = ANY (roles) LIMIT 1
            """
        static let grant = "INSERT INTO ledger_entries (user_id, kind, amount, note) VALUES ($1, 'grant', $2, $3)"
    }
}

extension TenantUser {
    fileprivate init(_ row: PostgresRow) throws {
        let roles: [String] = try row.decode("roles")
        self.init(
            id: try row.decode("id"), email: try row.decode("email"), displayName: try row.decode("display_name"),
            roles: Set(roles.compactMap(Role.init(rawValue:))), disabledAt: try row.decode("disabled_at"),
            createdAt: try row.decode("created_at"), revision: try row.decode("revision"),
            account: try CreditAccount(row))
    }
}
