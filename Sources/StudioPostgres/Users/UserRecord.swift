package import FoundationEssentials
package import QueueProtocol
package import StudioCore

/// A person or program that signs in.
package struct UserRecord: Sendable, Hashable {
    package var id: UserID
    package var tenant: TenantID
    package var tenantName: String
    package var email: String
    package var displayName: String
    /// Never leaves the gateway, never logged.
    package var passwordHash: String
    package var roles: Set<Role>
    package var disabledAt: Date?
    package var createdAt: Date
}

/// A user as it is asked for.
package struct NewUser: Sendable, Hashable {
    package var id: UserID
    package var email: String
    package var displayName: String
    package var passwordHash: String
    package var roles: Set<Role>
    /// Granted at once; 0 grants nothing.
    package var credits: Int

    package init(
        id: UserID = UserID(), email: String, displayName: String = "", passwordHash: String, roles: Set<Role>,
        credits: Int = 0
    ) {
        self.id = id
        self.email = email
        self.displayName = displayName
        self.passwordHash = passwordHash
        self.roles = roles
        self.credits = credits
    }
}

/// What a user has.
package struct CreditAccount: Sendable, Hashable {
    package var available: Int
    /// Promised to jobs that are not finished.
    package var held: Int
    /// Spent.
    package var settled: Int
}
