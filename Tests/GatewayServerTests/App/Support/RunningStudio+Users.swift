import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import Testing

@testable import GatewayServer

extension RunningStudio {
    /// Somebody with a token.
    struct Person: Sendable {
        let user: UserRecord
        let token: String
    }

    /// Makes a user; of the first tenant where none is named.
    func person(_ email: String, _ role: Role, tenant: TenantID? = nil) async throws -> Person {
        let user = try await UserStore(parts.database).create(
            NewUser(email: email, passwordHash: "x", roles: [role], credits: 1000), tenant: tenant ?? admin.tenant)
        let token = try HS256Tokens(secret: TestGateway.secret).issue(
            TokenClaims(
                user: user.id, tenant: user.tenant, roles: user.roles, issuedAt: Date(),
                expiresAt: Date().addingTimeInterval(600), id: "test"))
        return Person(user: user, token: token)
    }

    /// One request of a person; of nobody where there is none.
    func request(
        as person: Person?, _ method: String, _ path: String, headers: [String] = [], body: String? = nil,
        at place: SourceLocation = #_sourceLocation
    ) async throws -> HTTPReply {
        let token = person.map { ["authorization: Bearer \($0.token)"] } ?? []
        return try await Self.request(port: port, method, path, headers: token + headers, body: body, at: place)
    }
}
