import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Makes a tenant with its first administrator: what `first-login` and `tenant create` have in common.
struct FirstAdministrator: Sendable {
    /// The login as it is told, once.
    struct Login: Encodable, Sendable, Hashable {
        let email: String
        /// Only where it was made by the program: a password that was given is known already.
        let password: String?
        let tenant: String
        let credits: Int

        /// What is printed.
        ///
        /// - Parameters:
        ///   - json: Whether for programs.
        ///   - setting: The setting that a password which is not told was given by.
        /// - Returns: One line of JSON, or a line each for people.
        /// - Throws: Nothing that happens: all of it can be said in JSON.
        func text(json: Bool, setting: String) throws -> String {
            if json { return try JSONText.string(self, sortedKeys: true) }
            return "email     \(email)\npassword  \(password ?? "as given in \(setting)")"
        }
    }

    let users: UserStore
    let passwords: PasswordCheck

    /// Makes the tenant and the administrator unless the tenant has a user.
    ///
    /// - Parameters:
    ///   - tenant: The tenant's name.
    ///   - email: The administrator's address.
    ///   - password: Their password; nil makes one.
    ///   - credits: Their first credits.
    /// - Returns: The login; nil where the tenant has a user, and then nothing was changed.
    /// - Throws: `StudioError` with code `invalid`, or `conflict` where the address is taken; `PostgresError`.
    func make(tenant: String, email: String, password: String?, credits: Int) async throws -> Login? {
        let made = password == nil ? Base64URL.encode(SecureRandom.bytes(18)) : nil
        guard let secret = password ?? made else { return nil }
        let user = NewUser(
            email: email, displayName: "Administrator", passwordHash: try await passwords.hash(secret),
            roles: [.admin], credits: credits)
        guard let record = try await users.createFirstAdmin(user, tenantName: tenant) else { return nil }
        return Login(email: record.email, password: made, tenant: record.tenantName, credits: credits)
    }

    /// Whether somebody may sign in so.
    ///
    /// - Parameters:
    ///   - email: The address.
    ///   - password: The password.
    /// - Returns: Whether there is such a user who is not disabled.
    /// - Throws: `PostgresError`; `StudioError` where there is no memory to check a password.
    func isValid(email: String, password: String) async throws -> Bool {
        let user = try await users.find(email: email)
        return try await passwords.matches(password, hash: user?.passwordHash) && user?.disabledAt == nil
    }

    /// Gives a user a password.
    ///
    /// - Parameters:
    ///   - email: The user's address.
    ///   - password: The password.
    /// - Throws: `StudioError` with code `notFound` where there is no such user; `PostgresError`.
    func reset(email: String, password: String) async throws {
        guard let user = try await users.find(email: email) else {
            throw StudioError(.notFound, "there is no user with this email address")
        }
        try await users.setPassword(hash: passwords.hash(password), of: user.id)
    }
}
