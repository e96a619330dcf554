import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import GatewayServer

/// What one tenant has is not there for another, whatever role its user has.
@Suite("Tenants") struct TenantIsolationTests {
    private static let secret = "a secret of the first tenant"

    /// The first tenant's things, and an administrator of another.
    private struct Scene {
        let studio: RunningStudio
        let film: ProjectRecord
        let take: TakeRecord
        let job: JobID
        /// A job whose file is kept in the cache.
        let kept: JobID
        let schedule: String
        let run: RunID
        /// The commit of the canvas `sketch`.
        let drawn: String
        let stranger: RunningStudio.Person

        static func make(_ studio: RunningStudio) async throws -> Scene {
            let film = try await studio.project()
            let take = try await studio.take(secret, in: film, thumbnail: secret, beside: secret)
            let submitted = try await studio.submit(
                #"{"shot": "A", "function": "mock-video", "parameters": {"prompt": "\#(secret)"}}"#)
            let job = try #require(submitted.json["id"]?.stringValue.flatMap { JobID($0) })
            let cached = try await studio.submit(
                #"{"destination": "cache", "function": "mock-image", "parameters": {"prompt": "\#(secret)"}}"#)
            let kept = try #require(cached.json["id"]?.stringValue.flatMap { JobID($0) })
            try await studio.files([("notes", secret)], of: kept, in: film)
            let upload = try await studio.request(
                "PUT", "/api/v1/projects/film/files/01_Assets/note.txt",
                headers: ["content-type: application/octet-stream"], body: secret)
            #expect(upload.status == 201, "\(upload.text)")
            _ = try await AssetStore(studio.parts.database).keep(
                project: film.id, path: "01_Assets/note.txt", sha256: String(repeating: "a", count: 64), sizeBytes: 1,
                look: "1")
            let scheduled = try await studio.request(
                "POST", "/api/v1/projects/film/schedules",
                body: """
                    {"name": "nightly", "cron": "0 2 * * *", "job": {"shot": "A", "function": "mock-image",
                     "parameters": {"prompt": "\(secret)"}}}
                    """)
            let schedule = try #require(scheduled.json["id"]?.stringValue)
            let started = try await studio.request(
                "POST", "/api/v1/projects/film/canvases/main_canvas/runs", body: Self.canvas(secret))
            let run = try #require(started.json["id"]?.stringValue.flatMap { RunID($0) }, "\(started.text)")
            let sketch = try await studio.save(
                RunningStudio.canvas([RunningStudio.node("a", secret)]), "sketch", over: nil)
            #expect(sketch.status == 201, "\(sketch.text)")
            let drawn = try await git("rev-parse", "HEAD", at: studio.film)
            let tenant = try await UserStore(studio.parts.database).createTenant(name: "other")
            let stranger = try await studio.person("stranger@example.com", .admin, tenant: tenant)
            return Scene(
                studio: studio, film: film, take: take, job: job, kept: kept, schedule: schedule, run: run,
                drawn: drawn, stranger: stranger)
        }

        /// A canvas of one node.
        static func canvas(_ prompt: String) -> String {
            """
            {"document": {"nodes": [{"id": "a", "type": "function", "position": {"x": 0, "y": 0},
              "data": {"function": "mock-image", "parameters": {"prompt": "\(prompt)"}}}], "edges": []}}
            """
        }

        /// A request that would do something if it were allowed.
        func request(_ operation: OpenAPIOperation, as person: RunningStudio.Person?) async throws -> HTTPReply {
            let path = operation.path.replacing("{project}", with: "film").replacing("{take}", with: "\(take.id)")
                .replacing("{job}/files/{port}", with: "\(kept)/files/notes").replacing("{port}", with: "notes")
                .replacing("{job}", with: "\(job)").replacing("{user}", with: "\(studio.admin.id)")
                .replacing("{path}", with: "01_Assets/note.txt").replacing("{schedule}", with: schedule)
                .replacing("{cut}", with: "reel").replacing("{run}", with: "\(run)")
                .replacing("{canvas}/runs", with: "main_canvas/runs").replacing("{canvas}", with: "sketch")
            let body: (headers: [String], text: String?) =
                switch "\(operation.method) \(operation.path)" {
                case "PATCH /api/v1/projects/{project}": (["if-match: *"], #"{"title": "Taken over"}"#)
                case "POST /api/v1/projects/{project}/jobs":
                    ([], #"{"shot": "B", "function": "mock-image", "parameters": {"prompt": "x"}}"#)
                case "POST /api/v1/projects/{project}/jobs:batch":
                    ([], #"{"jobs": [{"shot": "C", "function": "mock-image", "parameters": {"prompt": "x"}}]}"#)
                case "POST /api/v1/projects/{project}/canvases/{canvas}/runs": ([], Self.canvas("theirs"))
                case "PATCH /api/v1/jobs/{job}": ([], #"{"priority": 9, "hold": true}"#)
                case "PUT /api/v1/admin/projects/{project}/weight", "PUT /api/v1/admin/users/{user}/weight":
                    ([], #"{"weight": 7}"#)
                case "POST /api/v1/projects/{project}/schedules":
                    (
                        [],
                        #"{"name": "theirs", "cron": "@daily", "job": {"shot": "B", "function": "mock-image", "parameters": {"prompt": "x"}}}"#
                    )
                case "PATCH /api/v1/projects/{project}/schedules/{schedule}":
                    (["if-match: *"], #"{"name": "taken over"}"#)
                case "PUT /api/v1/takes/{take}/rating": (["if-match: *"], #"{"rating": 5, "circled": true}"#)
                case "PUT /api/v1/projects/{project}/files/{path}":
                    (["if-match: *", "content-type: application/octet-stream"], "overwritten")
                case "POST /api/v1/projects/{project}/exports":
                    ([], #"{"name": "Reel", "cut": [{"take": "\#(take.id)", "in": 0, "out": 24}]}"#)
                case "PUT /api/v1/projects/{project}/cuts/{cut}":
                    ([], #"{"shots": [{"take": "\#(take.id)", "in": 0, "out": 24}]}"#)
                case "PUT /api/v1/projects/{project}/canvases/{canvas}": (["if-match: *"], #"{"nodes": []}"#)
                case "DELETE /api/v1/projects/{project}/canvases/{canvas}": (["if-match: *"], nil)
                case "POST /api/v1/projects/{project}/canvases/{canvas}/restore":
                    (["if-none-match: *"], #"{"commit": "\#(drawn)"}"#)
                case "POST /api/v1/projects/{project}/canvases/{canvas}/import":
                    (["if-match: *"], #"{"format": "studio-canvas", "formatVersion": 1, "canvas": {"nodes": []}}"#)
                case "PUT /api/v1/projects/{project}/canvases/{canvas}/autosave":
                    ([], #"{"base": null, "document": {"nodes": []}}"#)
                case "PATCH /api/v1/admin/users/{user}": (["if-match: *"], #"{"roles": ["admin"]}"#)
                case "POST /api/v1/admin/users/{user}/credits": ([], #"{"credits": 5}"#)
                default: ([], nil)
                }
            guard let person else {
                return try await studio.request(operation.method, path, headers: body.headers, body: body.text)
            }
            return try await studio.request(
                as: person, operation.method, path, headers: body.headers, body: body.text)
        }

        /// What a stranger's request could have changed.
        func state() async throws -> [String] {
            let database = studio.parts.database
            let jobs = try await JobStore(database).list(project: film.id).map {
                "\($0.id) \($0.state) \($0.round) \($0.cancelRequestedAt == nil) \($0.priority) \($0.heldAt == nil)"
            }
            let take = try await TakeStore(database).get(take.id).map { "\($0.rating ?? -1) \($0.circled)" }
            let project = try await ProjectStore(database).get(film.id).map {
                "\($0.title) \($0.archivedAt == nil) \($0.pausedAt == nil) \($0.weight)"
            }
            let note = try String(
                contentsOfFile: studio.ground.projectPath("film") + "/01_Assets/note.txt", encoding: .utf8)
            let commits = try await git("rev-list", "--count", "HEAD", at: studio.ground.projectPath("film"))
            let account = try await UserStore(database).account(of: studio.admin.id)
            let schedules = try await ScheduleStore(database).list(project: film.id).map {
                "\($0.id) \($0.revision)"
            }
            let runs = try await RunStore(database).list(project: film.id).map { "\($0.id) \($0.state)" }
            let unsaved = try FileManager.default.contentsOfDirectory(
                atPath: "\(studio.film)/\(CanvasAutosaves.folder)")
            return jobs + schedules + runs + unsaved + [
                take ?? "", project ?? "", note, commits, "\(account?.available ?? -1)",
            ]
        }
    }

    /// Every route that names something of a tenant's.
    private static let routes = OpenAPIPaths.all.filter { operation in
        ["{project}", "{job}", "{take}", "{user}", "{run}"].contains { operation.path.contains($0) }
    }

    @Test func `A stranger finds nothing at any address of the first tenant`() async throws {
        try await RunningStudio.run { studio async throws in
            let scene = try await Scene.make(studio)
            let before = try await scene.state()
            for operation in Self.routes {
                let reply = try await scene.request(operation, as: scene.stranger)
                #expect(reply.status == 404 && reply.problem == "not-found", "\(operation.id): \(reply.status)")
                #expect(!reply.text.contains(Self.secret), "\(operation.id)")
            }
            #expect(try await scene.state() == before)
            for list in ["/api/v1/projects?archived=true", "/api/v1/admin/users"] {
                let text = try await studio.request(as: scene.stranger, "GET", list).text
                #expect(!text.contains("\(scene.film.id)") && !text.contains(studio.admin.email), "\(list)")
            }
            // What concerns everybody's machines is for the studio's own administrators.
            #expect(try await studio.request(as: scene.stranger, "GET", "/api/v1/admin/worker-blocks").status == 403)
            for path in ["/api/v1/admin/tenants", "/api/v1/admin/function-limits"] {
                #expect(try await studio.request(as: scene.stranger, "GET", path).status == 403)
            }
            let pause = try await studio.request(as: scene.stranger, "POST", "/api/v1/queues/studio/pause")
            #expect(pause.status == 403)
            let drain = "/api/v1/workers/\(WorkerID())/drain"
            #expect(try await studio.request(as: scene.stranger, "POST", drain).status == 403)
            // The same requests find everything where its owner sends them; a stream would not end by itself.
            try await studio.parts.bus.show(Data([0xFF, 0xD8, 0xFF]), mediaType: "image/jpeg", of: scene.job)
            for operation in Self.routes where !operation.path.hasSuffix("/events") {
                let reply = try await scene.request(operation, as: nil)
                // The scene's job has no preview that could be approved.
                // The scene's take is of no canvas.
                let isFound =
                    operation.path.hasSuffix("/approve")
                    ? reply.status == 409 : (200..<300) ~= reply.status || reply.problem == "no-graph"
                #expect(isFound, "\(operation.id): \(reply.status) \(reply.text)")
            }
        }
    }

    /// What of a list's items has this name.
    private func item(_ name: String, in reply: HTTPReply) -> JSONValue? {
        reply.json["items"]?.arrayValue?.first { $0["name"]?.stringValue == name }
    }

    @Test func `A tenant sees of workers and queues what concerns its jobs; an operator sees all`() async throws {
        try await RunningStudio.run { studio async throws in
            let scene = try await Scene.make(studio)
            let (jobs, workers) = (JobStore(studio.parts.database), WorkerStore(studio.parts.database))
            for name in ["a", "b"] {
                let worker = WorkerID()
                try await workers.register(
                    WorkerRegistration(
                        id: worker, name: name, hostname: "machine-\(name)", pid: 1, version: "1", queues: ["studio"],
                        slots: 1))
                guard name == "a" else { continue }
                #expect(try await jobs.claim([scene.job], worker: worker, name: "a", lease: .seconds(300)).count == 1)
            }
            let all = try await studio.request("GET", "/api/v1/workers")
            #expect(item("a", in: all)?["hostname"] == "machine-a" && item("b", in: all)?["hostname"] == "machine-b")
            #expect(item("a", in: all)?["running"]?.arrayValue?.first?["job"]?.stringValue == "\(scene.job)")
            #expect(try await studio.request(as: scene.stranger, "GET", "/api/v1/workers").json["items"] == [])
            let mine = try await studio.request("GET", "/api/v1/queues")
            #expect(item("studio", in: mine)?["running"] == 1 && item("studio", in: mine)?["onRunway"] != nil)
            let theirs = try await studio.request(as: scene.stranger, "GET", "/api/v1/queues")
            #expect(item("studio", in: theirs)?["running"] == 0 && item("studio", in: theirs)?["queued"] == 0)
            #expect(item("studio", in: theirs)?["onRunway"] == nil)

            // A worker that runs a job of theirs is seen, its machine and what it runs for others are not.
            let made = try await studio.request(
                as: scene.stranger, "POST", "/api/v1/projects", body: #"{"name": "theirs", "title": "Theirs"}"#)
            #expect(made.status == 201, "\(made.text)")
            let submitted = try await studio.request(
                as: scene.stranger, "POST", "/api/v1/projects/theirs/jobs",
                body: #"{"shot": "A", "function": "mock-image", "parameters": {"prompt": "x"}}"#)
            let job = try #require(submitted.json["id"]?.stringValue.flatMap { JobID($0) })
            let worker = try #require(item("a", in: all)?["id"]?.stringValue.flatMap { WorkerID($0) })
            #expect(try await jobs.claim([job], worker: worker, name: "a", lease: .seconds(300)).count == 1)
            let seen = try await studio.request(as: scene.stranger, "GET", "/api/v1/workers")
            #expect(seen.json["items"]?.arrayValue?.count == 1 && !seen.text.contains("machine-"))
            #expect(item("a", in: seen)?["running"] == [["job": .string("\(job)"), "attempt": 1]])
            let after = try await studio.request(as: scene.stranger, "GET", "/api/v1/queues")
            #expect(item("studio", in: after)?["running"] == 1)
            let everything = try await studio.request("GET", "/api/v1/workers")
            #expect(item("a", in: everything)?["running"]?.arrayValue?.count == 2)
        }
    }

    @Test func `A stranger's own submission cannot reach the first tenant's things`() async throws {
        try await RunningStudio.run { studio async throws in
            let scene = try await Scene.make(studio)
            let made = try await studio.request(
                as: scene.stranger, "POST", "/api/v1/projects", body: #"{"name": "theirs", "title": "Theirs"}"#)
            #expect(made.status == 201, "\(made.text)")
            let mine = try #require(
                try await ProjectStore(studio.parts.database).get(tenant: scene.stranger.user.tenant, name: "theirs"))
            let reaches = [
                (#""function": "transcode", "inputs": {"source": "take:\#(scene.take.id)"}"#, "/inputs/source"),
                (#""function": "transcode", "inputs": {"source": "job:\#(scene.job)"}"#, "/inputs/source"),
                (
                    #""function": "mock-image", "parameters": {"prompt": "x"}, "dependsOn": ["\#(scene.job)"]"#,
                    "/dependsOn/0"
                ),
            ]
            for (reach, pointer) in reaches {
                let reply = try await studio.request(
                    as: scene.stranger, "POST", "/api/v1/projects/theirs/jobs", headers: ["idempotency-key: k"],
                    body: #"{"shot": "A", \#(reach)}"#)
                #expect(reply.status == 400, "\(reply.text)")
                let findings = reply.json["errors"]?.arrayValue ?? []
                #expect(findings.compactMap { $0["pointer"]?.stringValue } == [pointer])
                #expect(findings.compactMap { $0["code"]?.stringValue } == ["input-missing"])
            }
            #expect(try await JobStore(studio.parts.database).list(project: mine.id).isEmpty)
            let account = try await UserStore(studio.parts.database).account(of: scene.stranger.user.id)
            #expect(account?.available == 1000 && account?.held == 0)
            #expect(try await studio.parts.audit.run(deep: false).isEmpty)
        }
    }
}
