import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// Running canvases over HTTP: all checked first, kept whole or not at all, and told.
@Suite("Runs") struct RunRouteTests {
    private static let path = "/api/v1/projects/film/canvases/main_canvas/runs"

    /// Two stills of one prompt, of which the second reads the first, published as a take.
    static func document(prompt: String = "dawn", output: String = #"{"shot": "SHOT-010"}"#) -> String {
        """
        {"nodes": [
          {"id": "words", "type": "value", "position": {"x": 0, "y": 0}, "data": {"value": "\(prompt)"}},
          {"id": "film", "type": "function", "position": {"x": 0, "y": 0},
           "data": {"function": "mock-video", "parameters": {"seconds": 1}}},
          {"id": "still", "type": "function", "position": {"x": 0, "y": 0}, "data": {"function": "thumbnail"}},
          {"id": "out", "type": "output", "position": {"x": 0, "y": 0}, "data": \(output)}],
         "edges": [
          {"id": "1", "source": "words", "target": "film", "targetHandle": "parameter:prompt"},
          {"id": "2", "source": "film", "target": "still", "targetHandle": "source"},
          {"id": "3", "source": "still", "target": "out", "targetHandle": "in"}]}
        """
    }

    private static func body(_ document: String = document(), more: String = "") -> String {
        "{\"document\": \(document)\(more)}"
    }

    @Test func `A run is a promise, repeated by its key, and seen with its nodes`() async throws {
        try await RunningStudio.run { studio async throws in
            _ = try await studio.project()
            let ahead = try await studio.request("POST", Self.path + "?dryRun=true", body: Self.body())
            #expect(ahead.status == 200, "\(ahead.text)")
            #expect(ahead.json["credits"] == 4)
            #expect(try await studio.request("GET", "/api/v1/projects/film/runs").json["items"]?.arrayValue == [])
            let made = try await studio.request(
                "POST", Self.path, headers: ["idempotency-key: one"], body: Self.body())
            #expect(made.status == 202, "\(made.text)")
            #expect(made.json["jobs"]?.arrayValue?.compactMap { $0["node"]?.stringValue } == ["film", "still", "out"])
            #expect(made.json["credits"] == 4 && made.json["state"] == "running")
            let again = try await studio.request(
                "POST", Self.path, headers: ["idempotency-key: one"], body: Self.body())
            #expect(again.text == made.text)
            let id = try #require(made.json["id"]?.stringValue)
            let run = try await studio.request("GET", "/api/v1/runs/\(id)").json
            #expect(run["nodes"]?.arrayValue?.map { $0["state"] } == ["queued", "waiting", "waiting"])
            let list = try await studio.request("GET", "/api/v1/projects/film/runs?canvas=main_canvas").json
            #expect(list["items"]?.arrayValue?.count == 1)
            #expect(try await studio.request("GET", "/api/v1/projects/film/runs?canvas=x").json["items"] == [])
            // Who runs the same graph waits for the same jobs, and pays nothing.
            let shared = try await studio.request("POST", Self.path, body: Self.body()).json
            #expect(shared["credits"] == 0 && shared["jobs"] == [])
            #expect(shared["waiting"]?.arrayValue?.count == 3)
            let job = try #require(made.json["jobs"]?.arrayValue?.first?["job"]?.stringValue)
            let document = try await studio.request("GET", "/api/v1/jobs/\(job)").json
            #expect(document["destination"] == "cache")
        }
    }

