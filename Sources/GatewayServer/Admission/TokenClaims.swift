import FoundationEssentials
import QueueProtocol
import StudioCore

/// What a token says of the one who carries it.
struct TokenClaims: Sendable, Hashable {
    /// `sub`.
    var user: UserID
    /// `tenant`.
    var tenant: TenantID
    /// `roles` when the token was made; what the user may now is the account's to say.
    var roles: Set<Role>
    /// `iat`.
    var issuedAt: Date
    /// `exp`.
    var expiresAt: Date
    /// `jti`.
    var id: String
}

/// Tells good tokens from others. HS256 with a shared key today, a set of published keys later.
protocol TokenVerifier: Sendable {
    /// The claims of a good token; `unauthenticated` for every other, without saying more than a client may know.
    func verify(_ token: String, at now: Date) throws(StudioError) -> TokenClaims
}
