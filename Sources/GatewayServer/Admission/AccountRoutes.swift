import FoundationEssentials
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres

/// What a user may use at most; what this gateway was configured with.
struct Quotas: Encodable, Sendable, Hashable {
    /// Requests a second on average; nil is no limit.
    var requestsPerSecond: Int?
    /// Jobs that are not finished; nil is no limit.
    var activeJobs: Int?
    /// The largest upload.
    var uploadMaxBytes: Int

    private enum Key: String, CodingKey { case requestsPerSecond, activeJobs, uploadMaxBytes }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(requestsPerSecond, forKey: .requestsPerSecond)
        try container.encode(activeJobs, forKey: .activeJobs)
        try container.encode(uploadMaxBytes, forKey: .uploadMaxBytes)
    }
}

/// `GET /api/v1/me`: who asks, and what they have.
struct AccountRoutes: RouteGroup {
    let users: UserStore
    let quotas: Quotas

    private struct Me: Encodable {
        struct User: Encodable {
            let id: UserID
            let email: String
            let displayName: String
        }
        struct Tenant: Encodable {
            let id: TenantID
            let name: String
        }
        let user: User
        let tenant: Tenant
        let roles: [Role]
        let credits: CreditsDocument
        let quotas: Quotas
    }

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/api/v1/me") { _, context -> Response in
            let caller = try context.require(.read)
            let account = try await users.account(of: caller.userID)
            return try .json(
                Me(
                    user: .init(id: caller.userID, email: caller.email, displayName: caller.displayName),
                    tenant: .init(id: caller.tenantID, name: caller.tenantName),
                    roles: caller.roles.sorted { $0.rawValue < $1.rawValue }, credits: CreditsDocument(account),
                    quotas: quotas))
        }
    }
}

/// A user's credits as the contract shows them.
struct CreditsDocument: Encodable, Sendable, Hashable {
    /// To be spent.
    let available: Int
    /// Promised to jobs that are not finished.
    let held: Int
    /// Spent.
    let settled: Int

    /// The credits of an account; nothing where there is none.
    init(_ account: CreditAccount?) {
        available = account?.available ?? 0
        held = account?.held ?? 0
        settled = account?.settled ?? 0
    }
}
