import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// Files that come into a project's asset folder, however they come.
@Suite(.timeLimit(.minutes(3))) struct AssetIngestTests {
    private static let on = ["INGEST_SETTLE_MS": "50"]

    private func asset(_ name: String, _ studio: RunningStudio) async throws -> HTTPReply {
        try await studio.request("GET", "/api/v1/projects/film/assets/01_Assets/\(name)")
    }

    private func jobs(_ studio: RunningStudio, _ project: ProjectRecord) async throws -> [JobRecord] {
        try await JobStore(studio.parts.database).list(project: project.id)
    }

    private func drop(_ text: String, _ name: String, _ studio: RunningStudio) throws {
        try studio.ground.workspace.write(text.utf8, to: "Projects/film/01_Assets/\(name)")
    }

    @Test func `What is uploaded or dropped is told, and derivatives are made of it once`() async throws {
        try await RunningStudio.run(Self.on) { studio async throws in
            let project = try await studio.project()
            let upload = try await studio.request(
                "PUT", "/api/v1/projects/film/files/01_Assets/plates/a.png",
                headers: ["content-type: application/octet-stream"], body: "a picture")
            #expect(upload.status == 201, "\(upload.text)")
            try await eventually("it is taken in") { try await asset("plates/a.png", studio).status == 200 }
            try await eventually("its thumbnail is on its way") {
                try await jobs(studio, project).contains { $0.function == "thumbnail" }
            }
            let made = try await jobs(studio, project)
            for job in made {
                #expect(job.credits == 0 && job.priority == 0 && job.shot == nil && job.destination.kind == .cache)
                #expect(job.inputs == ["source": "01_Assets/plates/a.png"])
            }
            #expect(Set(made.map(\.function)).isSubset(of: ["probe", "thumbnail"]))
            // The same bytes under another name, in a folder that comes with them.
            try drop("a picture", "copies/b.png", studio)
            try await eventually("the copy is taken in") { try await asset("copies/b.png", studio).status == 200 }
            let one = try await asset("plates/a.png", studio)
            let copy = try await asset("copies/b.png", studio)
            #expect(one.json["sha256"] == copy.json["sha256"] && one.json["sizeBytes"] == 9)
            #expect(copy.json["derivatives"] == one.json["derivatives"])
            #expect(copy.json["derivatives"]?.arrayValue?.count == made.count)
            #expect(try await jobs(studio, project).count == made.count, "the same bytes are looked at once")
            let list = try await studio.request("GET", "/api/v1/projects/film/assets?under=01_Assets/copies")
            #expect(list.json["items"]?.arrayValue?.map { $0["path"] } == ["01_Assets/copies/b.png"])
            let told = try await EventStore(studio.parts.database).read(
                .project(project.id), after: EventCursor(transaction: 0, id: 0), limit: 200
            ).filter { $0.kind == .assetChanged }.map { $0.payload["path"]?.stringValue ?? "" }
            #expect(Set(told) == ["01_Assets/plates/a.png", "01_Assets/copies/b.png"])
        }
    }

    @Test func `Renaming and removing are followed, also those of folders`() async throws {
        try await RunningStudio.run(Self.on) { studio async throws in
            _ = try await studio.project()
            try drop("notes", "old/notes.txt", studio)
            try await eventually("it is taken in") { try await asset("old/notes.txt", studio).status == 200 }
            let root = studio.ground.projectPath("film") + "/01_Assets"
            try FileManager.default.moveItem(atPath: root + "/old", toPath: root + "/new")
            try await eventually("it is followed") {
                let gone = try await asset("old/notes.txt", studio).status == 404
                return try await asset("new/notes.txt", studio).status == 200 && gone
            }
            try drop("more", "new/more.txt", studio)
            try await eventually("a renamed folder is still watched") {
                try await asset("new/more.txt", studio).status == 200
            }
            try FileManager.default.removeItem(atPath: root + "/new")
            try await eventually("what is gone is told as gone") {
                try await studio.request("GET", "/api/v1/projects/film/assets").json["items"] == []
            }
        }
    }

    @Test func `What changed while no gateway ran is found, and nothing is made twice`() async throws {
        let ground = try await RunningStudio.Ground.make(Self.on)
        let counted = Watched(0)
        try await RunningStudio.run(on: ground) { studio async throws in
            let project = try await studio.project()
            try drop("a picture", "a.png", studio)
            try drop("another", "b.png", studio)
            try await eventually("both are taken in, with their jobs") {
                let paths = Set(try await jobs(studio, project).filter { $0.function == "thumbnail" }.map(\.inputs))
                return paths.count == 2
            }
            let count = try await jobs(studio, project).count
            counted.update { $0 = count }
        }
        try FileManager.default.removeItem(atPath: ground.projectPath("film") + "/01_Assets/b.png")
        try ground.workspace.write("a third".utf8, to: "Projects/film/01_Assets/c.txt")
        try await RunningStudio.run(on: ground) { studio async throws in
            let project = try #require(
                try await ProjectStore(studio.parts.database).get(tenant: studio.admin.tenant, name: "film"))
            try await eventually("the changes are found") {
                let gone = try await asset("b.png", studio).status == 404
                return try await asset("c.txt", studio).status == 200 && gone
            }
            #expect(try await jobs(studio, project).count == counted.value)
        }
    }
}
