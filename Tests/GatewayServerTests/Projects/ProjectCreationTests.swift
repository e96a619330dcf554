import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite struct ProjectCreationTests {
    @Test func `A new project is what the stock tools expect`() async throws {
        try await RunningStudio.run { studio async throws in
            let reply = try await studio.request(
                "POST", "/api/v1/projects", body: #"{"name": "Film_1", "title": "A film", "quality": "high"}"#)
            #expect(reply.status == 201)
            #expect(reply.headers["location"] == "/api/v1/projects/Film_1")
            #expect(reply.headers["etag"] == "\"r1\"")
            let path = studio.ground.projectPath("Film_1")
            #expect(try await git("status", "--porcelain", at: path).isEmpty)
            #expect(try await git("fsck", "--strict", at: path).isEmpty)
            #expect(
                try await git("log", "--format=%an <%ae> %s", at: path).contains(
                    "Ada <ada@example.com> Create the project Film_1"))
            let tracked = Set(try await git("ls-files", at: path).split(separator: "\n").map(String.init))
            #expect(tracked.contains("project.json") && tracked.contains(WorkspaceLayout.mainCanvas))
            for folder in WorkspaceLayout.keptEmptyFolders { #expect(tracked.contains(folder + "/.gitkeep")) }
            #expect(try await git("config", "filter.lfs.process", at: path).contains("git-lfs filter-process"))
            let manifest = try ProjectScaffold.manifest(ofProjectAt: path)
            #expect(manifest.uuid.description == reply.json["id"]?.stringValue)
            #expect(manifest.quality == .high)
        }
    }

    @Test(arguments: [
        "../x", "a/b", "", ".", "a b", "CON", "nul", "-x", "ﬁlm", "fіlm", "a\\u0000b",
        String(repeating: "a", count: 300),
    ])
    func `A bad name is refused and leaves nothing behind`(name: String) async throws {
        try await RunningStudio.run { studio async throws in
            let reply = try await studio.request(
                "POST", "/api/v1/projects", body: #"{"name": "\#(name)", "title": "x"}"#)
            #expect(reply.status == 400)
            #expect(reply.problem == "validation-failed")
            #expect(reply.json["errors"]?.arrayValue?.first?["pointer"] == "/name")
            let entries =
                (try? FileManager.default.contentsOfDirectory(atPath: studio.ground.workspace.path("Projects"))) ?? []
            #expect(entries.isEmpty)
            #expect(try await ProjectStore(studio.parts.database).list(tenant: studio.admin.tenant).isEmpty)
        }
    }

    @Test func `The same name in other letters is taken`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project("film")
            let again = try await studio.request("POST", "/api/v1/projects", body: #"{"name": "FILM", "title": "x"}"#)
            #expect(again.status == 409)
            let entries = try FileManager.default.contentsOfDirectory(atPath: studio.ground.workspace.path("Projects"))
            #expect(entries == ["film"])
        }
    }

    @Test func `A folder of that name is not touched`() async throws {
        try await RunningStudio.run { studio async throws in
            try studio.ground.workspace.write("mine".utf8, to: "Projects/Mine/notes.txt")
            let reply = try await studio.request("POST", "/api/v1/projects", body: #"{"name": "mine", "title": "x"}"#)
            #expect(reply.status == 409)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: studio.ground.projectPath("Mine")) == ["notes.txt"])
            // The name is free again: the refusal left no row.
            #expect(try await ProjectStore(studio.parts.database).unfinished().isEmpty)
        }
    }

    @Test func `A repeated request gets the first answer`() async throws {
        try await RunningStudio.run { studio async throws in
            let body = #"{"name": "film", "title": "A film"}"#
            let first = try await studio.request(
                "POST", "/api/v1/projects", headers: ["idempotency-key: k1"], body: body)
            let second = try await studio.request(
                "POST", "/api/v1/projects", headers: ["idempotency-key: k1"], body: body)
            #expect(first.status == 201 && second.status == 201)
            #expect(first.body == second.body)
            #expect(second.headers["idempotency-replayed"] == "true")
            let other = try await studio.request(
                "POST", "/api/v1/projects", headers: ["idempotency-key: k1"], body: #"{"name": "b", "title": "b"}"#)
            #expect(other.status == 422)
        }
    }

    @Test func `Settings change in the row and in the manifest`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let missing = try await studio.request("PATCH", "/api/v1/projects/film", body: #"{"title": "New"}"#)
            #expect(missing.status == 428)
            let stale = try await studio.request(
                "PATCH", "/api/v1/projects/film", headers: [#"if-match: "r9""#], body: #"{"title": "New"}"#)
            #expect(stale.status == 412)
            let changed = try await studio.request(
                "PATCH", "/api/v1/projects/film", headers: [#"if-match: "r1""#], body: #"{"title": "New"}"#)
            #expect(changed.status == 200 && changed.headers["etag"] == "\"r2\"")
            let path = studio.ground.projectPath("film")
            #expect(try ProjectScaffold.manifest(ofProjectAt: path).title == "New")
            #expect(try await git("status", "--porcelain", at: path).isEmpty)
        }
    }

    @Test func `An archived project is hidden and read-only until it is restored`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            #expect(try await studio.request("POST", "/api/v1/projects/film/archive").status == 200)
            #expect(try await studio.request("GET", "/api/v1/projects").json["items"] == [])
            #expect(
                try await studio.request("GET", "/api/v1/projects?archived=true").json["items"]?.arrayValue?.count == 1)
            let job = try await studio.submit(
                #"{"shot": "A", "function": "mock-video", "parameters": {"prompt": "x"}}"#)
            #expect(job.status == 409)
            #expect(try await studio.request("POST", "/api/v1/projects/film/restore").status == 200)
            #expect(try await studio.request("GET", "/api/v1/projects").json["items"]?.arrayValue?.count == 1)
        }
    }
}
