import QueueProtocol
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// What nobody hears is not read, and who comes then hears all that happens from then on, or since the event it names.
@Suite("Rest of the event stream") struct StreamRestTests {
    @Test func isNotReadWhileNobodyListens() async throws {
        // The clock never moves: nobody looks but who is woken.
        try await TestGateway.run(.init(clock: ManualClock())) { gateway in
            try await Self.leaveWithOneEventHeard(gateway)
            let read = gateway.events.events
            try await eventually("the stream is left") {
                gateway.hub.wake()
                return gateway.hub.isResting
            }
            try await gateway.studio.change(2)
            _ = try await gateway.studio.stored(2)
            gateway.hub.wake()
            let newcomer = try await Self.subscribed(gateway)
            try await gateway.studio.change(3)
            _ = try await gateway.studio.stored(3)
            gateway.hub.wake()
            #expect(try await newcomer.event()["change"] == "change-3")
            #expect(gateway.events.events == read + 1)
            await newcomer.connection.close()
        }
    }

    @Test func whoComesBackHearsWhatWasNotReadMeanwhile() async throws {
        try await TestGateway.run(.init(clock: ManualClock())) { gateway in
            let last = try await Self.leaveWithOneEventHeard(gateway)
            for number in 2...300 { try await gateway.studio.change(number) }
            _ = try await gateway.studio.stored(300)
            gateway.hub.wake()
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            try await client.send(#"{"type":"subscribe","project":"film","since":"\#(last)"}"#)
            #expect(try await client.event()["type"] == "subscribed")
            for number in 2...300 { #expect(try await client.event()["change"] == .string("change-\(number)")) }
            await client.connection.close()
        }
    }

    /// - Returns: The id of the event.
    @discardableResult
    private static func leaveWithOneEventHeard(_ gateway: TestGateway) async throws -> String {
        let client = try await subscribed(gateway)
        try await gateway.studio.change(1)
        _ = try await gateway.studio.stored(1)
        gateway.hub.wake()
        let event = try await client.event()
        #expect(event["change"] == "change-1")
        await client.connection.close()
        try await eventually("the session to be closed") { gateway.events.openSessions == 0 }
        return try #require(event["id"]?.stringValue)
    }

    private static func subscribed(_ gateway: TestGateway) async throws -> WebSocketClient {
        let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
        try await client.send(#"{"type":"subscribe","project":"film"}"#)
        #expect(try await client.event()["type"] == "subscribed")
        return client
    }
}
