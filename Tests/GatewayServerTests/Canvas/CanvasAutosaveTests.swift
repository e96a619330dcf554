import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// What people have not saved yet.
@Suite struct CanvasAutosaveTests {
    private typealias Studio = RunningStudio
    private static let path = "\(RunningStudio.canvases)/main_canvas/autosave"

    private static func body(_ document: JSONValue, base: String?) throws -> String {
        try JSONText.string(["base": base.map { JSONValue.string($0) } ?? .null, "document": document] as JSONValue)
    }

    @Test func `Each person has their own, Git passes over it, and it goes when they save`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let ben = try await studio.person("ben@example.com", .artist)
            let etag = try await studio.etag()
            let head = try await git("rev-parse", "HEAD", at: studio.film)
            #expect(try await studio.request("GET", Self.path).status == 404)
            let mine = Studio.canvas([Studio.node("mine")])
            for document in [Studio.canvas([]), mine] {
                let kept = try await studio.request("PUT", Self.path, body: Self.body(document, base: etag))
                #expect(kept.status == 200 && kept.json["base"] == .string(etag), "\(kept.text)")
            }
            let theirs = Studio.canvas([Studio.node("bens")])
            let bens = try await studio.request(as: ben, "PUT", Self.path, body: Self.body(theirs, base: nil))
            #expect(bens.status == 200 && bens.json["base"] == .null)
            #expect(try await studio.request("GET", Self.path).json["document"] == mine)
            #expect(try await studio.request(as: ben, "GET", Self.path).json["document"] == theirs)
            try await studio.expectClean()
            #expect(try await git("rev-parse", "HEAD", at: studio.film) == head)

            #expect(try await studio.save(mine, over: etag).status == 200)
            #expect(try await studio.request("GET", Self.path).status == 404)
            #expect(try await studio.request(as: ben, "GET", Self.path).json["document"] == theirs)
            #expect(try await studio.request(as: ben, "DELETE", Self.path).status == 204)
            #expect(try await studio.request(as: ben, "GET", Self.path).status == 404)
            let folder = studio.film + "/" + CanvasAutosaves.folder
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [".gitkeep"])
        }
    }

    @Test func `In a project of before, whose gitignore does not know of them, git status stays clean too`()
        async throws
    {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            try "/05_Cache/\n/06_Exports/\n".write(
                toFile: studio.film + "/.gitignore", atomically: true, encoding: .utf8)
            _ = try await git(
                "-c", "user.name=Pat", "-c", "user.email=p@example.com", "commit", "-qam", "As before", at: studio.film)
            let kept = try await studio.request("PUT", Self.path, body: Self.body(Studio.canvas([]), base: nil))
            #expect(kept.status == 200, "\(kept.text)")
            try await studio.expectClean()
        }
    }

    @Test func `What is none is refused, and so is one canvas too many`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let wrong = try await studio.request("PUT", Self.path, body: #"{"base": 7, "x": 1}"#)
            let pointers = wrong.json["errors"]?.arrayValue?.compactMap { $0["pointer"]?.stringValue }
            #expect(wrong.status == 400 && pointers == ["/x", "/base", "/document"], "\(wrong.text)")
            let shape = try await studio.request("PUT", Self.path, body: #"{"document": {"nodes": [1]}}"#)
            #expect(shape.status == 400 && shape.text.contains("/document/nodes/0"), "\(shape.text)")
            let folder = studio.film + "/" + CanvasAutosaves.folder
            for number in 0..<CanvasAutosaves.most {
                try "{}".write(
                    toFile: "\(folder)/c\(number).\(studio.admin.id).json", atomically: true, encoding: .utf8)
            }
            let body = try Self.body(Studio.canvas([]), base: nil)
            let full = try await studio.request("PUT", Self.path, body: body)
            #expect(full.status == 429 && full.problem == "quota-exceeded", "\(full.text)")
            // One that is there is written over.
            #expect(
                try await studio.request("PUT", "\(Studio.canvases)/c1/autosave", body: body).status == 200)
            #expect(try await studio.request("GET", "\(Studio.canvases)/c2/autosave").status == 404)
            _ = try await studio.request("POST", "/api/v1/projects/film/archive")
            #expect(try await studio.request("PUT", "\(Studio.canvases)/c1/autosave", body: body).status == 409)
            #expect(try await studio.request("GET", "\(Studio.canvases)/c1/autosave").status == 200)
        }
    }
}
