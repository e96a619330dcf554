import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite("Admission") struct AdmissionTests {
    private func logIn(_ gateway: TestGateway, _ email: String, _ password: String) async throws -> HTTPReply {
        let body = try JSONText.string(["email": email, "password": password])
        return try await gateway.request("POST", "/api/v1/auth/login", body: body)
    }

    @Test func logsInAndSaysWhoOneIs() async throws {
        try await TestGateway.run { gateway in
            let login = try await logIn(gateway, "ADMIN@example.com", TestGateway.password)
            #expect(login.status == 200)
            #expect(login.json["tokenType"] == "Bearer")
            #expect(login.headers["cache-control"] == "no-store")
            #expect(login.json["expiresAt"]?.stringValue.flatMap(Timestamp.parse) != nil)
            let token = try #require(login.json["accessToken"]?.stringValue)
            let me = try await gateway.request("GET", "/api/v1/me", token: token)
            #expect(me.status == 200)
            #expect(me.json["user"]?["email"] == "admin@example.com")
            #expect(me.json["tenant"]?["name"] == "first")
            #expect(me.json["roles"] == ["admin"])
            #expect(me.json["credits"] == ["available": 100, "held": 0, "settled": 0])
            #expect(!gateway.log.lines.contains { $0.contains(token) || $0.contains(TestGateway.password) })
        }
    }

    @Test func refusesLoginsAlike() async throws {
        try await TestGateway.run { gateway in
            let wrong = try await logIn(gateway, "admin@example.com", "wrong")
            let unknown = try await logIn(gateway, "nobody@example.com", "wrong")
            #expect(wrong.status == 401)
            #expect(unknown.status == 401)
            #expect(wrong.json["detail"] == unknown.json["detail"])
            #expect(wrong.json["errors"] == unknown.json["errors"])
            let bad = try await logIn(gateway, "", String(repeating: "x", count: 2000))
            #expect(bad.status == 400)
            #expect(bad.json["errors"]?.arrayValue?.count == 2)
        }
    }

    @Test func throttlesGuessesPerAccount() async throws {
        var limits = LoginThrottle.Limits()
        limits.perAccount = 3
        try await TestGateway.run(.init(throttle: limits)) { gateway in
            for _ in 0..<3 { #expect(try await logIn(gateway, "admin@example.com", "wrong").status == 401) }
            let throttled = try await logIn(gateway, "admin@example.com", TestGateway.password)
            #expect(throttled.status == 429)
            #expect(throttled.problem == "rate-limited")
            #expect(throttled.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0)
            #expect(try await logIn(gateway, "viewer@example.com", TestGateway.password).status == 200)
        }
    }

    @Test func refusesEveryTokenThatIsNotGood() async throws {
        try await TestGateway.run { gateway in
            let good = try gateway.token()
            let other = try HS256Tokens(secret: "another key that has thirty-two bytes")
                .issue(
                    TokenClaims(
                        user: gateway.studio.admin.id, tenant: gateway.studio.admin.tenant, roles: [.admin],
                        issuedAt: Date(), expiresAt: Date().addingTimeInterval(60), id: "x"))
            let expired = try gateway.token(expires: Date().addingTimeInterval(-1))
            let moved = try gateway.tokens.issue(
                TokenClaims(
                    user: gateway.studio.admin.id, tenant: gateway.studio.stranger.tenant, roles: [.admin],
                    issuedAt: Date(), expiresAt: Date().addingTimeInterval(60), id: "x"))
            let gone = try gateway.tokens.issue(
                TokenClaims(
                    user: UserID(), tenant: gateway.studio.admin.tenant, roles: [.admin], issuedAt: Date(),
                    expiresAt: Date().addingTimeInterval(60), id: "x"))
            for header in [
                "Bearer \(other)", "Bearer \(expired)", "Bearer \(moved)", "Bearer \(gone)", "Bearer \(good)x",
                "Bearer",
                "Basic \(good)", "Bearer \(good) \(good)", good, "",
            ] {
                let reply = try await gateway.request("GET", "/api/v1/me", headers: ["authorization: \(header)"])
                #expect(reply.status == 401, "\(header.prefix(30))")
                #expect(reply.problem == "unauthenticated")
                #expect(reply.headers["www-authenticate"] == #"Bearer realm="studio", error="invalid_token""#)
            }
            let without = try await gateway.request("GET", "/api/v1/me")
            #expect(without.status == 401)
            #expect(without.headers["www-authenticate"] == #"Bearer realm="studio""#)
            let twice = try await gateway.request(
                "GET", "/api/v1/me", headers: ["authorization: Bearer \(good)", "authorization: Bearer \(good)"])
            #expect(twice.status == 401)
            #expect(try await gateway.request("GET", "/api/v1/me", token: good).status == 200)
        }
    }

    @Test func limitsEachUser() async throws {
        try await TestGateway.run(.init(requestsPerSecond: 1, burst: 2)) { gateway in
            let token = try gateway.token()
            let first = try await gateway.request("GET", "/api/v1/me", token: token)
            #expect(first.headers["ratelimit-limit"] == "2")
            #expect(first.headers["ratelimit-remaining"] == "1")
            var refused: HTTPReply?
            for _ in 0..<20 where refused == nil {
                let reply = try await gateway.request("GET", "/api/v1/me", token: token)
                if reply.status == 429 { refused = reply }
            }
            #expect(refused?.problem == "rate-limited")
            #expect(refused?.headers["retry-after"] == "1")
            #expect(
                try await gateway.request("GET", "/api/v1/me", token: try gateway.token(gateway.studio.viewer)).status
                    == 200)
        }
    }

    // MARK: Administration

    @Test func makesUsersOnceForAKey() async throws {
        try await TestGateway.run { gateway in
            let token = try gateway.token()
            let body = #"{"email":"new@example.com","password":"a new password","roles":["artist"],"credits":5}"#
            func make(_ key: String, _ body: String) async throws -> HTTPReply {
                try await gateway.request(
                    "POST", "/api/v1/admin/users", token: token, headers: ["idempotency-key: \(key)"], body: body)
            }
            let made = try await make("key-1", body)
            #expect(made.status == 201)
            #expect(made.json["credits"]?["available"] == 5)
            #expect(made.headers["location"]?.hasPrefix("/api/v1/admin/users/") == true)
            #expect(made.headers["idempotency-replayed"] == nil)
            let again = try await make("key-1", body)
            #expect(again.status == 201)
            #expect(again.json == made.json)
            #expect(again.headers["location"] == made.headers["location"])
            #expect(again.headers["idempotency-replayed"] == "true")
            let other = try await make("key-1", body.replacing("a new password", with: "an other password"))
            #expect(other.status == 422)
            #expect(other.problem == "idempotency-mismatch")
            let taken = try await make("key-2", body)
            #expect(taken.status == 409)
            // The refusal took nothing: the key is free for a request that can be done.
            #expect(try await make("key-2", body.replacing("new@", with: "newer@")).status == 201)
            for key in ["", "with space", String(repeating: "k", count: 129), "é"] {
                #expect(try await make(key, body).status == 400, "\(key)")
            }
            #expect(try await logIn(gateway, "new@example.com", "a new password").status == 200)
            let kept = try await PrivatePostgres.shared().sql(
                "SELECT fingerprint || coalesce(body, '') FROM idempotency_keys", in: gateway.studio.uri)
            #expect(!kept.joined().contains("a new password"))
        }
    }

    @Test func makesOneUserOfManyRequestsAtOnce() async throws {
        try await TestGateway.run { gateway in
            let token = try gateway.token()
            let body = #"{"email":"once@example.com","password":"a new password","roles":["artist"]}"#
            let replies = try await withThrowingTaskGroup(of: HTTPReply.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await gateway.request(
                            "POST", "/api/v1/admin/users", token: token, headers: ["idempotency-key: same"], body: body)
                    }
                }
                return try await group.reduce(into: [HTTPReply]()) { $0.append($1) }
            }
            // Whoever comes while the first is being answered is told to come back; nobody makes a second.
            #expect(replies.allSatisfy { $0.status == 201 || $0.status == 409 })
            #expect(Set(replies.filter { $0.status == 201 }.compactMap { $0.json["id"]?.stringValue }).count == 1)
            #expect(replies.filter { $0.status == 201 && $0.headers["idempotency-replayed"] == nil }.count == 1)
        }
    }

    @Test func saysEverythingThatIsWrongWithAUser() async throws {
        try await TestGateway.run { gateway in
            let reply = try await gateway.request(
                "POST", "/api/v1/admin/users", token: try gateway.token(),
                body: #"{"email":"x","password":"short","roles":[],"credits":-1}"#)
            #expect(reply.status == 400)
            let pointers = reply.json["errors"]?.arrayValue?.compactMap { $0["pointer"]?.stringValue }
            #expect(pointers == ["/email", "/password", "/roles", "/credits"])
            let role = try await gateway.request(
                "POST", "/api/v1/admin/users", token: try gateway.token(),
                body: #"{"email":"a@b.example","password":"long enough","roles":["boss"]}"#)
            #expect(role.status == 400)
        }
    }

    @Test func listsAndChangesTheUsersOfOneTenant() async throws {
        try await TestGateway.run(.init(accountLifetime: .zero)) { gateway in
            let (token, studio) = (try gateway.token(), gateway.studio)
            let path = "/api/v1/admin/users"
            let first = try await gateway.request("GET", path + "?limit=1", token: token)
            #expect(first.json["items"]?.arrayValue?.first?["email"] == "viewer@example.com")
            let cursor = try #require(first.json["nextCursor"]?.stringValue)
            let second = try await gateway.request("GET", path + "?limit=1&cursor=\(cursor)", token: token)
            #expect(second.json["items"]?.arrayValue?.first?["email"] == "admin@example.com")
            #expect(second.json["nextCursor"] == .null)
            for query in ["limit=0", "limit=201", "limit=x", "cursor=%21", "cursor=AAAA"] {
                #expect(try await gateway.request("GET", path + "?" + query, token: token).status == 400, "\(query)")
            }
            let viewer = try gateway.token(studio.viewer)
            #expect(try await gateway.request("GET", path, token: viewer).status == 403)
            func change(_ user: TestStudio.User, _ body: String) async throws -> HTTPReply {
                try await gateway.request(
                    "PATCH", path + "/\(user.id)", token: token, headers: ["if-match: *"], body: body)
            }
            #expect(try await change(studio.stranger, #"{"disabled":true}"#).status == 404)
            #expect(try await change(studio.viewer, #"{"roles":[]}"#).status == 400)
            #expect(try await change(studio.admin, #"{"disabled":true}"#).status == 409)
            #expect(try await change(studio.admin, #"{"roles":["viewer"]}"#).status == 409)
            let disabled = try await change(studio.viewer, #"{"disabled":true}"#)
            #expect(disabled.json["disabled"] == true)
            #expect(disabled.json["roles"] == ["viewer"])
            #expect(try await gateway.request("GET", "/api/v1/me", token: viewer).status == 401)
            #expect(try await logIn(gateway, "viewer@example.com", TestGateway.password).status == 401)
            let promoted = try await change(studio.viewer, #"{"disabled":false,"roles":["admin"]}"#)
            #expect(promoted.json["roles"] == ["admin"])
            // The token says viewer; what counts is the account.
            #expect(try await gateway.request("GET", path, token: viewer).status == 200)
        }
    }

    @Test func changesTheUserThatWasSeen() async throws {
        try await TestGateway.run { gateway in
            let (token, path) = (try gateway.token(), "/api/v1/admin/users/\(gateway.studio.viewer.id)")
            let seen = try await gateway.request("GET", path, token: token)
            let tag = try #require(seen.headers["etag"])
            #expect(seen.json["revision"] == 1 && tag == #""r1""#)
            func change(_ body: String, on tag: String) async throws -> HTTPReply {
                try await gateway.request("PATCH", path, token: token, headers: ["if-match: \(tag)"], body: body)
            }
            // Credits are no change of who the user is: they do not stand in the way.
            let granted = try await gateway.request("POST", path + "/credits", token: token, body: #"{"credits":1}"#)
            #expect(granted.headers["etag"] == tag)
            async let one = change(#"{"roles":["artist"]}"#, on: tag)
            async let other = change(#"{"roles":["producer"]}"#, on: tag)
            let replies = try await [one, other]
            #expect(replies.map(\.status).sorted() == [200, 412])
            let won = try #require(replies.first { $0.status == 200 })
            #expect(won.headers["etag"] == #""r2""#)
            let stale = try await change(#"{"disabled":true}"#, on: tag)
            #expect(stale.status == 412 && stale.problem == "precondition-failed")
            let blind = try await gateway.request("PATCH", path, token: token, body: #"{"disabled":true}"#)
            #expect(blind.status == 428 && blind.problem == "precondition-required")
            let now = try await gateway.request("GET", path, token: token)
            #expect(now.json["roles"] == won.json["roles"] && now.json["disabled"] == false)
            #expect(try await change(#"{"disabled":true}"#, on: #""r2""#).json["disabled"] == true)
            let stranger = try gateway.token(gateway.studio.stranger)
            #expect(try await gateway.request("GET", path, token: stranger).status == 404)
        }
    }

    @Test func grantsCreditsOnceForAKey() async throws {
        try await TestGateway.run { gateway in
            let token = try gateway.token()
            let path = "/api/v1/admin/users/\(gateway.studio.viewer.id)/credits"
            for _ in 0..<2 {
                let reply = try await gateway.request(
                    "POST", path, token: token, headers: ["idempotency-key: grant"],
                    body: #"{"credits":50,"note":"more"}"#)
                #expect(reply.status == 200)
                #expect(reply.json["credits"]?["available"] == 150)
            }
            #expect(try await gateway.request("POST", path, token: token, body: #"{"credits":0}"#).status == 400)
            let elsewhere = "/api/v1/admin/users/\(gateway.studio.stranger.id)/credits"
            #expect(try await gateway.request("POST", elsewhere, token: token, body: #"{"credits":1}"#).status == 404)
            let viewer = try gateway.token(gateway.studio.viewer)
            #expect(try await gateway.request("POST", path, token: viewer, body: #"{"credits":1}"#).status == 403)
        }
    }

    @Test func looksAtTokensOnlyWhereCallersMatter() async throws {
        try await TestGateway.run { gateway in
            for path in ["/healthz", "/metrics", "/docs"] {
                #expect(try await gateway.request("GET", path, token: "no token").status == 200, "\(path)")
            }
            #expect(try await gateway.request("GET", "/api/v1/me", token: "no token").status == 401)
            let login = try await gateway.request(
                "POST", "/api/v1/auth/login", token: "old",
                body: #"{"email":"admin@example.com","password":"\#(TestGateway.password)"}"#)
            #expect(login.status == 200)
        }
    }
}
