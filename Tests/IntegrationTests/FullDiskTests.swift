import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// A disk that is really full, at every place a take passes: the job says so, nothing half-made stays, and once there is
/// room the same job makes its take.
@Suite("A full disk", .serialized)
struct FullDiskTests {
    /// A folder of the project on a disk of its own, and what is left on that disk.
    struct Place: Sendable, CustomTestStringConvertible {
        let folder: String
        let rest: Int
        var testDescription: String { folder }
    }

    @Test(
        "A part of the project has no room left: storage-full, nothing stays, the retry makes take01",
        arguments: [
            // In the middle of the encoder's work.
            Place(folder: "05_Cache", rest: 16 << 10),
            // In the middle of a copy: these are other disks than the one the file was made on.
            Place(folder: ".git/lfs", rest: 16 << 10),
            Place(folder: "03_Renders", rest: 16 << 10),
            // With the file in its place, and no room for what Git keeps of it.
            Place(folder: ".git/objects", rest: 0),
        ])
    func partFull(_ place: Place) async throws {
        let stack = try await Stack.start(workers: 0)
        try await stack.project()
        try await SmallFileSystem.mounted(on: "\(stack.folder(of: "film"))/\(place.folder)") { disk in
            try disk.fill(leaving: place.rest)
            try await stack.startWorker()
            let id = try await stack.submit("mock-video", parameters: Self.film, more: ["maxAttempts": 1])
            let failed = try await stack.wait(for: id, toBe: "failed", "succeeded")
            try await expectStorageFull(failed, stack, disk)
            #expect(try await stack.api.post("/api/v1/jobs/\(id)/retry").status < 300)
            try await stack.wait(for: id, toBe: "succeeded")
            try await expectFirstTake(stack)
            try await stack.stop()
        }
    }

    @Test("Room is made between two attempts: the job succeeds by itself")
    func roomIsMade() async throws {
        let stack = try await Stack.start(workers: 0)
        try await stack.project()
        try await SmallFileSystem.mounted(on: stack.workspace) { disk in
            // Not even the attempt's folder can be made.
            try disk.fillWithFiles()
            try await stack.startWorker()
            let id = try await stack.submit("mock-video", parameters: Self.film, more: ["maxAttempts": 100])
            try await eventually("an attempt has failed") {
                try await stack.sql("SELECT failure->>'code' FROM job_attempts WHERE outcome = 'failed'").first
                    == "storage-full"
            }
            disk.makeRoom()
            try await stack.wait(for: id, toBe: "succeeded", "failed")
            try await expectFirstTake(stack)
            try await stack.stop()
        }
    }

    @Test("The disk is full after ever more pages: wherever publishing stops, nothing half-made stays")
    func fullAtEveryPage() async throws {
        let stack = try await Stack.start(workers: 0)
        try await stack.project()
        try await SmallFileSystem.mounted(on: stack.workspace) { disk in
            try await stack.startWorker()
            var failed: [String] = []
            for pages in 0..<100 {
                try disk.fill(leaving: pages * 4096)
                // A shot of its own each time, so that nothing of an earlier round saves this one a page.
                let id = try await stack.submit(
                    "mock-image", parameters: ["prompt": .string("\(pages)"), "width": 64, "height": 64],
                    shot: "SHOT-\(pages)", more: ["maxAttempts": 1])
                let job = try await stack.wait(for: id, toBe: "failed", "succeeded")
                if job["state"] == "succeeded" { break }
                try await expectStorageFull(job, stack, disk)
                failed.append(id)
            }
            // Fewer would mean that not every step was met with a full disk.
            #expect((10..<100).contains(failed.count))
            disk.makeRoom()
            for id in failed { #expect(try await stack.api.post("/api/v1/jobs/\(id)/retry").status < 300) }
            for id in failed { try await stack.wait(for: id, toBe: "succeeded") }
            let paths = try await stack.takes().compactMap { $0["path"]?.stringValue }
            #expect(
                Set(paths) == Set((0...failed.count).map { "03_Renders/SHOT-\($0)/SHOT-\($0)_v01_take01.png" }))
            try await stack.expectSound()
            try await stack.stop()
        }
    }

