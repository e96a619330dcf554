import FoundationEssentials
import Logging
import NIOPosix
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// What a gateway that was killed while it made a project leaves behind, and what the next one makes of it.
@Suite struct ProjectRecoveryTests {
    private static func begin(_ studio: RunningStudio, _ name: String) async throws -> ProjectRecord {
        let project = NewProject(
            id: ProjectID(), tenant: studio.admin.tenant, name: try ProjectName(name), title: name,
            createdBy: studio.admin.id)
        guard case .begun(let record) = try await ProjectStore(studio.parts.database).begin(project) else {
            throw RunningStudio.Missing(what: "a begun project")
        }
        return record
    }

    private static func manifest(_ record: ProjectRecord) -> ProjectManifest {
        ProjectManifest(
            uuid: record.id, title: record.title, summary: "", quality: .standard, createdAt: record.createdAt)
    }

    @Test func `Killed after the row, the next start makes the folder`() async throws {
        let ground = try await RunningStudio.Ground.make()
        try await RunningStudio.run(on: ground) { _ = try await Self.begin($0, "film") }
        try await RunningStudio.run(on: ground) { studio async throws in
            #expect(try await studio.request("GET", "/api/v1/projects/film").status == 200)
            #expect(try await git("status", "--porcelain", at: ground.projectPath("film")).isEmpty)
        }
    }

    @Test func `Killed after the folder appeared, the next start only lets it be seen`() async throws {
        let ground = try await RunningStudio.Ground.make()
        try await RunningStudio.run(on: ground) { studio async throws in
            let record = try await Self.begin(studio, "film")
            let made = try await studio.parts.folders.blocking { [scaffold = studio.parts.projectCreation.scaffold] in
                try scaffold.make(
                    Self.manifest(record), tenant: record.tenantName, name: ProjectName("film"), author: .studio)
            }
            #expect(made == .made)
            #expect(try await studio.request("GET", "/api/v1/projects/film").status == 404)
        }
        let before = try await git("rev-parse", "HEAD", at: ground.projectPath("film"))
        try await RunningStudio.run(on: ground) { studio async throws in
            #expect(try await studio.request("GET", "/api/v1/projects/film").status == 200)
            #expect(try await git("rev-parse", "HEAD", at: ground.projectPath("film")) == before)
        }
    }

    @Test func `Killed while the folder was filled, nothing is seen of it and the project is made`() async throws {
        let ground = try await RunningStudio.Ground.make()
        try await RunningStudio.run(on: ground) { studio async throws in
            _ = try await Self.begin(studio, "film")
            try ground.workspace.write("half".utf8, to: "Projects/.studio-0011223344556677.staged/project.json")
            #expect(try await studio.request("GET", "/api/v1/projects").json["items"] == [])
        }
        try await RunningStudio.run(on: ground) { studio async throws in
            #expect(try await studio.request("GET", "/api/v1/projects/film").status == 200)
        }
    }

    @Test func `A half-made project whose name is somebody else's folder is given up`() async throws {
        let ground = try await RunningStudio.Ground.make()
        try await RunningStudio.run(on: ground) { _ = try await Self.begin($0, "film") }
        try ground.workspace.write("mine".utf8, to: "Projects/film/notes.txt")
        try await RunningStudio.run(on: ground) { studio async throws in
            #expect(try await studio.request("GET", "/api/v1/projects/film").status == 404)
            #expect(try await ProjectStore(studio.parts.database).unfinished().isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: ground.projectPath("film")) == ["notes.txt"])
        }
    }

    @Test func `A folder made without the database is taken in at start`() async throws {
        let ground = try await RunningStudio.Ground.make()
        let folders = ProjectFolders(root: ground.workspace.path, threads: .singleton)
        let manifest = ProjectManifest(
            uuid: ProjectID(), title: "Found", summary: "", quality: .low, createdAt: Date())
        _ = try await folders.blocking {
            try ProjectScaffold(folders: folders).make(
                manifest, tenant: "studio", name: ProjectName("found"), author: .studio)
        }
        // The tenant is made with the first user: a second start sees both.
        try await RunningStudio.run(on: ground) { _ in }
        try await RunningStudio.run(on: ground) { studio async throws in
            let reply = try await studio.request("GET", "/api/v1/projects/found")
            #expect(reply.status == 200)
            #expect(reply.json["id"]?.stringValue == manifest.uuid.description)
            #expect(reply.json["quality"] == "low")
        }
    }

    /// What `PATCH` does first, by a gateway that is killed then.
    private static func change(_ studio: RunningStudio, title: String) async throws {
        let projects = ProjectStore(studio.parts.database)
        let record = try #require(try await projects.get(tenant: studio.admin.tenant, name: "film"))
        _ = try await projects.update(
            record.id, title: title, expectedRevision: record.revision,
            by: ActionAuthor(tenant: studio.admin.tenant, user: studio.admin.id))
    }

