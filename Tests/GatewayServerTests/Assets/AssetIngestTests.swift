import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// Files that come into a project's asset folder, however they come.
@Suite(.timeLimit(.minutes(10))) struct AssetIngestTests {
    private static let on = ["INGEST_SETTLE_MS": "50"]

    private func asset(_ name: String, _ studio: RunningStudio) async throws -> HTTPReply {
        try await studio.request("GET", "/api/v1/projects/film/assets/01_Assets/\(name)")
    }

    private func jobs(_ studio: RunningStudio, _ project: ProjectRecord) async throws -> [JobRecord] {
        try await JobStore(studio.parts.database).list(project: project.id, limit: 200)
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
            try await eventually("both are told") {
                let told = try await EventStore(studio.parts.database).read(
                    .project(project.id), after: EventCursor(transaction: 0, id: 0), limit: 200
                ).filter { $0.kind == .assetChanged }.map { $0.payload["path"]?.stringValue ?? "" }
                return Set(told) == ["01_Assets/plates/a.png", "01_Assets/copies/b.png"]
            }
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

    /// Puts a folder with pictures of a sequence into the asset folder, all of them at once.
    private func place(_ numbers: some Sequence<Int>, in folder: String, _ studio: RunningStudio) throws {
        let place = studio.ground.projectPath("film")
        for number in numbers {
            let digits = String(number)
            let name = "plate." + String(repeating: "0", count: 4 - digits.count) + digits + ".exr"
            try studio.ground.workspace.write("picture \(number)".utf8, to: "Projects/film/05_Cache/coming/\(name)")
        }
        try FileManager.default.moveItem(atPath: place + "/05_Cache/coming", toPath: place + "/01_Assets/" + folder)
    }

    @Test func `A sequence has one set of derivatives, and another when a picture comes`() async throws {
        try await RunningStudio.run(Self.on) { studio async throws in
            let project = try await studio.project()
            let numbers = [8, 9] + Array(12...40)
            try place(numbers, in: "plates", studio)
            try await eventually("the whole sequence is taken in") {
                try await asset("plates/plate.0040.exr", studio).json["derivatives"]?.arrayValue?.count == 3
            }
            let made = try await jobs(studio, project)
            #expect(Set(made.map(\.function)) == ["probe-sequence", "thumbnail", "assemble"] && made.count == 3)
            let film = try #require(made.first { $0.function == "assemble" })
            #expect(film.parameters["missingFrames"] == "held" && film.credits == 0 && film.priority == 0)
            #expect(film.inputs.count == numbers.count && film.inputs["frames/1"] == "01_Assets/plates/plate.0009.exr")
            #expect(film.destination.path?.hasPrefix("05_Cache/proxies/") == true)
            #expect(made.first { $0.function == "thumbnail" }?.inputs == ["source": "01_Assets/plates/plate.0025.exr"])
            let one = try await asset("plates/plate.0012.exr", studio)
            #expect(
                one.json["sequence"] == [
                    "pattern": "plate.####.exr", "first": 8, "last": 40, "padding": 4, "count": 31, "missingCount": 2,
                ])
            #expect(one.json["derivatives"] == (try await asset("plates/plate.0040.exr", studio).json["derivatives"]))
            // A picture that fills a gap makes it another sequence, of which all is made anew; once.
            try drop("picture 10", "plates/plate.0010.exr", studio)
            try await eventually("the film is made anew") {
                try await jobs(studio, project).count { $0.function == "assemble" } == 2
            }
            let again = try await jobs(studio, project)
            #expect(again.count { $0.function == "probe-sequence" } == 2 && again.count <= 6)
            #expect(!again.contains { $0.function == "probe" }, "none of a picture by itself")
            #expect(try await asset("plates/plate.0012.exr", studio).json["sequence"]?["missingCount"] == 1)
        }
    }

    @Test func `Few pictures with numbers, and those of another folder, are pictures by themselves`() async throws {
        try await RunningStudio.run(Self.on) { studio async throws in
            let project = try await studio.project()
            try place(1...(AssetSequence.fewest - 1), in: "references", studio)
            try drop("picture 24", "plate.0024.exr", studio)
            try await eventually("each has its thumbnail") {
                try await jobs(studio, project).count { $0.function == "thumbnail" } == AssetSequence.fewest
            }
            let one = try await asset("references/plate.0003.exr", studio)
            #expect(one.json["sequence"] == nil && one.json["derivatives"]?.arrayValue?.count == 2)
            #expect(try await !jobs(studio, project).contains { $0.function == "assemble" })
        }
    }

    /// The beginning of a JPEG that a camera took, as far as it is looked at.
    private static func photograph(second: Int) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let time = "2026:07:14 1\(second / 3600 % 10):\(two(second / 60 % 60)):\(two(second % 60))\0"
        let main = number(1, 2) + number(0x8769, 2) + number(4, 2) + number(1, 4) + number(26, 4) + number(0, 4)
        let own = number(1, 2) + number(0x9003, 2) + number(2, 2) + number(20, 4) + number(44, 4) + number(0, 4)
        let content = Array("Exif\0\0II*\0".utf8) + number(8, 4) + main + own + Array(time.utf8)
        let length: [UInt8] = number(content.count + 2, 2).reversed()
        return [0xFF, 0xD8, 0xFF, 0xE1] + length + content + [0xFF, 0xDA]
    }

    @Test func `What a camera took one by one are pictures by themselves, at even intervals they are a sequence`()
        async throws
    {
        try await RunningStudio.run(Self.on) { studio async throws in
            let project = try await studio.project()
            for (folder, second) in [
                ("roll", { (number: Int) in number * number * 7 }), ("lapse", { (number: Int) in number * 5 }),
            ] {
                for number in 1...30 {
                    try studio.ground.workspace.write(
                        Self.photograph(second: second(number)) + Array("\(folder) \(number)".utf8),
                        to: "Projects/film/05_Cache/coming/IMG_\(1000 + number).JPG")
                }
                let place = studio.ground.projectPath("film")
                try FileManager.default.moveItem(
                    atPath: place + "/05_Cache/coming", toPath: place + "/01_Assets/" + folder)
            }
            try await eventually("both are taken in") {
                let made = try await jobs(studio, project)
                return made.count { $0.function == "thumbnail" } == 31
                    && made.contains { $0.function == "assemble" }
            }
            let made = try await jobs(studio, project)
            #expect(made.count { $0.function == "probe" } == 30)
            let films = made.filter { $0.function == "assemble" }
            #expect(films.count == 1 && films[0].inputs["frames/0"] == "01_Assets/lapse/IMG_1001.JPG")
            let one = try await asset("roll/IMG_1007.JPG", studio).json
            #expect(one["sequence"] == nil && one["derivatives"]?.arrayValue?.count == 2)
            #expect(try await asset("lapse/IMG_1007.JPG", studio).json["sequence"]?["count"] == 30)
        }
    }
}
