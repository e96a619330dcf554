import FoundationEssentials
package import QueueProtocol
import StudioCore

/// Tenants, users and what they own. Refusals are `StudioError`, faults `PostgresError`.
package struct UserStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// Makes a tenant; the one of that name where there is one already.
    ///
    /// - Parameter name: `[a-z0-9][a-z0-9-]{0,62}`.
    /// - Returns: Its id.
    /// - Throws: `StudioError` with code `invalid` for a bad name; `PostgresError`.
    package func createTenant(name: String) async throws -> TenantID {
        try await database.transaction { try tenant(name, on: $0) }
    }

    /// The tenant of a name, where there is one.
    package func tenant(named name: String) async throws -> TenantID? {
        try await database.withConnection { connection in
            try connection.query(SQL.tenant, [.text(name)]).first.map { try $0.decode("id") }
        }
    }

    /// Makes a user with an account.
    ///
    /// - Parameters:
    ///   - user: The user.
    ///   - tenant: Whose.
    /// - Returns: The user.
    /// - Throws: `StudioError` with code `conflict` where the address is taken, `invalid` where it is none;
    ///   `PostgresError`.
    package func create(_ user: NewUser, tenant: TenantID) async throws -> UserRecord {
        try Self.check(user)
        do {
            return try await database.transaction { try insert(user, tenant: tenant, on: $0) }
        } catch let error as PostgresError where error.constraint == "users_email" {
            throw Self.addressTaken
        }
    }

    /// Makes the tenant and the user unless the tenant has any user. Of programs that start at once one makes it.
    ///
    /// - Parameters:
    ///   - user: The user.
    ///   - tenantName: The tenant's name.
    /// - Returns: The user; nil where there was one already.
    /// - Throws: `StudioError` with code `invalid`, or `conflict` where another tenant's user has the address;
    ///   `PostgresError`.
    package func createFirstAdmin(_ user: NewUser, tenantName: String) async throws -> UserRecord? {
        try Self.check(user)
        do {
            return try await database.transaction { connection in
                // Conflicts with itself and with every insert, and not with reading; held until the transaction ends.
                try connection.script("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
                let tenant = try tenant(tenantName, on: connection)
                guard try connection.query(SQL.anyUser, [.id(tenant)]).isEmpty else { return nil }
                return try insert(user, tenant: tenant, on: connection)
            }
        } catch let error as PostgresError where error.constraint == "users_email" {
            throw Self.addressTaken
        }
    }

    private static let addressTaken = StudioError(.conflict, "there is a user with this email address already")

    /// The user of an email address, in any letter case.
    package func find(email: String) async throws -> UserRecord? {
        try await database.withConnection { connection in
            try connection.query(SQL.byEmail, [.text(email)]).first.map { try UserRecord($0) }
        }
    }

    /// The user of an id.
    package func find(_ id: UserID) async throws -> UserRecord? {
        try await database.withConnection { connection in
            try connection.query(SQL.byID, [.id(id)]).first.map { try UserRecord($0) }
        }
    }

    /// Gives a user another password; tokens that they have stay valid.
    ///
    /// - Parameters:
    ///   - hash: The password as it is kept.
    ///   - user: Whose.
    /// - Throws: `StudioError` with code `notFound`; `PostgresError`.
    package func setPassword(hash: String, of user: UserID) async throws {
        let changed = try await database.withConnection { connection in
            try connection.execute(SQL.setPassword, [.id(user), .text(hash)])
        }
        guard changed == 1 else { throw StudioError(.notFound, "there is no such user") }
    }

    /// Gives a user credits.
    ///
    /// - Parameters:
    ///   - credits: How many, more than 0.
    ///   - user: Whom.
    ///   - note: Why, kept in the ledger.
    /// - Returns: The account afterwards.
    /// - Throws: `StudioError` with code `invalid` or `notFound`; `PostgresError`.
    package func grant(_ credits: Int, to user: UserID, note: String) async throws -> CreditAccount {
        guard credits > 0 else {
            throw StudioError.invalid([
                Finding(pointer: "/credits", code: "minimum", detail: "a grant is at least one credit")
            ])
        }
        do {
            return try await database.transaction { connection in
                try connection.execute(SQL.grant, [.id(user), .int(credits), .text(note)])
                return try CreditAccount(connection.query(SQL.account, [.id(user)])[0])
            }
        } catch let error as PostgresError where error.code == .foreignKeyViolation {
            throw StudioError(.notFound, "there is no such user")
        }
    }

    /// What a user has; nil where there is no such user.
    package func account(of user: UserID) async throws -> CreditAccount? {
        try await database.withConnection { connection in
            try connection.query(SQL.account, [.id(user)]).first.map { try CreditAccount($0) }
        }
    }

    private static func check(_ user: NewUser) throws(StudioError) {
        var findings: [Finding] = []
        let email = user.email
        let sides = email.split(separator: "@", omittingEmptySubsequences: false)
        if sides.count != 2 || sides.contains(where: \.isEmpty) || email.unicodeScalars.count > 254
            || email.contains(where: \.isWhitespace)
        {
            findings.append(Finding(pointer: "/email", code: "format", detail: "an email address is name@host"))
        }
        if user.roles.isEmpty {
            findings.append(Finding(pointer: "/roles", code: "required", detail: "a user has at least one role"))
        }
        if user.credits < 0 {
            findings.append(Finding(pointer: "/credits", code: "minimum", detail: "credits are not negative"))
        }
        guard findings.isEmpty else { throw .invalid(findings) }
    }

    private func tenant(_ name: String, on connection: PostgresConnection) throws -> TenantID {
        do throws(PostgresError) {
            try connection.execute(SQL.insertTenant, [.id(TenantID()), .text(name)])
        } catch {
            guard error.code == .checkViolation else { throw error }
            throw StudioError.invalid([
                Finding(
                    pointer: "/tenant", code: "pattern",
                    detail: "a tenant's name is 1 to 63 of a to z, 0 to 9 and -, and does not begin with -")
            ])
        }
        return try connection.query(SQL.tenant, [.text(name)])[0].decode("id")
    }

    private func insert(_ user: NewUser, tenant: TenantID, on connection: PostgresConnection) throws -> UserRecord {
        try connection.execute(
            SQL.insertUser,
            [
                .id(user.id), .id(tenant), .text(user.email), .text(user.displayName), .text(user.passwordHash),
                .texts(user.roles.map(\.rawValue).sorted()),
            ])
        if user.credits > 0 {
            try connection.execute(SQL.grant, [.id(user.id), .int(user.credits), .text("first credits")])
        }
        return try UserRecord(connection.query(SQL.byID, [.id(user.id)])[0])
    }

    private enum SQL {
        static let tenant = "SELECT id FROM tenants WHERE name = $1"
        static let insertTenant = "INSERT INTO tenants (id, name) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"
        static let anyUser = "SELECT FROM users WHERE tenant_id = $1 LIMIT 1"
        // The account is made with the user: a user without one could not be charged.
        static let insertUser = """
            WITH made AS (
                INSERT INTO users (id, tenant_id, email, display_name, password_hash, roles)
                VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
            )
            INSERT INTO credit_accounts (user_id) SELECT id FROM made
            """
        static let setPassword = "UPDATE users SET password_hash = $2 WHERE id = $1"
        static let byEmail = "\(UserRecord.select) WHERE lower(u.email) = lower($1)"
        static let byID = "\(UserRecord.select) WHERE u.id = $1"
        static let grant = "INSERT INTO ledger_entries (user_id, kind, amount, note) VALUES ($1, 'grant', $2, $3)"
        static let account = "SELECT available, held, settled FROM credit_accounts WHERE user_id = $1"
    }
}

extension UserRecord {
    /// What `init(_ row:)` reads.
    static let select = """
        SELECT u.id, u.tenant_id, n.name AS tenant_name, u.email, u.display_name, u.password_hash, u.roles,
               u.disabled_at, u.created_at
        FROM users u JOIN tenants n ON n.id = u.tenant_id
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        id = try row.decode("id")
        tenant = try row.decode("tenant_id")
        tenantName = try row.decode("tenant_name")
        email = try row.decode("email")
        displayName = try row.decode("display_name")
        passwordHash = try row.decode("password_hash")
        roles = Set(try row.decode("roles", as: [String].self).compactMap(Role.init(rawValue:)))
        disabledAt = try row.decode("disabled_at")
        createdAt = try row.decode("created_at")
    }
}

extension CreditAccount {
    init(_ row: PostgresRow) throws(PostgresError) {
        available = try row.decode("available")
        held = try row.decode("held")
        settled = try row.decode("settled")
    }
}
