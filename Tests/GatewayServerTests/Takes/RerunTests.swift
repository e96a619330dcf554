import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import GatewayServer

/// A take made again with one call.
@Suite struct RerunTests {
    private static func sql(_ statement: String, _ studio: RunningStudio) async throws {
        _ = try await PrivatePostgres.shared().sql(statement, in: studio.ground.postgres)
    }

    @Test func `The same revision, parameters and seed; a key pays once; other tenants see no take`() async throws {
        try await RunningStudio.run { studio async throws in
            let project = try await studio.project()
            let take = try await studio.take("film", in: project)
            let made = try await studio.request("GET", "/api/v1/jobs/\(take.job)")
            // The catalogue has moved on: the function has another version now.
            let folder = "Library/Pipeline_Templates/mock-video/function.json"
            let manifest = String(
                decoding: try #require(FileManager.default.contents(atPath: studio.ground.workspace.path(folder))),
                as: UTF8.self)
            try studio.ground.workspace.write(
                manifest.replacing(#""version": "1.0.0""#, with: #""version": "2.0.0""#).utf8, to: folder)
            try await studio.parts.library.reload()
            let first = try await studio.request(
                "POST", "/api/v1/takes/\(take.id)/rerun", headers: ["idempotency-key: again"])
            #expect(first.status == 202, "\(first.text)")
            #expect(first.json["functionVersion"] == "1.0.0" && first.json["shot"] == made.json["shot"])
            let id = try #require(first.json["id"]?.stringValue)
            #expect(first.headers["location"] == "/api/v1/jobs/\(id)" && id != take.job.description)
            let job = try await studio.request("GET", "/api/v1/jobs/\(id)")
            for key in ["parameters", "inputs", "quality", "credits", "version", "priority"] {
                #expect(job.json[key] == made.json[key], "\(key)")
            }
            let again = try await studio.request(
                "POST", "/api/v1/takes/\(take.id)/rerun", headers: ["idempotency-key: again"])
            #expect(again.json == first.json)
            let urgent = try await studio.request(
                "POST", "/api/v1/takes/\(take.id)/rerun", body: #"{"priority": 9}"#)
            let urgentID = try #require(urgent.json["id"]?.stringValue)
            #expect(try await studio.request("GET", "/api/v1/jobs/\(urgentID)").json["priority"] == 9)
            for body in [#"{"priority": 10}"#, #"{"allowChangedInputs": 1}"#, #"{"seed": 1}"#, "[]"] {
                let refused = try await studio.request("POST", "/api/v1/takes/\(take.id)/rerun", body: body)
                #expect(refused.status == 400, "\(body)")
            }
            #expect(try await studio.request("POST", "/api/v1/takes/\(TakeID())/rerun").status == 404)
            #expect(try await studio.parts.audit.run(deep: false).isEmpty)
        }
    }

    @Test func `Inputs that are other files now are named, unless that is allowed`() async throws {
        try await RunningStudio.run { studio async throws in
            let project = try await studio.project()
            let take = try await studio.take("film", in: project)
            let file = "01_Assets/Media/Video/plate.mp4"
            try studio.ground.workspace.write("plate".utf8, to: "Projects/film/\(file)")
            let sha256 = SHA256.hex(of: Array("plate".utf8))
            let provenance =
                #"{"inputs": [{"port": "source", "reference": "\#(file)", "sha256": "\#(sha256)"}]}"#
            try await Self.sql(
                "UPDATE takes SET provenance = '\(provenance)' WHERE id = '\(take.id)'", studio)
            try await Self.sql(
                "UPDATE jobs SET inputs = '{\"source\": \"\(file)\"}' WHERE id = '\(take.job)'", studio)
            let path = "/api/v1/takes/\(take.id)/rerun"
            #expect(try await studio.request("POST", path).status == 202)
            try studio.ground.workspace.write("other".utf8, to: "Projects/film/\(file)")
            let changed = try await studio.request("POST", path)
            #expect(changed.status == 400)
            #expect(changed.json["errors"]?.arrayValue?.first?["pointer"] == "/inputs/source")
            #expect(changed.json["errors"]?.arrayValue?.first?["code"] == "input-changed")
            #expect(try await studio.request("POST", path, body: #"{"allowChangedInputs": true}"#).status == 202)
            try FileManager.default.removeItem(atPath: studio.ground.workspace.path("Projects/film/\(file)"))
            #expect(
                try await studio.request("POST", path).json["errors"]?.arrayValue?.first?["code"] == "input-missing")
        }
    }
}
