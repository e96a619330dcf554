import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// `{"type":"subscribe","all":true}`.
@Suite("Subscriptions to all projects") struct TenantSubscriptionTests {
    /// The next message of one of these types; events of what is subscribed to already may come before an answer.
    private func next(_ client: WebSocketClient, _ types: Set<String>) async throws -> JSONValue {
        while true {
            let event = try await client.event()
            if let type = event["type"]?.stringValue, types.contains(type) { return event }
        }
    }

    @Test func `All projects of the tenant are told, and no other's, each event once`() async throws {
        try await TestGateway.run { gateway in
            let studio = gateway.studio
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token(studio.viewer))
            try await client.send(#"{"type":"subscribe","all":true}"#)
            let answer = try await next(client, ["subscribed"])
            #expect(answer["all"] == true && answer["newest"]?.stringValue != nil && answer["project"] == nil)
            // A project of it as well, before and after: an event still comes once.
            try await client.send(#"{"type":"subscribe","project":"film","since":"0.0"}"#)
            #expect(try await next(client, ["subscribed"])["project"] == "film")
            _ = try await studio.change(1, in: studio.other)
            let job = try await studio.makeJob()
            try await studio.cancel(job)
            try await studio.change(2)
            gateway.hub.wake()
            var told: [String] = []
            while told.last != "change-2" {
                let event = try await next(client, ["job.state", "project.changed", "error"])
                told.append(event["state"]?.stringValue ?? event["change"]?.stringValue ?? "\(event)")
            }
            #expect(told.filter { $0 != "created" } == ["queued", "cancelled", "change-2"])
            try await client.send(#"{"type":"unsubscribe","all":true}"#)
            try await client.send(#"{"type":"unsubscribe","project":"film"}"#)
            let other = try await studio.makeJob()
            try await client.send(#"{"type":"subscribe","job":"\#(other)"}"#)
            #expect(try await next(client, ["subscribed", "error"])["job"]?.stringValue == other.description)
            // Commands are worked on in their order: nothing but that job is told from here on.
            try await studio.change(3)
            try await studio.cancel(other)
            gateway.hub.wake()
            var rest: [JSONValue] = []
            repeat {
                rest.append(try await next(client, ["job.state", "project.changed"]))
            } while rest.last?["state"] != "cancelled"
            #expect(rest.allSatisfy { $0["job"]?.stringValue == other.description }, "\(rest)")
            await client.connection.close()
        }
    }

    @Test func `It is one at a time, from now on, and nothing beside it`() async throws {
        try await TestGateway.run { gateway in
            let client = try await WebSocketClient.connect(gateway, token: try gateway.token())
            for (command, code) in [
                (#"{"type":"subscribe","all":true,"since":"1.1"}"#, "validation-failed"),
                (#"{"type":"subscribe","all":true,"project":"film"}"#, "validation-failed"),
                (#"{"type":"subscribe","all":false}"#, "validation-failed"),
            ] {
                try await client.send(command)
                let refused = try await next(client, ["subscribed", "error"])
                #expect(refused["code"]?.stringValue == code, "\(command): \(refused)")
            }
            try await client.send(#"{"type":"subscribe","all":true}"#)
            #expect(try await next(client, ["subscribed", "error"])["all"] == true)
            try await client.send(#"{"type":"subscribe","all":true}"#)
            #expect(try await next(client, ["subscribed", "error"])["code"] == "conflict")
            await client.connection.close()
        }
    }
}
