import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite struct SubmissionTests {
    private static let good =
        #"{"shot": "SHOT-010", "function": "mock-video", "parameters": {"prompt": "dawn", "seconds": 2}}"#

    /// No row, no credit, no file, no message.
    private static func expectNothing(_ studio: RunningStudio, credits: Int = 1000) async throws {
        let project = try await ProjectStore(studio.parts.database).get(tenant: studio.admin.tenant, name: "film")
        if let project { #expect(try await JobStore(studio.parts.database).list(project: project.id).isEmpty) }
        let account = try await UserStore(studio.parts.database).account(of: studio.admin.id)
        #expect(account?.available == credits && account?.held == 0)
        #expect(try await studio.parts.queue.depths(of: ["studio"]).allSatisfy { $0.count == 0 })
    }

    @Test func `A submission is a row, a hold and a message that Celery can read`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let reply = try await studio.submit(Self.good)
            #expect(reply.status == 202)
            #expect(reply.json["state"] == "queued" && reply.json["creditsHeld"] == 4)
            #expect(reply.json["functionVersion"] == "1.0.0" && reply.json["attempt"] == 0)
            let id = try #require(reply.json["id"]?.stringValue)
            #expect(reply.headers["location"] == "/api/v1/jobs/\(id)")
            try await eventually("the message is on the runway") {
                try await studio.parts.queue.depths(of: ["studio"]).contains { $0.count >= 1 }
            }
            let raw = try await studio.ground.redis.command(
                "LRANGE", studio.parts.keys.list("studio", TaskPriority(urgency: 5)), "0", "0")
            let message = try TaskMessage(decoding: Array(raw.utf8))
            #expect(message.task == "studio.render" && message.id == id)
            let job = try await studio.request("GET", "/api/v1/jobs/\(id)")
            #expect(job.json["parameters"]?["width"] == 1280 && job.json["parameters"]?["frameRate"] == "24")
            let account = try await UserStore(studio.parts.database).account(of: studio.admin.id)
            #expect(account?.held == 4)
            #expect(try await studio.parts.audit.run(deep: false).isEmpty)
        }
    }

    @Test func `A job of a function without outputs has no take, and nothing can read one of it`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let reply = try await studio.submit(#"{"shot": "SHOT-010", "function": "noop"}"#)
            #expect(reply.status == 202 && reply.json["creditsHeld"] == 0)
            let id = try #require(reply.json["id"]?.stringValue)
            let reader = try await studio.submit(
                #"{"shot": "A", "function": "transcode", "inputs": {"source": "job:\#(id)"}}"#)
            #expect(reader.status == 400)
            #expect(reader.json["errors"]?.arrayValue?.compactMap { $0["pointer"]?.stringValue } == ["/inputs/source"])
            let next = try await studio.submit(#"{"shot": "A", "function": "noop", "dependsOn": ["\#(id)"]}"#)
            #expect(next.json["state"] == "waiting")
            let jobs = JobStore(studio.parts.database)
            let job = try #require(JobID(id))
            let claimed = try #require(
                try await jobs.claim([job], worker: WorkerID(), name: "w", lease: .seconds(60)).first)
            _ = try await jobs.end([
                AttemptEnding(HeldClaim(job: claimed.id, attempt: claimed.attempt), .succeeded)
            ])
            let done = try await studio.request("GET", "/api/v1/jobs/\(id)")
            #expect(done.json["state"] == "succeeded" && done.json["takes"] == [] && done.json["progress"] == 1)
            #expect(done.json["links"]?["take"] == nil)
            let released = try #require(next.json["id"]?.stringValue)
            #expect(try await studio.request("GET", "/api/v1/jobs/\(released)").json["state"] == "queued")
            #expect(try await studio.parts.audit.run(deep: false).isEmpty)
        }
    }

    @Test func `Everything wrong with a submission is said at once`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let reply = try await studio.submit(
                #"{"shot": "A", "function": "mock-video", "parameters": {"seconds": 0, "width": 1.5, "colour": 1}, "inputs": {"x": "01_Assets/a.png"}}"#
            )
            #expect(reply.status == 400)
            let pointers = Set(reply.json["errors"]?.arrayValue?.compactMap { $0["pointer"]?.stringValue } ?? [])
            #expect(
                pointers == [
                    "/parameters/prompt", "/parameters/seconds", "/parameters/width", "/parameters/colour", "/inputs/x",
                ])
            try await Self.expectNothing(studio)
        }
    }

    @Test(arguments: [
        (#"{"shot": "a", "function": "mock-video"}"#, "/shot"),
        (#"{"shot": "A", "function": "nope"}"#, "/function"),
        (#"{"shot": "A", "function": "transcode"}"#, "/inputs/source"),
        (#"{"shot": "A", "function": "transcode", "inputs": {"source": "01_Assets/none.mp4"}}"#, "/inputs/source"),
        (#"{"shot": "A", "function": "transcode", "inputs": {"source": "../../etc/passwd"}}"#, "/inputs/source"),
        (#"{"shot": "A", "function": "transcode", "inputs": {"source": "project.json"}}"#, "/inputs/source"),
        (
            #"{"shot": "A", "function": "transcode", "inputs": {"source": "take:00000000-0000-7000-8000-000000000000"}}"#,
            "/inputs/source"
        ),
        (
            #"{"shot": "A", "function": "assemble", "inputs": {"frames": ["project.json", "01_Assets/b.png"]}}"#,
            "/inputs/frames/0"
        ),
        (
            #"{"shot": "A", "function": "mock-image", "parameters": {"prompt": "x"}, "dependsOn": ["00000000-0000-7000-8000-000000000000"]}"#,
            "/dependsOn/0"
        ),
    ])
    func `A refusal names the place and leaves nothing behind`(body: String, pointer: String) async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let reply = try await studio.submit(body)
            #expect(reply.status == 400, "\(reply.text)")
            #expect(reply.json["errors"]?.arrayValue?.first?["pointer"]?.stringValue == pointer, "\(reply.text)")
            try await Self.expectNothing(studio)
        }
    }

    @Test func `Without credits nothing is kept`() async throws {
        try await RunningStudio.run(credits: 3) { studio async throws in
            try await studio.project()
            let reply = try await studio.submit(Self.good)
            #expect(reply.status == 402 && reply.problem == "insufficient-credits")
            try await Self.expectNothing(studio, credits: 3)
        }
    }

    @Test func `A repeated key pays once, also when the world has moved on`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let first = try await studio.submit(Self.good, headers: ["idempotency-key: one"])
            let again = try await studio.submit(Self.good, headers: ["idempotency-key: one"])
            #expect(again.status == 202 && again.body == first.body)
            #expect(again.headers["idempotency-replayed"] == "true")
            _ = try await studio.request("POST", "/api/v1/projects/film/archive")
            let late = try await studio.submit(Self.good, headers: ["idempotency-key: one"])
            #expect(late.status == 202 && late.body == first.body)
            #expect(try await UserStore(studio.parts.database).account(of: studio.admin.id)?.held == 4)
        }
    }

    @Test func `A job that reads another's take waits for it, and fails with it`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let first = try #require(try await studio.submit(Self.good).json["id"]?.stringValue)
            let second = try await studio.submit(
                #"{"shot": "A", "function": "transcode", "inputs": {"source": "job:\#(first)"}}"#)
            #expect(second.status == 202 && second.json["state"] == "waiting")
            let cancelled = try await studio.request("POST", "/api/v1/jobs/\(first)/cancel")
            #expect(cancelled.json["state"] == "cancelled")
            let repeated = try await studio.request("POST", "/api/v1/jobs/\(first)/cancel")
            #expect(repeated.status == 200 && repeated.json["state"] == "cancelled")
            let id = try #require(second.json["id"]?.stringValue)
            let failed = try await studio.request("GET", "/api/v1/jobs/\(id)")
            #expect(failed.json["state"] == "failed" && failed.json["failure"]?["code"] == "dependency-failed")
            #expect(try await UserStore(studio.parts.database).account(of: studio.admin.id)?.available == 1000)
            let retried = try await studio.request("POST", "/api/v1/jobs/\(first)/retry")
            #expect(retried.status == 202 && retried.json["state"] == "queued")
            #expect(try await studio.request("POST", "/api/v1/jobs/\(first)/retry").status == 409)
        }
    }

    @Test func `Another tenant's job is not there`() async throws {
        try await RunningStudio.run { studio async throws in
            let missing = try await studio.request("GET", "/api/v1/jobs/00000000-0000-7000-8000-000000000000")
            #expect(missing.status == 404)
            #expect(try await studio.submit(Self.good, project: "nope").status == 404)
        }
    }
}