    @Test("What the gateway writes itself is refused with 507 and leaves nothing; with room it goes well")
    func gatewayRefuses() async throws {
        let stack = try await Stack.start(workers: 0)
        try await stack.project()
        try await SmallFileSystem.mounted(on: stack.workspace) { disk in
            let path = "/api/v1/projects/film/files/01_Assets/Media/Images/noise.png"
            let bytes = Data(repeating: 7, count: 64 << 10)
            let before = Set(try await find(["-type", "f"], stack).split(separator: "\n"))
            // The form that makes the file at once, and the one whose parts are kept for a resumption.
            let requests: [[String: String]] = [[:], ["Content-Range": "bytes 0-\(bytes.count - 1)/\(bytes.count)"]]
            for headers in requests {
                try disk.fill(leaving: 16 << 10)
                let refused = try await stack.api.send("PUT", path, bytes: bytes, headers: headers)
                #expect(refused.status == 507, "\(refused.text)")
                #expect(refused.json["type"] == "/problems/storage-full")
                #expect(try await stack.api.get(path).status == 404)
            }
            try disk.fill(leaving: 16 << 10)
            let project: JSONValue = ["name": "second", "title": "The second"]
            let refused = try await stack.api.post("/api/v1/projects", project)
            #expect(refused.status == 507, "\(refused.text)")
            #expect(try await stack.api.get("/api/v1/projects/second").status == 404)
            let projects = try await ChildProcess.run("ls", ["-A", "\(stack.workspace)/Projects"])
            #expect(projects.output == "film")
            disk.makeRoom()
            let after = Set(try await find(["-type", "f"], stack).split(separator: "\n"))
            #expect(after == before, "\(after.symmetricDifference(before))")
            try await stack.expectSound()
            #expect(try await stack.api.send("PUT", path, bytes: bytes).status == 201)
            #expect(try await stack.api.post("/api/v1/projects", project).status == 201)
            try await stack.expectSound()
            try await stack.stop()
        }
    }

    private static let film: JSONValue = ["prompt": "x", "seconds": 2, "width": 320, "height": 180]

    /// Makes room at last: Git itself cannot look at a repository on a full disk.
    private func expectStorageFull(_ job: JSONValue, _ stack: Stack, _ disk: SmallFileSystem) async throws {
        #expect(job["state"] == "failed", "\(job)")
        #expect(job["failure"]?["code"] == "storage-full", "\(job)")
        #expect(job["failure"]?["message"]?.stringValue?.lowercased().contains("no space is left") ?? false, "\(job)")
        #expect(try await stack.takes().isEmpty)
        #expect(try await stack.sql("SELECT count(*) FROM takes WHERE published_at IS NOT NULL") == ["0"])
        #expect(try await stack.api.get("/api/v1/me").json["credits"]?["held"] == 0)
        try await eventually("the scratch folder is removed") {
            // A folder that goes while it is read is an error of `find`.
            (try? await stack.person("find", "05_Cache/jobs", "-mindepth", "1")) == ""
        }
        #expect(try await stack.person("find", "03_Renders", "-type", "f", "-not", "-name", ".gitkeep") == "")
        let leftovers = ["*.partial", "*.broken", "*.lock", "tmp_obj*", "studio-index*"].flatMap {
            ["-name", $0, "-o"]
        }
        let found = try await find(leftovers.dropLast(), stack)
        #expect(found == "", "\(job["failure"]?["message"] ?? .null)")
        try await expectWholeLFSObjects(stack)
        disk.makeRoom()
        try await stack.expectSound()
    }

    private func find(_ conditions: some Sequence<String>, _ stack: Stack) async throws -> String {
        let done = try await ChildProcess.run("find", [stack.folder(of: "film")] + conditions)
        guard done.exit == .code(0) else { throw TestKitError("find: \(done.errors)") }
        return done.output
    }

    /// An object may have stayed, so that the file need not be made again; then it is whole.
    private func expectWholeLFSObjects(_ stack: Stack) async throws {
        let objects = try await find(["-path", "*/.git/lfs/objects/*", "-type", "f"], stack)
        for path in objects.split(separator: "\n") {
            let sum = try await ChildProcess.run("sha256sum", [String(path)])
            #expect(sum.output.prefix(64) == path.split(separator: "/").last.map { $0[...] })
        }
    }

    private func expectFirstTake(_ stack: Stack) async throws {
        let paths = try await stack.takes().compactMap { $0["path"]?.stringValue }
        #expect(paths.count == 1)
        #expect(paths.first?.hasPrefix("03_Renders/SHOT-010/SHOT-010_v01_take01.") ?? false)
        try await stack.expectSound()
    }
}
