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
