import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioSystem

/// JSON Web Tokens (RFC 7519) signed with HMAC-SHA-256, made and checked with one key.
///
/// The header is a constant: whatever else a token claims to be (`none`, another algorithm, a key to be fetched) is no
/// token of ours. The signature is checked before anything in the token is read.
struct HS256Tokens: TokenVerifier {
    /// Longer is not even looked at.
    static let longestToken = 4096
    /// How far another machine's clock may be ahead of ours.
    static let clockSkew: TimeInterval = 60

    private static let header = ["alg": "HS256", "typ": "JWT"]
    private let key: HMACSHA256
    private let encodedHeader: String

    /// Tokens of a key.
    ///
    /// - Parameter secret: At least 32 bytes; the configuration checks that.
    init(secret: String) {
        precondition(secret.utf8.count >= 32, "a token key has at least 32 bytes")
        key = HMACSHA256(key: secret.utf8)
        encodedHeader = Base64URL.encode(Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8))
    }

    private struct Wire: Codable {
        let sub: UserID
        let tenant: TenantID
        let roles: [Role]
        let iat: Double
        let exp: Double
        let nbf: Double?
        let jti: String
    }

    /// A token with these claims; times are cut to whole seconds.
    func issue(_ claims: TokenClaims) throws -> String {
        let wire = Wire(
            sub: claims.user, tenant: claims.tenant, roles: claims.roles.sorted { $0.rawValue < $1.rawValue },
            iat: claims.issuedAt.timeIntervalSince1970.rounded(.down),
            exp: claims.expiresAt.timeIntervalSince1970.rounded(.down), nbf: nil, jti: claims.id)
        let signed = "\(encodedHeader).\(Base64URL.encode(try JSONText.compact(wire)))"
        return "\(signed).\(Base64URL.encode(key.code(for: signed.utf8)))"
    }

    func verify(_ token: String, at now: Date) throws(StudioError) -> TokenClaims {
        guard token.utf8.count <= Self.longestToken else { throw Self.refused }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = Base64URL.decode(parts[2]),
            key.isValid(signature, for: token.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count)),
            let header = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
            (try? JSONText.decode([String: String].self, from: Data(header))) == Self.header,
            let wire = try? JSONText.decode(Wire.self, from: Data(payload)), (1...128).contains(wire.jti.utf8.count)
        else { throw Self.refused }
        let time = now.timeIntervalSince1970
        guard wire.exp > time else { throw StudioError(.unauthenticated, "the token has expired; log in again") }
        guard wire.iat <= time + Self.clockSkew, (wire.nbf ?? 0) <= time + Self.clockSkew else {
            throw StudioError(.unauthenticated, "the token is not valid yet")
        }
        return TokenClaims(
            user: wire.sub, tenant: wire.tenant, roles: Set(wire.roles),
            issuedAt: Date(timeIntervalSince1970: wire.iat), expiresAt: Date(timeIntervalSince1970: wire.exp),
            id: wire.jti)
    }

    private static let refused = StudioError(.unauthenticated, "this is not a token of this studio")
}