    @Test func `All that is wrong is told at once, with the nodes, and nothing is kept`() async throws {
        try await RunningStudio.run(credits: 3) { studio async throws in
            let film = try await studio.project()
            let bad = Self.document().replacing("mock-video", with: "no-such").replacing("thumbnail", with: "nor-this")
            let refused = try await studio.request("POST", Self.path, body: Self.body(bad))
            #expect(refused.status == 400 && refused.problem == "validation-failed")
            let nodes = refused.json["errors"]?.arrayValue?.compactMap { $0["node"]?.stringValue } ?? []
            #expect(Set(nodes).isSuperset(of: ["film", "still"]), "\(refused.text)")
            let poor = try await studio.request("POST", Self.path, body: Self.body())
            #expect(poor.problem == "insufficient-credits")
            let unknown = try await studio.request("POST", Self.path, body: #"{"document": {}, "what": 1}"#)
            #expect(unknown.problem == "validation-failed")
            let missing = try await studio.request("POST", "/api/v1/projects/film/canvases/none/runs")
            #expect(missing.status == 404)
            #expect(try await studio.request("GET", "/api/v1/projects/film/runs").json["items"] == [])
            #expect(try await JobStore(studio.parts.database).list(project: film.id).isEmpty)
        }
    }

    @Test func `An export that somebody has is in the way, unless it may be replaced`() async throws {
        try await RunningStudio.run { studio async throws in
            _ = try await studio.project()
            try studio.ground.workspace.write("theirs".utf8, to: "Projects/film/06_Exports/Still.jpg")
            let document = Self.document(output: #"{"export": {"name": "Still"}}"#)
            let refused = try await studio.request("POST", Self.path, body: Self.body(document))
            #expect(refused.status == 409 && refused.problem == "export-exists", "\(refused.text)")
            let ahead = try await studio.request("POST", Self.path + "?dryRun=true", body: Self.body(document)).json
            #expect(ahead["findings"]?.arrayValue?.map { $0["code"] } == ["export-exists"])
            let replacing = Self.document(output: #"{"export": {"name": "Still", "replace": true}}"#)
            #expect(try await studio.request("POST", Self.path, body: Self.body(replacing)).status == 202)
        }
    }

    @Test func `A run is cancelled, resumed and repeated; what is none is refused`() async throws {
        try await RunningStudio.run { studio async throws in
            let film = try await studio.project()
            let made = try await studio.request("POST", Self.path, body: Self.body())
            let id = try #require(made.json["id"]?.stringValue)
            let running = try await studio.request("POST", "/api/v1/runs/\(id)/resume")
            #expect(running.status == 409, "\(running.text)")
            let gone = try await studio.request("POST", "/api/v1/runs/\(id)/cancel")
            #expect(gone.status == 200 && gone.json["state"] == "cancelled", "\(gone.text)")
            #expect(try await studio.request("POST", "/api/v1/runs/\(id)/cancel").json["state"] == "cancelled")
            let resumed = try await studio.request(
                "POST", "/api/v1/runs/\(id)/resume", headers: ["idempotency-key: r"])
            #expect(resumed.status == 202 && resumed.json["jobs"]?.arrayValue?.count == 3, "\(resumed.text)")
            let twice = try await studio.request("POST", "/api/v1/runs/\(id)/resume", headers: ["idempotency-key: r"])
            #expect(twice.text == resumed.text)
            let repeated = try await studio.request("POST", "/api/v1/runs/\(id)/repeat")
            #expect(repeated.status == 202 && repeated.json["waiting"]?.arrayValue?.count == 3, "\(repeated.text)")
            #expect(repeated.json["id"]?.stringValue != id)
            for path in ["/api/v1/runs/\(RunID())", "/api/v1/runs/x"] {
                #expect(try await studio.request("GET", path).status == 404)
            }
            let take = try await studio.take("bytes", in: film)
            let graph = try await studio.request("GET", "/api/v1/takes/\(take.id)/graph")
            #expect(graph.status == 404 && graph.problem == "no-graph")
            #expect(try await StoreAudit(studio.parts.database).run().filter { $0.rule.hasPrefix("run") } == [])
        }
    }

    @Test func `A run of a saved canvas names its version and the commit it came with, whatever is saved later`()
        async throws
    {
        try await RunningStudio.run { studio async throws in
            _ = try await studio.project()
            let first = try JSONText.decode(JSONValue.self, from: Self.document())
            let saved = try await studio.save(first, over: try await studio.etag())
            #expect(saved.status == 200, "\(saved.text)")
            let history = "/api/v1/projects/film/canvases/main_canvas/history"
            let line = try #require(try await studio.request("GET", history).json["items"]?.arrayValue?.first)
            let made = try await studio.request("POST", Self.path)
            #expect(made.status == 202, "\(made.text)")
            let id = try #require(made.json["id"]?.stringValue)
            let run = try await studio.request("GET", "/api/v1/runs/\(id)").json
            #expect(run["commit"] == line["commit"] && run["commit"] != nil)
            #expect(run["etag"] == line["etag"])
            let second = try JSONText.decode(JSONValue.self, from: Self.document(prompt: "dusk"))
            #expect(try await studio.save(second, over: try await studio.etag()).status == 200)
            let repeated = try await studio.request("POST", "/api/v1/runs/\(id)/repeat")
            #expect(repeated.json["waiting"]?.arrayValue?.count == 3, "\(repeated.text)")
            let again = try await studio.request("GET", "/api/v1/runs/\(repeated.json["id"]?.stringValue ?? "")").json
            #expect(again["commit"] == line["commit"])
            let commit = try #require(line["commit"]?.stringValue)
            let then = try await studio.request(
                "GET", "/api/v1/projects/film/canvases/main_canvas?commit=\(commit)"
            ).json
            #expect(then["nodes"]?.arrayValue?.count == 4)
            // What a person changed in the folder and nobody committed has no commit yet.
            try studio.ground.workspace.write(
                Self.document(prompt: "noon").utf8, to: "Projects/film/\(CanvasFiles.folder)/main_canvas.json")
            let own = try await studio.request("POST", Self.path)
            let loose = try await studio.request("GET", "/api/v1/runs/\(own.json["id"]?.stringValue ?? "")").json
            #expect(loose["commit"] == nil && loose["etag"] != nil, "\(loose)")
            let brought = try await studio.request("POST", Self.path, body: Self.body(Self.document(prompt: "night")))
            let unsaved = try await studio.request(
                "GET", "/api/v1/runs/\(brought.json["id"]?.stringValue ?? "")"
            ).json
            #expect(unsaved["commit"] == nil && unsaved["etag"] == nil)
        }
    }

    @Test func `A run is repeated with the functions that it was made with`() async throws {
        try await RunningStudio.run { studio async throws in
            _ = try await studio.project()
            let made = try await studio.request("POST", Self.path, body: Self.body())
            let id = try #require(made.json["id"]?.stringValue)
            let folder = studio.ground.workspace.path("Library/Pipeline_Templates/thumbnail")
            try FileManager.default.removeItem(atPath: folder)
            try await studio.parts.library.reload()
            let now = try await studio.request("POST", Self.path, body: Self.body())
            #expect(now.problem == "validation-failed", "\(now.text)")
            let then = try await studio.request("POST", "/api/v1/runs/\(id)/repeat")
            #expect(then.status == 202, "\(then.text)")
            // A revision that nobody understands any more is named.
            _ = try await studio.parts.database.withConnection { connection in
                try connection.execute(
                    "UPDATE function_revisions SET manifest = manifest - 'runner' WHERE name = 'thumbnail'")
            }
            let gone = try await studio.request("POST", "/api/v1/runs/\(id)/repeat")
            #expect(gone.status == 400, "\(gone.text)")
            #expect(gone.json["errors"]?.arrayValue?.map { $0["node"] } == ["still"])
        }
    }

    @Test func `The cache is kept within its bound, the oldest first`() async throws {
        try await RunningStudio.run { studio async throws in
            let film = try await studio.project()
            let made = try await studio.request("POST", Self.path, body: Self.body())
            let job = try #require(made.json["jobs"]?.arrayValue?.first?["job"]?.stringValue.flatMap { JobID($0) })
            let parts = studio.parts
            let path = try #require(try await JobStore(parts.database).get(job)?.destination.path)
            try studio.ground.workspace.write("0123456789".utf8, to: "Projects/film/\(path)")
            _ = try await parts.database.withConnection { connection in
                try connection.execute(
                    """
                    INSERT INTO job_files (job_id, port, project_id, path, is_primary, media_type, sha256, size_bytes, attempt,
                        published_at) VALUES ($1, 'video', $2, $3, true, 'video/mp4', repeat('a', 64), 10, 1, now())
                    """, [.id(job), .id(film.id), .text(path)])
            }
            func bound(_ bytes: Int64) -> CanvasCacheBound {
                CanvasCacheBound(
                    results: CanvasResultStore(parts.database), projects: ProjectStore(parts.database),
                    folders: parts.folders, bytes: bytes, logger: Logger(label: "test"))
            }
            // A job that waits is going to read it.
            #expect(try await bound(5).keep() == 0)
            _ = try await studio.request("POST", "/api/v1/runs/\(made.json["id"]?.stringValue ?? "")/cancel")
            #expect(try await bound(10).keep() == 0)
            #expect(try await bound(0).keep() == 0)
            #expect(try await bound(5).keep() == 1)
            #expect(!FileManager.default.fileExists(atPath: studio.ground.projectPath("film") + "/" + path))
        }
    }
}
