import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// Exports: films of cuts, as jobs that make a file in `06_Exports/`.
@Suite struct ExportTests {
    private static let path = "/api/v1/projects/film/exports"

    @Test func `A list and an OTIO file of the same cut become the same job, with the project's settings`() async throws
    {
        try await RunningStudio.run { studio async throws in
            let take = try await studio.probedTake()
            let shots =
                #"[{"take": "\#(take.id)", "in": 4, "out": 20}, {"take": "\#(take.id)", "in": 8, "dissolve": 8}]"#
            let list = try await studio.request(
                "POST", Self.path, headers: ["idempotency-key: one"],
                body: #"{"name": "Reel", "cut": \#(shots), "target": {"container": "mov"}, "quality": "low"}"#)
            #expect(list.status == 202, "\(list.text)")
            let id = try #require(list.json["id"]?.stringValue)
            let job = try await studio.request("GET", "/api/v1/jobs/\(id)").json
            #expect(job["function"] == "conform" && job["quality"] == "low")
            #expect(job["inputs"]?["sources"] == [.string("take:\(take.id)")])
            #expect(job["parameters"]?["sources"] == [.string(take.path)])
            #expect(job["parameters"]?["width"] == 1920 && job["parameters"]?["frameRate"] == "24/1")
            let cut = try await studio.request("PUT", "/api/v1/projects/film/cuts/reel", body: #"{"shots": \#(shots)}"#)
            #expect(cut.status == 200, "\(cut.text)")
            let file = try await studio.request(
                "POST", Self.path, body: #"{"name": "Reel_2", "cut": "04_Project_Files/EDLs/reel.otio"}"#)
            #expect(file.status == 202, "\(file.text)")
            let other = try #require(file.json["id"]?.stringValue)
            let made = try await studio.request("GET", "/api/v1/jobs/\(other)").json
            for name in ["sources", "cut"] where name == "sources" {
                #expect(made["parameters"]?[name] == job["parameters"]?[name])
            }
            #expect(
                made["parameters"]?["cut"]?["tracks"]?["children"] == job["parameters"]?["cut"]?["tracks"]?["children"])
            // An EDL of the same cut is told apart by its reels only, and finds the take by the path it names.
            let edl = try await studio.request(
                "POST", Self.path, body: #"{"name": "Reel_3", "cut": "04_Project_Files/EDLs/reel.edl"}"#)
            #expect(edl.status == 202, "\(edl.text)")
        }
    }

    @Test func `Everything against an export is told by name, and no job is made`() async throws {
        try await RunningStudio.run { studio async throws in
            let take = try await studio.probedTake()
            let gap = Cut.Item.gap(Cut.Gap(EditTime(12, at: .film)))
            func clip(_ name: String, _ frames: Range<Int>) -> Cut.Item {
                .clip(Cut.Clip(name: name, source: .reference(name), range: EditRange(frames, at: .film)))
            }
            let cut = Cut(
                name: "x", rate: .film,
                tracks: [Cut.Track(.video, [clip(take.path, 40..<60), gap, clip("SHOT-099_v01_take01.mp4", 0..<9)])])
            try studio.ground.workspace.write(cut.otioFile(), to: "Projects/film/04_Project_Files/EDLs/x.otio")
            try studio.ground.workspace.write("001 nonsense".utf8, to: "Projects/film/04_Project_Files/EDLs/x.edl")
            let reply = try await studio.request(
                "POST", Self.path, body: #"{"name": "x", "cut": "04_Project_Files/EDLs/x.otio"}"#)
            let codes = reply.json["errors"]?.arrayValue?.compactMap { $0["code"]?.stringValue }
            #expect(reply.status == 400 && codes.map(Set.init) == ["missing", "too-short", "gap"], "\(reply.text)")
            #expect(reply.text.contains("SHOT-099") && reply.text.contains("frames up to 59"))
            for body in [
                #"{"name": "x", "cut": "04_Project_Files/EDLs/x.edl"}"#, #"{"name": "x", "cut": "01_Assets/x.otio"}"#,
                #"{"name": "x", "cut": "04_Project_Files/../project.json"}"#, #"{"name": "../x", "cut": []}"#,
                #"{"name": "x", "cut": "04_Project_Files/EDLs/y.otio"}"#,
                #"{"name": "x", "cut": [{"take": "\#(take.id)"}], "target": {"container": "avi"}}"#,
                #"{"name": "x", "cut": [{"take": "\#(take.id)"}], "target": {"cut": {}}}"#,
            ] {
                let refused = try await studio.request("POST", Self.path, body: body)
                #expect(refused.status == 400, "\(body): \(refused.text)")
            }
            let jobs = try await studio.request("GET", "/api/v1/projects/film/jobs?function=conform")
            #expect(jobs.json["items"] == [])
        }
    }
}
