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
}
