import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// `POST /api/v1/auth/login`: a password for a token.
struct LoginRoutes: RouteGroup {
    /// Where one logs in.
    static let path = "/api/v1/auth/login"

    let users: UserStore
    let actions: ActionLog
    let throttle: LoginThrottle
    let passwords: PasswordCheck
    let tokens: HS256Tokens
    /// How long a token is good for.
    let tokenLifetime: Duration
    var now: @Sendable () -> Date = { Date() }

    private struct Credentials: Decodable {
        let email: String
        let password: String
    }

    private struct Granted: Encodable {
        let accessToken: String
        let tokenType = "Bearer"
        let expiresAt: Date
    }

    func addRoutes(to router: Router<GatewayContext>) {
        router.post(RouterPath(Self.path)) { request, context -> Response in
            let credentials = try await request.decode(Credentials.self, limit: 8 * 1024, context: context)
            try Self.check(credentials)
            return try await logIn(credentials, context)
        }
    }

    /// One refusal for an unknown account, a wrong password and a disabled account, after the same work.
    private func logIn(_ credentials: Credentials, _ context: GatewayContext) async throws -> Response {
        let account = credentials.email.lowercased()
        let address = context.remoteAddress
        if case .wait(let seconds) = try await throttle.admit(account: account, address: address, now: now()) {
            throw StudioError(.rateLimited, "too many failed logins; wait a while", retryAfterSeconds: seconds)
        }
        let user = try await users.find(email: credentials.email)
        let matches = try await passwords.matches(credentials.password, hash: user?.passwordHash)
        guard let user, matches, user.disabledAt == nil else {
            context.logger.notice("login.refused", metadata: ["remote": .string(address)])
            throw StudioError(.unauthenticated, "the address or the password is wrong")
        }
        try await throttle.recordSuccess(account: account, address: address)
        try await actions.write(
            Action(.userSignedIn, of: user.id, detail: ["address": .string(address)]),
            by: ActionAuthor(tenant: user.tenant, user: user.id, requestID: context.requestID))
        context.logger.info("login", metadata: [LogKey.userID: .string(user.id.description)])
        let issued = now()
        let expires = Date(
            timeIntervalSince1970: (issued.timeIntervalSince1970 + Double(tokenLifetime.components.seconds))
                .rounded(.down))
        let claims = TokenClaims(
            user: user.id, tenant: user.tenant, roles: user.roles, issuedAt: issued, expiresAt: expires,
            id: JobID().description)
        return try .json(Granted(accessToken: try tokens.issue(claims), expiresAt: expires))
    }

    private static func check(_ credentials: Credentials) throws(StudioError) {
        var findings: [Finding] = []
        if !(3...254).contains(credentials.email.utf8.count) || credentials.email.utf8.contains(0) {
            findings.append(Finding(pointer: "/email", code: "length", detail: "an address has 3 to 254 characters"))
        }
        if !(1...1024).contains(credentials.password.utf8.count) {
            findings.append(Finding(pointer: "/password", code: "length", detail: "a password has 1 to 1024 bytes"))
        }
        if !findings.isEmpty { throw .invalid(findings) }
    }
}
