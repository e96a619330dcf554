import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import GatewayServer

/// Every Nth frame first, and the whole when somebody has seen it.
@Suite struct PreviewJobTests {
    private static let asked =
        #"{"shot": "A", "function": "mock-video", "sparse": 8, "parameters": {"prompt": "dawn", "seconds": 8}}"#

    private static func fail(_ id: String, _ studio: RunningStudio) async throws {
        let jobs = JobStore(studio.parts.database)
        let job = try #require(JobID(id))
        let claim = try #require(
            try await jobs.claim([job], worker: WorkerID(), name: "w", lease: .seconds(60)).first)
        let failure = JobFailure(.parametersInvalid, "no")
        _ = try await jobs.end([
            AttemptEnding(HeldClaim(job: job, attempt: claim.attempt), .failed(failure, retryDelay: .zero))
        ])
    }

    private static func succeed(_ id: String, _ project: ProjectRecord, _ studio: RunningStudio) async throws {
        _ = try await studio.take(id, of: try #require(JobID(id)), in: project)
    }

    /// A submission; the ids of the whole and of its preview.
    private static func submitted(_ studio: RunningStudio) async throws -> (whole: String, preview: String) {
        let reply = try await studio.submit(asked)
        #expect(reply.status == 202, "\(reply.text)")
        return (
            try #require(reply.json["id"]?.stringValue), try #require(reply.json["previewJob"]?.stringValue)
        )
    }

    @Test func `The preview runs, the whole waits until it is approved, and both cost what the whole does`()
        async throws
    {
        try await RunningStudio.run { studio async throws in
            let project = try await studio.project()
            let (whole, preview) = try await Self.submitted(studio)
            let first = try await studio.request("GET", "/api/v1/jobs/\(preview)")
            #expect(first.json["parameters"]?["frameStep"] == 8 && first.json["state"] == "queued")
            let waiting = try await studio.request("GET", "/api/v1/jobs/\(whole)")
            #expect(waiting.json["state"] == "waiting" && waiting.json["awaitsApproval"] == true)
            #expect(waiting.json["held"] == true && waiting.json["parameters"]?["frameStep"] == 1)
            // mock-video: 2 credits and 1 a second.
            #expect(first.json["credits"] == 2 && waiting.json["credits"] == 8)
            #expect(try await studio.request("POST", "/api/v1/jobs/\(whole)/approve").status == 409)
            let letGo = try await studio.request("PATCH", "/api/v1/jobs/\(whole)", body: #"{"hold": false}"#)
            #expect(letGo.status == 409)
            try await Self.succeed(preview, project, studio)
            let held = try await studio.request("GET", "/api/v1/jobs/\(whole)")
            #expect(held.json["state"] == "queued" && held.json["awaitsApproval"] == true)
            // Nothing of it is on the runway.
            await studio.parts.dispatcher.sweep()
            let id = try #require(JobID(whole))
            #expect(try await JobStore(studio.parts.database).get(id)?.pushedAt == nil)
            for asked in [preview, whole, whole] {
                let approved = try await studio.request("POST", "/api/v1/jobs/\(asked)/approve")
                #expect(approved.status == 200 && approved.json["id"]?.stringValue == whole, "\(approved.text)")
                #expect(approved.json["awaitsApproval"] == false)
            }
            try await Self.succeed(whole, project, studio)
            #expect(try await studio.request("POST", "/api/v1/jobs/\(preview)/approve").status == 200)
            #expect(try await studio.parts.audit.run(deep: false).isEmpty)
        }
    }

    @Test
    func `A preview that fails fails the whole; retried it waits for approval again; cancelled, all is given back`()
        async throws
    {
        try await RunningStudio.run { studio async throws in
            let project = try await studio.project()
            let (whole, preview) = try await Self.submitted(studio)
            try await Self.fail(preview, studio)
            let failed = try await studio.request("GET", "/api/v1/jobs/\(whole)")
            #expect(failed.json["failure"]?["code"] == "dependency-failed")
            #expect(try await studio.request("POST", "/api/v1/jobs/\(whole)/approve").status == 409)
            for id in [preview, whole] {
                #expect(try await studio.request("POST", "/api/v1/jobs/\(id)/retry").status == 202)
            }
            try await Self.succeed(preview, project, studio)
            let held = try await studio.request("GET", "/api/v1/jobs/\(whole)")
            #expect(held.json["state"] == "queued" && held.json["held"] == true)
            #expect(try await studio.request("POST", "/api/v1/jobs/\(whole)/cancel").status == 200)
            let account = try await UserStore(studio.parts.database).account(of: studio.admin.id)
            #expect(account?.held == 0 && account?.available == 998)
            #expect(try await studio.parts.audit.run(deep: false).isEmpty)
        }
    }

    @Test func `A key that comes again gets the first answer; what cannot have a preview is refused`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let first = try await studio.submit(Self.asked, headers: ["idempotency-key: k"])
            let again = try await studio.submit(Self.asked, headers: ["idempotency-key: k"])
            #expect(first.status == 202 && again.json == first.json)
            let refused: [(String, String)] = [
                (#"{"shot": "A", "function": "noop", "sparse": 2}"#, "/sparse"),
                (#"{"shot": "A", "function": "mock-video", "sparse": 1, "parameters": {"prompt": "x"}}"#, "/sparse"),
            ]
            for (body, pointer) in refused {
                let reply = try await studio.submit(body)
                #expect(
                    reply.status == 400 && reply.json["errors"]?.arrayValue?.first?["pointer"]?.stringValue == pointer)
            }
            let batch = try await studio.request(
                "POST", "/api/v1/projects/film/jobs:batch", body: #"{"jobs": [\#(Self.asked)]}"#)
            #expect(batch.json["errors"]?.arrayValue?.first?["pointer"] == "/jobs/0/sparse")
            let plain = try await studio.submit(#"{"shot": "A", "function": "noop"}"#)
            let id = try #require(plain.json["id"]?.stringValue)
            #expect(try await studio.request("POST", "/api/v1/jobs/\(id)/approve").status == 409)
            #expect(try await studio.request("POST", "/api/v1/jobs/\(JobID())/approve").status == 404)
        }
    }

    @Test func `The newest picture of a running job is shown, and none where there was none`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let reply = try await studio.submit(#"{"shot": "A", "function": "noop"}"#)
            let id = try #require(reply.json["id"]?.stringValue)
            #expect(try await studio.request("GET", "/api/v1/jobs/\(id)/preview").status == 404)
            let picture = Data([0xFF, 0xD8, 0xFF, 0x0A, 0x00])
            try await studio.parts.bus.show(picture, mediaType: "image/jpeg", of: try #require(JobID(id)))
            let shown = try await studio.request("GET", "/api/v1/jobs/\(id)/preview")
            #expect(shown.status == 200 && shown.headers["content-type"] == "image/jpeg")
            #expect(shown.headers["cache-control"] == "no-store" && Data(shown.body) == picture)
        }
    }
}
