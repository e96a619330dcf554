import Hummingbird
import HummingbirdCore
import NIOCore
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import GatewayServer

/// Routes that do what these tests need of a route.
private struct ProbeRoutes: RouteGroup {
    struct Secret: Error {
        let text = "SELECT password FROM /srv/secret"
    }
    var entered = Signal("the slow route was entered")
    var leave = Signal("the slow route may answer")

    func addRoutes(to router: Router<GatewayContext>) {
        router.get("/probe/{name}") { _, context -> Response in
            try .json(["name": try context.parameter("name")])
        }
        router.post("/probe/{name}") { request, context -> Response in
            let body = try await request.decode([String: Int].self, limit: 64, context: context)
            return try .json(body)
        }
        router.put("/probe/{name}") { request, _ -> Response in
            let bytes = try await request.collectBytes(limit: 1024)
            return try .json(["bytes": bytes.readableBytes])
        }
        router.get("/tail/**") { _, context -> Response in try .json(["tail": try context.pathTail()]) }
        router.get("/fault") { _, _ -> Response in throw Secret() }
        router.get("/slow") { _, _ -> Response in
            entered.fire()
            try await leave.wait(within: .seconds(20))
            return try .json(["slow": true])
        }
    }
}

@Suite("The HTTP server") struct ServerTests {
    private func run(
        _ settings: TestGateway.Settings = .init(), _ body: @escaping @Sendable (TestGateway) async throws -> Void
    ) async throws {
        var settings = settings
        if settings.groups.isEmpty { settings.groups = [ProbeRoutes()] }
        try await TestGateway.run(settings, body)
    }

    @Test func answersWithTheHeadersEveryAnswerHas() async throws {
        try await run { gateway in
            let reply = try await gateway.request("GET", "/probe/a%20b", headers: ["X-Request-Id: mine-1"])
            #expect(reply.status == 200)
            #expect(reply.json["name"] == "a b")
            #expect(reply.headers["x-request-id"] == "mine-1")
            #expect(reply.headers["x-content-type-options"] == "nosniff")
            #expect(reply.headers["content-security-policy"]?.contains("default-src 'none'") == true)
            #expect(reply.headers["date"]?.hasSuffix("GMT") == true)
            #expect(reply.headers["access-control-allow-origin"] == nil)
            let forged = try await gateway.request("GET", "/probe/a", headers: ["X-Request-Id: a b\u{7f}"])
            #expect(forged.headers["x-request-id"].flatMap(JobID.init) != nil)
        }
    }

    @Test func refusesUnknownPathsAndMethods() async throws {
        try await run { gateway in
            let unknown = try await gateway.request("GET", "/nowhere")
            #expect(unknown.status == 404)
            #expect(unknown.problem == "not-found")
            #expect(unknown.headers["content-type"] == "application/problem+json")
            #expect(unknown.json["requestId"]?.stringValue == unknown.headers["x-request-id"])
            #expect(unknown.json["instance"] == "/nowhere")
            let method = try await gateway.request("DELETE", "/probe/a")
            #expect(method.status == 405)
            #expect(method.headers["allow"] == "GET, HEAD, OPTIONS, POST, PUT")
            let options = try await gateway.request("OPTIONS", "/tail/a/b")
            #expect(options.status == 204)
            #expect(options.headers["allow"] == "GET, HEAD, OPTIONS")
        }
    }

    @Test func headHasTheLengthAndNoBody() async throws {
        try await run { gateway in
            let connection = try await RawConnection.connect(to: gateway.port)
            try await connection.send("HEAD /probe/abc HTTP/1.1\r\nhost: test\r\n\r\n")
            let head = try await connection.take("the head") { bytes, _ in HTTPReply.readHead(bytes) }
            #expect(head.status == 200)
            #expect(head.headers["content-length"] == "14")
            try await connection.send("GET /probe/abc HTTP/1.1\r\nhost: test\r\n\r\n")
            let next = try await connection.reply(to: "GET", "/probe/abc")
            #expect(next.json["name"] == "abc")
            await connection.close()
        }
    }