    private static func expectTitle(_ title: String, in studio: RunningStudio) async throws {
        let path = studio.ground.projectPath("film")
        #expect(try ProjectScaffold.manifest(ofProjectAt: path).title == title)
        #expect(try await git("show", "HEAD:project.json", at: path).contains(title))
        #expect(try await git("status", "--porcelain", at: path).isEmpty)
        #expect(try await ProjectStore(studio.parts.database).manifestsDue().isEmpty)
    }

    @Test func `Killed between a change's row and its file, the next start writes the file`() async throws {
        let ground = try await RunningStudio.Ground.make()
        try await RunningStudio.run(on: ground) { studio async throws in
            try await studio.project()
            try await Self.change(studio, title: "Changed")
            #expect(try ProjectScaffold.manifest(ofProjectAt: ground.projectPath("film")).title == "A film")
        }
        try await RunningStudio.run(on: ground) { studio async throws in
            try await Self.expectTitle("Changed", in: studio)
            #expect(
                try await git("log", "-1", "--format=%an <%ae> %s", at: ground.projectPath("film"))
                    .hasPrefix("Ada <ada@example.com> Change the project's settings"))
        }
    }

    @Test func `Killed between a change's file and its commit, the next start commits it`() async throws {
        let ground = try await RunningStudio.Ground.make()
        try await RunningStudio.run(on: ground) { studio async throws in
            try await studio.project()
            try await Self.change(studio, title: "Changed")
            let manifest = "\(ground.projectPath("film"))/project.json"
            try ProjectManifest(reading: Data(contentsOf: URL(filePath: manifest))).changing(title: "Changed")
                .fileContents().write(to: URL(filePath: manifest))
        }
        try await RunningStudio.run(on: ground) { try await Self.expectTitle("Changed", in: $0) }
    }

    @Test func `Killed between a change's commit and the note of it, the next start only takes the note`() async throws
    {
        let ground = try await RunningStudio.Ground.make()
        try await RunningStudio.run(on: ground) { studio async throws in
            let record = try await studio.project()
            try await Self.change(studio, title: "Changed")
            let folders = studio.parts.folders
            let changed = try #require(try await ProjectStore(studio.parts.database).get(record.id))
            try await folders.blocking {
                try ProjectManifests.write(changed, into: folders.open(changed), author: .studio)
            }
        }
        let head = try await git("rev-parse", "HEAD", at: ground.projectPath("film"))
        try await RunningStudio.run(on: ground) { studio async throws in
            try await Self.expectTitle("Changed", in: studio)
            #expect(try await git("rev-parse", "HEAD", at: ground.projectPath("film")) == head)
        }
    }

    @Test func `A title that a person wrote into the file is left alone at start`() async throws {
        let ground = try await RunningStudio.Ground.make()
        let manifest = "\(ground.projectPath("film"))/project.json"
        try await RunningStudio.run(on: ground) { _ = try await $0.project() }
        let theirs = try String(contentsOfFile: manifest, encoding: .utf8).replacing("A film", with: "Their film")
        try theirs.write(toFile: manifest, atomically: true, encoding: .utf8)
        try await RunningStudio.run(on: ground) { _ async throws in
            #expect(try String(contentsOfFile: manifest, encoding: .utf8) == theirs)
        }
    }

    @Test func `A change during a person's merge is made, and its file follows while the gateway runs`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let path = studio.ground.projectPath("film")
            try await git("rev-parse", "HEAD", at: path).write(
                toFile: "\(path)/.git/MERGE_HEAD", atomically: true, encoding: .utf8)
            let changed = try await studio.request(
                "PATCH", "/api/v1/projects/film", headers: [#"if-match: "r1""#], body: #"{"title": "Changed"}"#)
            #expect(changed.status == 200 && changed.headers["etag"] == "\"r2\"", "\(changed.text)")
            #expect(try await ProjectStore(studio.parts.database).manifestsDue().count == 1)
            try FileManager.default.removeItem(atPath: "\(path)/.git/MERGE_HEAD")

            let clock = ManualClock()
            var recovery = studio.parts.projectRecovery
            recovery.clock = clock
            recovery.now = { Date().addingTimeInterval(60) }
            let running = Task { [recovery] in try await recovery.run() }
            try await clock.waitForSleepers()
            clock.advance(by: recovery.interval)
            try await eventually("the file is written") {
                try await ProjectStore(studio.parts.database).manifestsDue().isEmpty
            }
            running.cancel()
            try await running.value
            try await Self.expectTitle("Changed", in: studio)
        }
    }

    @Test func `A check finds what is missing and a repair brings it back`() async throws {
        try await RunningStudio.run { studio async throws in
            let record = try await studio.project()
            let path = studio.ground.projectPath("film")
            for name in [".gitignore", "01_Assets/Models/.gitkeep", WorkspaceLayout.mainCanvas, ".git/hooks/pre-push"] {
                try FileManager.default.removeItem(atPath: "\(path)/\(name)")
            }
            try FileManager.default.removeItem(atPath: "\(path)/05_Cache")
            try "*.mine filter=lfs\n".write(toFile: "\(path)/.gitattributes", atomically: true, encoding: .utf8)
            let expected = ProjectCheck.Expected(
                uuid: record.id, title: "Another title", summary: "", quality: .standard, createdAt: record.createdAt)
            let found = try await studio.parts.folders.blocking {
                var check = ProjectCheck(path: path, expected: expected, repair: false)
                return check.run()
            }
            #expect(found.count >= 7 && found.allSatisfy { !$0.isRepaired })
            let repaired = try await studio.parts.folders.blocking {
                var check = ProjectCheck(path: path, expected: expected, repair: true)
                return check.run()
            }
            #expect(repaired.count == found.count && repaired.allSatisfy(\.isRepaired), "\(repaired)")
            let rest = try await studio.parts.folders.blocking {
                var check = ProjectCheck(path: path, expected: expected, repair: false)
                return check.run()
            }
            #expect(rest.isEmpty, "\(rest)")
            let attributes = try String(contentsOfFile: "\(path)/.gitattributes", encoding: .utf8)
            #expect(attributes.hasPrefix("*.mine filter=lfs\n"))
            #expect(try ProjectScaffold.manifest(ofProjectAt: path).title == "Another title")
            #expect(try await git("status", "--porcelain", at: path).isEmpty)
        }
    }

    /// A manifest that is changed on disk, and what the check makes of it.
    private static func change(
        _ project: ProjectRecord, in studio: RunningStudio,
        _ change: @escaping @Sendable (inout [String: JSONValue]) -> Void
    ) async throws -> (file: String, text: String) {
        let file = studio.ground.projectPath(project.name) + "/project.json"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        var members = try JSONText.decode(JSONValue.self, from: Data(text.utf8)).objectValue ?? [:]
        change(&members)
        let changed = String(decoding: try JSONText.document(JSONValue.object(members)), as: UTF8.self)
        try changed.write(toFile: file, atomically: true, encoding: .utf8)
        return (file, changed)
    }

    private static func check(
        _ project: ProjectRecord, in studio: RunningStudio, repair: Bool
    ) async throws -> [ProjectCheck.Problem] {
        let path = studio.ground.projectPath(project.name)
        return try await studio.parts.folders.blocking {
            var check = ProjectCheck(
                path: path,
                expected: .init(
                    uuid: project.id, title: project.title, summary: project.description, quality: project.quality,
                    createdAt: project.createdAt), repair: repair)
            return check.run()
        }
    }

    @Test func `What a newer studio wrote is neither changed nor repaired`() async throws {
        try await RunningStudio.run { studio async throws in
            let record = try await studio.project()
            let newer = try await Self.change(record, in: studio) { $0["schemaVersion"] = 2 }
            let reply = try await studio.request(
                "PATCH", "/api/v1/projects/film", headers: ["if-match: *"], body: #"{"title": "Mine"}"#)
            #expect(reply.status == 409 && reply.problem == "schema-version-unsupported", "\(reply.text)")
            #expect(reply.json["detail"]?.stringValue?.contains("newer studio") == true)
            #expect(try await studio.request("GET", "/api/v1/projects/film").json["title"] == "A film")
            let problems = try await Self.check(record, in: studio, repair: true)
            #expect(problems.map(\.subject) == ["project.json"] && problems.allSatisfy { !$0.isRepaired })
            #expect(try String(contentsOfFile: newer.file, encoding: .utf8) == newer.text)
        }
    }

    @Test func `A damaged manifest stops a change; a repair keeps what is good in it`() async throws {
        try await RunningStudio.run { studio async throws in
            let record = try await studio.project()
            let broken = try await Self.change(record, in: studio) { members in
                members["settings"] = "lost"
                members["x-mine"] = 7
            }
            let reply = try await studio.request(
                "PATCH", "/api/v1/projects/film", headers: ["if-match: *"], body: #"{"title": "Mine"}"#)
            #expect(reply.status == 409 && reply.problem == "conflict", "\(reply.text)")
            #expect(try await studio.request("GET", "/api/v1/projects/film").json["title"] == "A film")
            let problems = try await Self.check(record, in: studio, repair: true)
            #expect(problems.map(\.subject) == ["project.json"] && problems.allSatisfy(\.isRepaired), "\(problems)")
            let path = studio.ground.projectPath("film")
            let mended = try ProjectScaffold.manifest(ofProjectAt: path)
            #expect(mended.document["settings"] == ProjectManifest.defaultSettings && mended.document["x-mine"] == 7)
            let kept = try String(contentsOfFile: path + "/05_Cache/project.json.damaged", encoding: .utf8)
            #expect(kept == broken.text)
            #expect(try await Self.check(record, in: studio, repair: false).isEmpty)
        }
    }
}
