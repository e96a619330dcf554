import FoundationEssentials
import QueueProtocol
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite("Server-sent events") struct EventStreamTests {
    /// One block of a stream: its lines by field.
    private struct Block: Sendable {
        var id: String?
        var event: String?
        var data: String?
        var isComment = false
    }

    /// Opens the stream; returns once the head has come.
    private func open(
        _ gateway: TestGateway, _ path: String = "/api/v1/projects/film/events", headers: [String] = []
    ) async throws -> (RawConnection, HTTPReply) {
        let connection = try await RawConnection.connect(to: gateway.port)
        let lines = ["GET \(path) HTTP/1.1", "host: test", "authorization: Bearer \(try gateway.token())"] + headers
        try await connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
        let head = try await connection.take("the head") { bytes, _ in HTTPReply.readHead(bytes) }
        return (connection, head)
    }

    /// The next block, out of however many chunks.
    private func block(_ connection: RawConnection) async throws -> Block {
        let text = try await connection.take("a chunk") { bytes, _ -> (String, Int)? in
            guard let line = bytes.firstRange(of: Array("\r\n".utf8)),
                let length = Int(String(decoding: bytes[..<line.lowerBound], as: UTF8.self), radix: 16)
            else { return nil }
            let rest = bytes[line.upperBound...]
            guard rest.count >= length + 2 else { return nil }
            return (
                String(decoding: rest.prefix(length), as: UTF8.self), rest.startIndex - bytes.startIndex + length + 2
            )
        }
        var block = Block()
        for line in text.split(separator: "\n") {
            if line.hasPrefix("id: ") { block.id = String(line.dropFirst(4)) }
            if line.hasPrefix("event: ") { block.event = String(line.dropFirst(7)) }
            if line.hasPrefix("data: ") {
                let data = String(line.dropFirst(6))
                Contract.hold(event: try JSONText.decode(JSONValue.self, from: data), at: #_sourceLocation)
                block.data = data
            }
            if line.hasPrefix(":") { block.isComment = true }
        }
        return block
    }

    @Test func beginsNowAndSaysWhere() async throws {
        try await TestGateway.run { gateway in
            let (connection, head) = try await open(gateway)
            #expect(head.status == 200)
            #expect(head.headers["content-type"] == "text/event-stream")
            let start = try await block(connection)
            #expect(start.id.flatMap(EventCursor.init) != nil)
            try await gateway.studio.change(1)
            gateway.hub.wake()
            let event = try await block(connection)
            #expect(event.event == "project.changed")
            #expect(event.data?.contains(#""change":"change-1""#) == true)
            #expect(event.id.flatMap(EventCursor.init) != nil)
            await connection.close()
            try await eventually("the session is over") { gateway.eventConnections == 0 }
        }
    }

    @Test func leavesNothingOutBehindThePlaceItNames() async throws {
        try await TestGateway.run { gateway in
            let (first, _) = try await open(gateway)
            _ = try await block(first)
            await first.close()
            try await eventually("the session is over") { gateway.eventConnections == 0 }
            // The stream is left, now or when the next one comes: a client begins before the change or behind it.
            gateway.hub.wake()
            try await gateway.studio.change(1)
            let missed = try #require(try await gateway.studio.stored(1).last)
            let (connection, _) = try await open(gateway)
            let start = try await block(connection)
            let isBehind = try #require(start.id.flatMap(EventCursor.init)) >= missed
            for number in isBehind ? [2] : [1, 2] {
                if number == 2 { try await gateway.studio.change(2) }
                gateway.hub.wake()
                #expect(try await block(connection).data?.contains(#""change":"change-\#(number)""#) == true)
            }
            await connection.close()
        }
    }

    @Test(arguments: [true, false]) func readsOnFromTheLastEvent(byHeader: Bool) async throws {
        try await TestGateway.run { gateway in
            for number in 1...3 { try await gateway.studio.change(number) }
            let stored = try await gateway.studio.stored(3)
            let since = stored[0].description
            let (connection, _) =
                byHeader
                ? try await open(gateway, headers: ["last-event-id: \(since)"])
                : try await open(gateway, "/api/v1/projects/film/events?since=\(since)")
            #expect(try await block(connection).id == nil)
            // Two events in a chunk: the last one's fields win, and it is the third.
            let last = try await block(connection)
            #expect(last.id == stored[2].description)
            await connection.close()
        }
    }

    @Test func refusesStrangersAndNonsense() async throws {
        try await TestGateway.run { gateway in
            let path = "/api/v1/projects/film/events"
            #expect(try await gateway.request("GET", path).status == 401)
            let stranger = try gateway.token(gateway.studio.stranger)
            #expect(try await gateway.request("GET", path, token: stranger).status == 404)
            #expect(try await gateway.request("GET", path + "?since=x", token: try gateway.token()).status == 400)
        }
    }

    @Test func showsThatItIsAliveAndEndsWithTheGateway() async throws {
        let clock = ManualClock()
        try await TestGateway.run(.init(clock: clock)) { gateway in
            let (connection, _) = try await open(gateway)
            _ = try await block(connection)
            for _ in 1...20 {
                try await clock.waitForSleepers(1)
                clock.advance(by: .seconds(1))
            }
            #expect(try await block(connection).isComment)
            async let stopped: Void = gateway.shutDown()
            let rest = try await connection.closed()
            #expect(String(decoding: rest, as: UTF8.self).hasSuffix("0\r\n\r\n"))
            await stopped
            await connection.close()
        }
    }
}
