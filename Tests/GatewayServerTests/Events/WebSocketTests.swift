import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Synchronization
import Testing

@testable import GatewayServer

@Suite("The WebSocket") struct WebSocketTests {
    // MARK: The handshake

    @Test func takesTheTokenFromTheHeaderAndFromTheSubprotocol() async throws {
        try await TestGateway.run { gateway in
            let token = try gateway.token()
            let (byHeader, first) = try await WebSocketClient.open(
                gateway, headers: ["authorization: Bearer \(token)"])
            #expect(byHeader.status == 101)
            #expect(byHeader.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            #expect(byHeader.headers["sec-websocket-protocol"] == nil)
            await first.connection.close()
            let (byProtocol, second) = try await WebSocketClient.open(
                gateway, headers: ["sec-websocket-protocol: studio.v1, bearer.\(token)"])
            #expect(byProtocol.status == 101)
            #expect(byProtocol.headers["sec-websocket-protocol"] == "studio.v1")
            await second.connection.close()
            #expect(!gateway.log.lines.contains { $0.contains(token) })
        }
    }

    @Test func letsTheRouterRefuse() async throws {
        try await TestGateway.run { gateway in
            let token = try gateway.token()
            let (without, _) = try await WebSocketClient.open(gateway, headers: [])
            #expect(without.status == 401)
            #expect(without.problem == "unauthenticated")
            #expect(without.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
            let (bad, _) = try await WebSocketClient.open(
                gateway, headers: ["sec-websocket-protocol: studio.v1, bearer.x.y.z"])
            #expect(bad.status == 401)
            let (elsewhere, _) = try await WebSocketClient.open(
                gateway, path: "/api/v1/nothing", headers: ["authorization: Bearer \(token)"])
            #expect(elsewhere.status == 404)
            let (old, _) = try await WebSocketClient.open(
                gateway, headers: ["authorization: Bearer \(token)", "sec-websocket-version: 8"])
            #expect(old.status == 426)
            #expect(old.headers["sec-websocket-version"] == "13")
            let plain = try await gateway.request("GET", "/api/v1/events", token: token)
            #expect(plain.status == 426)
            #expect(plain.headers["upgrade"] == "websocket")
        }
    }

    @Test func readsFramesThatCameWithTheHandshake() async throws {
        try await TestGateway.run { gateway in
            let connection = try await RawConnection.connect(to: gateway.port)
            let ping: [UInt8] = [0x89, 0x80, 1, 2, 3, 4]
            let request =
                "GET /api/v1/events HTTP/1.1\r\nhost: test\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
                + "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                + "authorization: Bearer \(try gateway.token())\r\n\r\n"
            try await connection.send(Array(request.utf8) + ping)
            let head = try await connection.take("101") { bytes, _ in HTTPReply.readHead(bytes) }
            #expect(head.status == 101)
            let pong = try await connection.take("the pong") { bytes, _ in
                bytes.count >= 2 ? (Array(bytes.prefix(2)), 2) : nil
            }
            #expect(pong == [0x8A, 0x00])
            await connection.close()
        }
    }

    // MARK: Frames

    @Test func answersPingsAndTakesFragmentsWithControlFramesBetween() async throws {
        try await TestGateway.run { gateway in
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            try await client.send(opcode: 1, Array(#"{"type":"subscribe","#.utf8), isFinal: false)
            try await client.send(opcode: 9, [7, 8])
            let pong = try await client.frame()
            #expect(pong.opcode == 10)
            #expect(pong.payload == [7, 8])
            try await client.send(opcode: 0, Array(#""project":"film"}"#.utf8))
            #expect(try await client.event()["type"] == "subscribed")
            await client.connection.close()
        }
    }

    @Test(arguments: [
        (UInt8(2), [UInt8(1)], true, UInt8(0), 1003), (UInt8(1), [UInt8(0xFF)], true, UInt8(0), 1007),
        (UInt8(1), Array("{}".utf8), false, UInt8(0), 1002), (UInt8(1), Array("{}".utf8), true, UInt8(0x40), 1002),
        (UInt8(3), [], true, UInt8(0), 1002), (UInt8(0), [UInt8(1)], true, UInt8(0), 1002),
        (UInt8(1), [UInt8](repeating: 32, count: 65 * 1024), true, UInt8(0), 1009),
    ])
    func closesOnWhatIsNotAllowed(
        opcode: UInt8, payload: [UInt8], isMasked: Bool, reserved: UInt8, code: Int
    ) async throws {
        try await TestGateway.run { gateway in
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            try await client.send(opcode: opcode, payload, isMasked: isMasked, reserved: reserved)
            #expect(try await client.closeCode() == code)
            _ = try await client.connection.closed()
            await client.connection.close()
        }
    }

    @Test func boundsMessagesOfManyFragments() async throws {
        try await TestGateway.run { gateway in
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            let piece = [UInt8](repeating: 32, count: 40 * 1024)
            try await client.send(opcode: 1, piece, isFinal: false)
            try await client.send(opcode: 0, piece)
            #expect(try await client.closeCode() == 1009)
            await client.connection.close()
        }
    }

    @Test func echoesTheClientsCloseCode() async throws {
        try await TestGateway.run { gateway in
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            try await client.send(opcode: 8, [0x0F, 0xA1])
            #expect(try await client.frame().closeCode == 4001)
            await client.connection.close()
        }
    }

    @Test func answersNonsenseWithAnErrorAndGoesOn() async throws {
        try await TestGateway.run { gateway in
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            let nonsense = [
                "{", "[]", #"{"type":"dance","project":"film"}"#, #"{"type":"subscribe"}"#,
                #"{"type":"subscribe","project":"film","job":"x"}"#,
                #"{"type":"subscribe","project":"film","since":"x"}"#,
            ]
            for text in nonsense {
                try await client.send(text)
                let event = try await client.event()
                #expect(event["type"] == "error", "\(text)")
                #expect(event["code"] == "validation-failed", "\(text)")
            }
            try await client.send(#"{"type":"subscribe","project":"film"}"#)
            #expect(try await client.event()["type"] == "subscribed")
            await client.connection.close()
        }
    }

    // MARK: Time

    @Test func pingsAndGivesUpTheSilent() async throws {
        let clock = ManualClock()
        try await TestGateway.run(.init(clock: clock)) { gateway in
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            var pings = 0
            for second in 1...60 {
                try await clock.waitForSleepers(1)
                clock.advance(by: .seconds(1))
                if second.isMultiple(of: 20), second < 60 {
                    #expect(try await client.frame().opcode == 9)
                    pings += 1
                }
            }
            #expect(pings == 2)
            #expect(try await client.closeCode() == 1001)
            await client.connection.close()
        }
    }

    @Test func closesWhenTheTokenEnds() async throws {
        let clock = ManualClock()
        let now = Mutex(Date())
        try await TestGateway.run(.init(clock: clock, now: { now.withLock { $0 } })) { gateway in
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            now.withLock { $0 += 3600 }
            try await clock.waitForSleepers(1)
            clock.advance(by: .seconds(1))
            #expect(try await client.closeCode() == 4401)
            await client.connection.close()
        }
    }

    @Test func tellsClientsToComeBackWhenItStops() async throws {
        try await TestGateway.run { gateway in
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            async let stopped: Void = gateway.shutDown()
            #expect(try await client.closeCode() == 1012)
            await stopped
            await client.connection.close()
        }
    }
}
