import QueueProtocol
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite("Queues that Redis denies") struct DeniedQueueTests {
    /// A gateway whose user of Redis may use the queue `studio` and not `comfyui`, which shipped functions name.
    private static func ground() async throws -> RunningStudio.Ground {
        var ground = try await RunningStudio.Ground.make()
        try await ground.redis.command(
            "ACL", "SETUSER", "guest", "on", ">secret", "+@all", "&*", "~studio*", "~celery*", "~_kombu.binding*",
            "~*.reply.celery.pidbox")
        ground.environment["REDIS_URL"] = "unix://guest:secret@\(ground.redis.socket)?db=0"
        return ground
    }

    private func submit(_ function: String, _ studio: RunningStudio) async throws -> JobID {
        let reply = try await studio.submit(
            #"{"shot": "A", "function": "\#(function)", "parameters": {"prompt": "dawn"}}"#)
        return try #require(reply.json["id"]?.stringValue.flatMap { JobID($0) }, "\(reply.text)")
    }

    /// What operators are told of a queue.
    private func told(_ queue: String, _ studio: RunningStudio) async throws -> JSONValue? {
        let reply = try await studio.request("GET", "/api/v1/queues")
        return reply.json["items"]?.arrayValue?.first { $0["name"]?.stringValue == queue }
    }

    /// Whether so many messages at least are on a queue's runway: what stands there for a second and is not found is sent again.
    private func areOnRunway(_ count: Int, of queue: String, _ studio: RunningStudio) async throws -> Bool {
        try await told(queue, studio)?["onRunway"]?.intValue ?? 0 >= count
    }

    @Test("One that is denied holds up no other, is told of, and goes on once it is allowed")
    func leftOut() async throws {
        try await RunningStudio.run(on: Self.ground()) { studio async throws in
            try await studio.project()
            let denied = try await submit("comfyui-image", studio)
            for _ in 0..<2 {
                let allowed = try await submit("mock-image", studio)
                try await eventually("what is allowed is on the runway") {
                    try await JobStore(studio.parts.database).get(allowed)?.pushedAt != nil
                }
            }
            try await eventually("its messages are there") { try await areOnRunway(2, of: "studio", studio) }
            #expect(try await told("studio", studio)?["denied"] == false)
            let comfyui = try await told("comfyui", studio)
            #expect(comfyui?["denied"] == true)
            #expect(comfyui?["queued"] == 1)
            #expect(comfyui?["onRunway"] == 0)
            #expect(try await JobStore(studio.parts.database).get(denied)?.pushedAt == nil)
            let metrics = try await studio.request("GET", "/metrics").text
            #expect(metrics.contains(#"studio_queue_messages{queue="studio""#))
            try await studio.ground.redis.command("ACL", "SETUSER", "guest", "~comfyui*")
            try await eventually("what waited is on the runway") {
                try await areOnRunway(1, of: "comfyui", studio)
            }
            #expect(try await told("comfyui", studio)?["denied"] == false)
        }
    }

    @Test("One that is denied while its jobs stand on the runway takes them back, and pushes them once it is allowed")
    func deniedLater() async throws {
        let ground = try await Self.ground()
        try await ground.redis.command("ACL", "SETUSER", "guest", "~comfyui*")
        try await RunningStudio.run(on: ground) { studio async throws in
            try await studio.project()
            _ = try await submit("comfyui-image", studio)
            try await eventually("it is on the runway") { try await areOnRunway(1, of: "comfyui", studio) }
            try await ground.redis.command(
                "ACL", "SETUSER", "guest", "resetkeys", "~studio*", "~celery*", "~_kombu.binding*",
                "~*.reply.celery.pidbox")
            let second = try await submit("comfyui-image", studio)
            let allowed = try await submit("mock-image", studio)
            try await eventually("what is allowed is on the runway") {
                try await areOnRunway(1, of: "studio", studio)
            }
            try await eventually("what is denied waits in the backlog") {
                try await JobStore(studio.parts.database).get(second)?.pushedAt == nil
            }
            #expect(try await JobStore(studio.parts.database).get(allowed)?.pushedAt != nil)
            try await ground.redis.command("ACL", "SETUSER", "guest", "~comfyui*")
            try await eventually("both are on the runway") { try await areOnRunway(2, of: "comfyui", studio) }
        }
    }
}
