import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// Cuts of takes, written into the project.
@Suite struct CutTests {
    private static let path = "/api/v1/projects/film/cuts/reel_1"

    private static func file(_ name: String, _ studio: RunningStudio) throws -> Data {
        let path = studio.ground.projectPath("film") + "/04_Project_Files/EDLs/" + name
        return try #require(FileManager.default.contents(atPath: path))
    }

    @Test func `A cut is written as OTIO and EDL, committed, and read back as the same cut`() async throws {
        try await RunningStudio.run { studio async throws in
            let take = try await studio.probedTake()
            let body = """
                {"shots": [{"take": "\(take.id)", "in": 4, "out": 20, "dissolve": 6},
                           {"shot": "SHOT-010", "in": 8, "dissolve": 8, "fadeOut": 10}],
                 "startTimecode": "01:00:00:00"}
                """
            let reply = try await studio.request("PUT", Self.path, body: body)
            #expect(reply.status == 200, "\(reply.text)")
            #expect(reply.json["frames"] == 56 && reply.json["notes"] == [])
            let otio = try Cut(readingOTIO: Self.file("reel_1.otio", studio))
            #expect(otio.clips.map(\.source) == [.reference(take.path), .reference(take.path)])
            let text = String(decoding: try Self.file("reel_1.edl", studio), as: UTF8.self)
            let edl = try Cut(readingEDL: text, rate: .film)
            #expect(edl.globalStart == EditTime(86_400, at: .film))
            // An EDL's fade out is a piece of its own: the last shot is ten frames shorter there.
            #expect(edl.clips.filter { $0.source != .black }.map(\.range?.duration.frames) == [16, 30])
            let folder = studio.ground.projectPath("film")
            #expect(try await git("status", "--porcelain", at: folder).isEmpty)
            #expect(try await git("log", "-1", "--format=%s", at: folder).contains("reel_1"))
            // Somebody's work is not written over unasked.
            let again = try await studio.request("PUT", Self.path, body: body)
            #expect(again.status == 409 && again.problem == "conflict")
            let replaced = try await studio.request(
                "PUT", Self.path, body: body.replacing(#""startTimecode""#, with: #""replace": true, "startTimecode""#))
            #expect(replaced.status == 200, "\(replaced.text)")
        }
    }

    @Test func `Everything against a cut is told by name, and nothing is written`() async throws {
        try await RunningStudio.run { studio async throws in
            let take = try await studio.probedTake()
            let missing = try await studio.request(
                "PUT", Self.path,
                body: #"{"shots": [{"take": "\#(TakeID())"}, {"file": "01_Assets/x.mov"}, {"shot": "B"}]}"#)
            let places = missing.json["errors"]?.arrayValue?.compactMap { $0["pointer"]?.stringValue }
            #expect(places == ["/shots/0/take", "/shots/1/file", "/shots/2/shot"], "\(missing.text)")
            let short = try await studio.request(
                "PUT", Self.path,
                body: #"{"shots": [{"take": "\#(take.id)", "in": 40, "out": 60}, {"take": "\#(take.id)", "out": 40}]}"#)
            #expect(short.status == 400 && short.text.contains("frames up to 59"), "\(short.text)")
            for body in [
                #"{"shots": []}"#, "[]", #"{"shots": [{"take": "\#(take.id)"}], "startTimecode": "25:00:00:00"}"#,
            ] {
                #expect(try await studio.request("PUT", Self.path, body: body).status == 400, "\(body)")
            }
            #expect(try await studio.request("PUT", "/api/v1/projects/film/cuts/.x", body: "{}").status == 400)
            let folder = studio.ground.projectPath("film") + "/04_Project_Files/EDLs"
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [".gitkeep"])
        }
    }
}