    @Test func answersPipelinedRequestsInOrder() async throws {
        try await run { gateway in
            let connection = try await RawConnection.connect(to: gateway.port)
            let requests = (0..<20).map { "GET /probe/\($0) HTTP/1.1\r\nhost: test\r\n\r\n" }
            try await connection.send(requests.joined())
            for number in 0..<20 {
                let reply = try await connection.reply(to: "GET", "/probe/\(number)")
                #expect(reply.json["name"] == .string("\(number)"))
            }
            await connection.close()
        }
    }

    @Test(arguments: [
        ("NOT HTTP\r\n\r\n", 400, "bad-request"),
        ("GET / HTTP/1.1\r\n\r\n", 400, "bad-request"),
        ("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400, "bad-request"),
        ("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nhost: a\r\n\r\n", 414, "uri-too-long"),
        ("GET / HTTP/1.1\r\nhost: a\r\nx: \(String(repeating: "a", count: 50000))\r\n\r\n", 431, "headers-too-large"),
        ("GET / HTTP/1.1\r\nhost: a\r\n\(String(repeating: "x: y\r\n", count: 200))\r\n", 431, "headers-too-large"),
    ])
    func refusesWhatIsNoRequest(text: String, status: Int, problem: String) async throws {
        try await run { gateway in
            let connection = try await RawConnection.connect(to: gateway.port)
            try await connection.send(text)
            let reply = try await connection.reply(to: nil)
            #expect(reply.status == status)
            #expect(reply.problem == problem)
            #expect(reply.headers["connection"] == "close")
            #expect(try await connection.closed().isEmpty)
            await connection.close()
        }
    }

    @Test func answersWhatCameBeforeABrokenRequest() async throws {
        try await run { gateway in
            let connection = try await RawConnection.connect(to: gateway.port)
            try await connection.send("GET /probe/first HTTP/1.1\r\nhost: test\r\n\r\nBROKEN\r\n\r\n")
            let first = try await connection.reply(to: "GET", "/probe/first")
            #expect(first.json["name"] == "first")
            let second = try await connection.reply(to: nil)
            #expect(second.status == 400)
            await connection.close()
        }
    }

    @Test func refusesBodies() async throws {
        try await run { gateway in
            let large = try await gateway.request(
                "POST", "/probe/a", body: #"{"a": \#(String(repeating: " ", count: 100))1}"#)
            #expect(large.status == 413)
            #expect(large.problem == "too-large")
            #expect(large.headers["connection"] == "close")
            let text = try await gateway.request("POST", "/probe/a", headers: ["content-type: text/plain"], body: "{}")
            #expect(text.status == 415)
            let broken = try await gateway.request("POST", "/probe/a", body: "{")
            #expect(broken.status == 400)
            #expect(broken.json["errors"]?.arrayValue?.first?["code"] == "json-invalid")
            let wrong = try await gateway.request("POST", "/probe/a", body: #"{"a/b~": "x"}"#)
            #expect(wrong.problem == "validation-failed")
            #expect(wrong.json["errors"]?.arrayValue?.first?["pointer"] == "/a~1b~0")
        }
    }

    @Test func cutsOffChunkedBodiesAtTheLimit() async throws {
        try await run { gateway in
            let connection = try await RawConnection.connect(to: gateway.port)
            try await connection.send("PUT /probe/a HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n")
            let chunk = "400\r\n" + String(repeating: "x", count: 1024) + "\r\n"
            try await connection.send(chunk + chunk)
            let reply = try await connection.reply(to: "PUT", "/probe/a")
            #expect(reply.status == 413)
            _ = try await connection.closed()
            await connection.close()
        }
    }

    @Test func invitesUploadsThatAskFirst() async throws {
        try await run { gateway in
            let connection = try await RawConnection.connect(to: gateway.port)
            try await connection.send(
                "PUT /probe/a HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
            let invitation = try await connection.take("100") { HTTPReply.read($0, isClosed: $1) }
            #expect(invitation.status == 100)
            try await connection.send("abc")
            let reply = try await connection.reply(to: "PUT", "/probe/a")
            #expect(reply.json["bytes"] == 3)
            await connection.close()
        }
    }

    @Test func goesOnAfterAnUpgradeNobodyOffers() async throws {
        try await run { gateway in
            let connection = try await RawConnection.connect(to: gateway.port)
            try await connection.send(
                "GET /probe/a HTTP/1.1\r\nhost: test\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n\r\n")
            let reply = try await connection.reply(to: "GET", "/probe/a")
            #expect(reply.status == 200)
            #expect(reply.headers["connection"] == "close")
            _ = try await connection.closed()
            await connection.close()
        }
    }

    @Test func saysNothingOfItsOwnFaults() async throws {
        try await run { gateway in
            let reply = try await gateway.request("GET", "/fault")
            #expect(reply.status == 500)
            #expect(reply.problem == "internal-error")
            #expect(!reply.text.contains("SELECT") && !reply.text.contains("secret"))
            let id = try #require(reply.headers["x-request-id"])
            #expect(gateway.log.lines.contains { $0.contains("SELECT") && $0.contains(id) })
        }
    }

    @Test func logsEveryRequestAndNoSecret() async throws {
        try await run { gateway in
            let token = try gateway.token()
            _ = try await gateway.request(
                "GET", "/probe/x?password=hidden", token: token, headers: ["X-Request-Id: line-1"])
            try await eventually("the access log line") {
                gateway.log.lines.contains { $0.contains("line-1") && $0.contains("route=") }
            }
            let line = try #require(gateway.log.lines.first { $0.contains("line-1") && $0.contains("route=") })
            #expect(line.contains("route=/probe/{name}") && line.contains("status=200") && line.contains("method=GET"))
            #expect(!gateway.log.lines.contains { $0.contains(token) || $0.contains("hidden") })
        }
    }

    @Test func letsOnlyNamedOriginsIn() async throws {
        try await run(.init(corsOrigins: ["https://studio.example"])) { gateway in
            let allowed = try await gateway.request("GET", "/probe/a", headers: ["origin: https://studio.example"])
            #expect(allowed.headers["access-control-allow-origin"] == "https://studio.example")
            #expect(allowed.headers["vary"] == "Origin")
            let foreign = try await gateway.request("GET", "/probe/a", headers: ["origin: https://evil.example"])
            #expect(foreign.headers["access-control-allow-origin"] == nil)
            let preflight = try await gateway.request(
                "OPTIONS", "/probe/a",
                headers: ["origin: https://studio.example", "access-control-request-method: PUT"])
            #expect(preflight.status == 204)
            #expect(preflight.headers["access-control-allow-methods"]?.contains("PUT") == true)
        }
    }

    @Test func finishesWhatIsUnderWayWhenItStops() async throws {
        let probe = ProbeRoutes()
        try await run(.init(groups: [probe])) { gateway in
            async let slow = gateway.request("GET", "/slow")
            try await probe.entered.wait()
            async let stopped: Void = gateway.shutDown()
            // The port no longer accepts, and yet the request is answered.
            try await eventually("the port closes") {
                guard let connection = try? await RawConnection.connect(to: gateway.port) else { return true }
                await connection.close()
                return false
            }
            probe.leave.fire()
            #expect(try await slow.status == 200)
            await stopped
        }
    }

    @Test func keepsPathTailsWhole() async throws {
        try await run { gateway in
            let reply = try await gateway.request("GET", "/tail/01_Assets/a%20b//c")
            #expect(reply.json["tail"] == "01_Assets/a b//c")
            #expect(try await gateway.request("GET", "/tail/a%2Fb").status == 404)
            #expect(try await gateway.request("GET", "/tail/a%00b").status == 404)
        }
    }

    @Test func closesConnectionsThatSayNothing() async throws {
        var limits = HTTPLimits()
        limits.firstRequestTimeout = .milliseconds(500)
        try await run(.init(limits: limits)) { gateway in
            for beginning in ["", "GET /probe/a HTTP/1.1\r\nhost:"] {
                let connection = try await RawConnection.connect(to: gateway.port)
                if !beginning.isEmpty { try await connection.send(beginning) }
                #expect(try await connection.closed().isEmpty)
                await connection.close()
            }
        }
    }

    @Test func closesConnectionsThatStandIdle() async throws {
        var limits = HTTPLimits()
        limits.idleTimeout = .milliseconds(500)
        try await run(.init(limits: limits)) { gateway in
            let idle = try await RawConnection.connect(to: gateway.port)
            try await idle.send("GET /probe/a HTTP/1.1\r\nhost: test\r\n\r\n")
            #expect(try await idle.reply(to: "GET", "/probe/a").status == 200)
            #expect(try await idle.closed().isEmpty)
            await idle.close()
        }
    }
}
