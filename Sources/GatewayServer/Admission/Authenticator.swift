import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import QueueProtocol
import StudioCore
import StudioPostgres

/// Finds out who asks: the token must be good, and the account it names must be there, in that tenant, and not disabled.
struct Authenticator: Sendable {
    private let verifier: any TokenVerifier
    private let accounts: AccountCache
    private let verified = ExpiringCache<String, TokenClaims>(lifetime: .seconds(60))
    private let now: @Sendable () -> Date

    /// An authenticator.
    ///
    /// - Parameters:
    ///   - verifier: Tells good tokens from others.
    ///   - accounts: The users.
    ///   - now: The time of day; default the system's.
    init(verifier: any TokenVerifier, accounts: AccountCache, now: @escaping @Sendable () -> Date = { Date() }) {
        self.verifier = verifier
        self.accounts = accounts
        self.now = now
    }

    /// Who sent a request: nil where it carries no `Authorization` header.
    ///
    /// Throws `unauthenticated` where the header is there and no good: a client that meant to be somebody must learn that
    /// it is not.
    func authenticate(_ request: Request) async throws -> Caller? {
        let headers = request.headers[values: .authorization]
        guard !headers.isEmpty else { return nil }
        guard headers.count == 1, let token = BearerToken.read(headers[0]) else {
            throw StudioError(.unauthenticated, "Authorization takes one bearer token")
        }
        return try await authenticate(token: token)
    }

    /// Who carries a token.
    func authenticate(token: String) async throws -> Caller {
        let claims = try claims(of: token)
        guard let user = try await accounts.user(claims.user), user.tenant == claims.tenant, user.disabledAt == nil
        else {
            throw StudioError(.unauthenticated, "this account is disabled or gone")
        }
        return Caller(
            userID: user.id, tenantID: user.tenant, tenantName: user.tenantName, email: user.email,
            displayName: user.displayName, roles: user.roles, tokenExpiresAt: claims.expiresAt)
    }

    /// What a token says. One that was good a moment ago is good until it ends: its seal is not worked out again.
    private func claims(of token: String) throws -> TokenClaims {
        let now = now()
        if let claims = verified[token], claims.expiresAt > now { return claims }
        let claims = try verifier.verify(token, at: now)
        verified.remember(claims, for: token)
        return claims
    }
}

/// The `Bearer` scheme of `Authorization` (RFC 6750).
enum BearerToken {
    /// The token in a header's value; nil for other schemes and for what cannot be a token.
    static func read(_ header: String?) -> String? {
        guard let header, header.utf8.count <= HS256Tokens.longestToken + 16 else { return nil }
        // Bytes, not characters: this is read with every request.
        let space = UInt8(ascii: " ")
        guard let end = header.utf8.firstIndex(of: space), header[..<end].lowercased() == "bearer" else { return nil }
        var token = header.utf8[end...].drop { $0 == space }
        while token.last == space { token.removeLast() }
        return token.isEmpty || token.contains(space) ? nil : String(Substring(token))
    }
}

/// The accounts of those who ask, remembered for a few seconds: a disabled user is out within that time. Refusals and faults
/// are not remembered.
final class AccountCache: Sendable {
    private let users: UserStore
    private let entries: ExpiringCache<UserID, UserRecord>

    /// A cache.
    ///
    /// - Parameters:
    ///   - users: The truth.
    ///   - lifetime: How long an account is remembered; default 3 seconds.
    init(users: UserStore, lifetime: Duration = .seconds(3)) {
        self.users = users
        entries = ExpiringCache(lifetime: lifetime)
    }

    /// A user; nil where there is none.
    func user(_ id: UserID) async throws -> UserRecord? {
        if let user = entries[id] { return user }
        guard let user = try await users.find(id) else { return nil }
        entries.remember(user, for: id)
        return user
    }

    /// Forgets a user that was just changed here.
    func forget(_ id: UserID) { entries.forget(id) }
}
