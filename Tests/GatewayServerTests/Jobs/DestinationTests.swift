import FoundationEssentials
import HTTPTypes
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// Jobs whose files do not become a take, over HTTP.
@Suite struct DestinationTests {
    private static let cached = #"{"destination": "cache", "function": "mock-image", "parameters": {"prompt": "x"}}"#

    private func id(_ reply: HTTPReply) throws -> JobID {
        #expect(reply.status == 202, "\(reply.text)")
        return try #require(reply.json["id"]?.stringValue.flatMap { JobID($0) })
    }

    @Test func `A job for the cache needs no shot, shows its files, and lets them be read in parts`() async throws {
        try await RunningStudio.run { studio async throws in
            let project = try await studio.project()
            let receipt = try await studio.submit(Self.cached)
            let job = try id(receipt)
            #expect(receipt.json["destination"] == "cache" && receipt.json["shot"] == nil)
            let path = "/api/v1/jobs/\(job)"
            #expect(try await studio.request("GET", path).json["files"] == [])
            #expect(try await studio.request("GET", path + "/files/image").status == 404)
            try await studio.files([("image", "a picture")], of: job, in: project)
            let shown = try await studio.request("GET", path)
            #expect(shown.json["state"] == "succeeded" && shown.json["takes"] == [])
            let file = try #require(shown.json["files"]?.arrayValue?.first)
            #expect(file["port"] == "image" && file["primary"] == true && file["sizeBytes"] == 9)
            let link = try #require(file["link"]?.stringValue)
            let part = try await studio.request("GET", link, headers: ["range: bytes=2-4"])
            #expect(part.status == 206 && part.text == "pic" && part.headers["content-type"] == "image/png")
            let tag = try #require(part.headers["etag"])
            #expect(try await studio.request("GET", link, headers: ["if-none-match: \(tag)"]).status == 304)
            #expect(try await studio.request("HEAD", link).headers["content-length"] == "9")
            #expect(try await studio.parts.audit.run(deep: true).isEmpty)
            // The cache may be emptied, unless something is going to read it.
            let place = try #require(file["path"]?.stringValue)
            let absolute = studio.ground.projectPath("film") + "/" + place
            try studio.ground.workspace.write("another".utf8, to: "Projects/film/\(place)")
            #expect(try await studio.parts.audit.run(deep: false).map(\.rule) == ["job-file"])
            try FileManager.default.removeItem(atPath: absolute)
            #expect(try await studio.parts.audit.run(deep: true).isEmpty)
            _ = try id(
                try await studio.submit(
                    #"{"shot": "A", "function": "transcode", "inputs": {"source": "job:\#(job)#image"}}"#))
            #expect(try await studio.parts.audit.run(deep: false).map(\.rule) == ["job-file"])
        }
    }

    @Test(arguments: [
        (#"{"destination": "export", "function": "mock-image", "parameters": {"prompt": "x"}}"#, "/destination"),
        (
            #"{"destination": "attic", "shot": "A", "function": "mock-image", "parameters": {"prompt": "x"}}"#,
            "/destination"
        ),
        (#"{"function": "mock-image", "parameters": {"prompt": "x"}}"#, "/shot"),
        (#"{"destination": "cache", "function": "noop"}"#, "/destination"),
        (#"{"destination": "cache", "sparse": 2, "function": "mock-video", "parameters": {"prompt": "x"}}"#, "/sparse"),
    ])
    func `A destination that makes no sense is refused by name`(_ body: String, _ pointer: String) async throws {
        try await RunningStudio.run { studio async throws in
            _ = try await studio.project()
            let reply = try await studio.submit(body)
            #expect(reply.status == 400)
            #expect(reply.json["errors"]?.arrayValue?.map { $0["pointer"] } == [.string(pointer)], "\(reply.text)")
        }
    }

    @Test func `An input may name one output of a job, and only one that it has`() async throws {
        try await RunningStudio.run { studio async throws in
            _ = try await studio.project()
            let job = try id(try await studio.submit(Self.cached))
            func transcode(_ source: String) async throws -> HTTPReply {
                try await studio.submit(
                    #"{"shot": "A", "function": "transcode", "inputs": {"source": "\#(source)"}}"#)
            }
            let reply = try await transcode("job:\(job)#image")
            #expect(reply.status == 202 && reply.json["state"] == "waiting", "\(reply.text)")
            #expect(
                try await transcode("job:\(job)#sound").json["errors"]?.arrayValue?.first?["code"] == "input-missing")
            #expect(try await transcode("job:\(job)#").status == 400)
        }
    }

    @Test func `An export is planned under its whole name and refused where something stands there`() async throws {
        try await RunningStudio.run { studio async throws in
            let project = try await studio.project()
            let caller = Caller(
                userID: studio.admin.id, tenantID: project.tenant, tenantName: project.tenantName,
                email: "admin@example.com", displayName: "Admin", roles: [.admin], tokenExpiresAt: .distantFuture)
            func plan(_ name: String, replacing: Bool) async throws -> NewJob {
                try await studio.parts.submission.planned(
                    Submission(
                        function: "mock-image", parameters: ["prompt": "x"],
                        destination: .export(path: "06_Exports/\(name)", replaces: replacing)),
                    project: project, caller: caller, origin: SubmissionOrigin(ScheduleID()))
            }
            #expect(try await plan("Final", replacing: false).destination.path == "06_Exports/Final.png")
            try studio.ground.workspace.write("theirs".utf8, to: "Projects/film/06_Exports/Final.png")
            let error = await #expect(throws: StudioError.self) { try await plan("Final", replacing: false) }
            #expect(error?.code == .exportExists)
            #expect(Problem(try #require(error)).status == .conflict)
            _ = try await plan("Final", replacing: true)
            for name in ["../Final", "a/b", ".hidden"] {
                let error = await #expect(throws: StudioError.self) { try await plan(name, replacing: true) }
                #expect(error?.findings.first?.code == "path-invalid")
            }
        }
    }
}
