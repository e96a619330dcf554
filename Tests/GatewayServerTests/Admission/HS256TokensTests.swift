import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioSystem
import Testing

@testable import GatewayServer

@Suite("HS256 tokens") struct HS256TokensTests {
    private static let secret = "a key for tests that has thirty-two bytes"
    private let tokens = HS256Tokens(secret: secret)
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func claims(_ expires: TimeInterval = 60, issued: TimeInterval = 0) -> TokenClaims {
        TokenClaims(
            user: UserID(), tenant: TenantID(), roles: [.artist, .viewer], issuedAt: now + issued,
            expiresAt: now + expires, id: "id")
    }

    /// A token of any header and payload, signed with a key as HS256 signs.
    private func forge(_ header: String, _ payload: String, key: String = secret) -> String {
        let signed = "\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(Array(payload.utf8)))"
        return signed + "." + Base64URL.encode(HMACSHA256(key: key.utf8).code(for: signed.utf8))
    }

    private func payload(_ changes: [String: JSONValue?] = [:]) throws -> String {
        var members: [String: JSONValue] = [
            "sub": .string(UserID().description), "tenant": .string(TenantID().description), "roles": ["viewer"],
            "iat": 1_800_000_000, "exp": 1_800_000_060, "jti": "x",
        ]
        for (name, value) in changes { members[name] = value }
        return try JSONText.string(JSONValue.object(members))
    }

    private static let header = #"{"alg":"HS256","typ":"JWT"}"#

    private func isRefused(_ token: String, at time: Date? = nil) -> Bool {
        do {
            _ = try tokens.verify(token, at: time ?? now)
            return false
        } catch {
            return error.code == .unauthenticated
        }
    }

    @Test func readsWhatItIssued() throws {
        let claims = claims()
        #expect(try tokens.verify(try tokens.issue(claims), at: now) == claims)
    }

    /// The example of RFC 7515, appendix A.1, has the same algorithm and another header, and so is none of ours.
    @Test func acceptsOthersTokensOfTheSameForm() throws {
        #expect(!isRefused(forge(Self.header, try payload())))
        #expect(!isRefused(forge(#"{"typ":"JWT","alg":"HS256"}"#, try payload())))
    }

    @Test(arguments: [
        #"{"alg":"none","typ":"JWT"}"#, #"{"alg":"HS512","typ":"JWT"}"#, #"{"alg":"RS256","typ":"JWT"}"#,
        #"{"alg":"hs256","typ":"JWT"}"#, #"{"alg":"HS256"}"#, #"{"alg":"HS256","typ":"JWT","kid":"1"}"#,
        #"{"alg":"HS256","typ":"JWT","crit":["x"]}"#, #"{"alg":["HS256"],"typ":"JWT"}"#, "{}", "", "[]",
    ])
    func refusesOtherHeaders(header: String) throws {
        #expect(isRefused(forge(header, try payload())))
    }

    @Test func refusesUnsignedTokens() throws {
        let parts = try tokens.issue(claims()).split(separator: ".")
        let none = Base64URL.encode(Array(#"{"alg":"none","typ":"JWT"}"#.utf8))
        for token in [
            "\(none).\(parts[1]).", "\(none).\(parts[1])", "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1])",
        ] {
            #expect(isRefused(token), "\(token)")
        }
    }

    @Test func refusesOtherKeysAndChangedTokens() throws {
        #expect(isRefused(try HS256Tokens(secret: "another key that has thirty-two bytes").issue(claims())))
        let token = Array(try tokens.issue(claims()).utf8)
        for index in token.indices where token[index] != UInt8(ascii: ".") {
            var changed = token
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(isRefused(String(decoding: changed, as: UTF8.self)), "byte \(index)")
        }
    }

    @Test func refusesOutsideItsTime() throws {
        let token = try tokens.issue(claims(60))
        #expect(!isRefused(token, at: now + 59))
        #expect(isRefused(token, at: now + 60))
        #expect(isRefused(try tokens.issue(claims(600, issued: 120))))
        #expect(!isRefused(try tokens.issue(claims(600, issued: 30))))
        #expect(isRefused(forge(Self.header, try payload(["nbf": 1_800_000_120, "exp": 1_800_000_600]))))
    }

    @Test(arguments: ["sub", "tenant", "roles", "iat", "exp", "jti"])
    func refusesWhereAClaimIsMissingOrWrong(name: String) throws {
        #expect(isRefused(forge(Self.header, try payload([name: .null]))))
        #expect(isRefused(forge(Self.header, try payload([name: .object([:])]))))
    }

    @Test func refusesWhatIsNoToken() throws {
        #expect(isRefused(forge(Self.header, try payload(["pad": .string(String(repeating: "x", count: 4096))]))))
        for text in ["", ".", "..", "a.b.c", "a.b.c.d", "€.€.€", String(repeating: ".", count: 4000)] {
            #expect(isRefused(text), "\(text)")
        }
    }
}
