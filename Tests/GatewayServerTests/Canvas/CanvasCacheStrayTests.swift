import FoundationEssentials
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// Files in the caches of canvases that a crash left behind.
@Suite("Strays of canvases") struct CanvasCacheStrayTests {
    private static let cache = "05_Cache/canvas"

    private func sweep(_ studio: RunningStudio, most: Int = 500, now: Date = Date()) -> CanvasCacheStrays {
        CanvasCacheStrays(
            results: CanvasResultStore(studio.parts.database), projects: ProjectStore(studio.parts.database),
            folders: studio.parts.folders, most: most, now: { now }, logger: Logger(label: "test"))
    }

    private func isThere(_ path: String, _ studio: RunningStudio) -> Bool {
        FileManager.default.fileExists(atPath: studio.ground.projectPath("film") + "/" + path)
    }

    private func write(_ path: String, _ studio: RunningStudio) throws {
        try studio.ground.workspace.write("x".utf8, to: "Projects/film/\(path)")
    }

    @Test func `What nobody knows of goes; what jobs read, write or have is left, and so is what is no job's`()
        async throws
    {
        try await RunningStudio.run { studio async throws in
            let film = try await studio.project()
            let made = try await studio.request(
                "POST", "/api/v1/projects/film/canvases/main_canvas/runs",
                body: "{\"document\": \(RunRouteTests.document())}")
            let jobs = made.json["jobs"]?.arrayValue?.compactMap { $0["job"]?.stringValue.flatMap { JobID($0) } } ?? []
            #expect(jobs.count == 3)
            let store = JobStore(studio.parts.database)
            let published = try #require(try await store.get(jobs[0])?.destination.path)
            try await studio.files([("video", "film")], of: jobs[0], in: film)
            let beingWritten = try #require(try await store.get(jobs[1])?.destination.path)
            let folder = "\(Self.cache)/\(String(repeating: "a", count: 64))"
            let stranger = "\(folder)/\(JobID()).png"
            let near = ".\(jobs[0]).1.\(published.split(separator: "/").last ?? "")"
            let waiting = published.split(separator: "/").dropLast().joined(separator: "/") + "/" + near
            let kept = ["\(folder)/notes.txt", "\(Self.cache)/README", beingWritten, published]
            for path in [stranger, waiting] + kept where path != published { try write(path, studio) }
            #expect(try await sweep(studio).sweep() == 2)
            #expect(!isThere(stranger, studio) && !isThere(waiting, studio))
            for path in kept { #expect(isThere(path, studio), "\(path)") }
            // The job is given up: nobody is going to finish the file.
            _ = try await studio.request("POST", "/api/v1/runs/\(made.json["id"]?.stringValue ?? "")/cancel")
            #expect(try await sweep(studio).sweep() == 1)
            #expect(!isThere(beingWritten, studio))
            #expect(try await sweep(studio).sweep() == 0)
        }
    }

    @Test func `A round looks at so many folders, and the next goes on behind them and begins anew at the end`()
        async throws
    {
        try await RunningStudio.run { studio async throws in
            _ = try await studio.project()
            let paths = (0..<5).map { number in
                "\(Self.cache)/\(String(repeating: String(number), count: 64))/\(JobID()).png"
            }
            for path in paths { try write(path, studio) }
            let strays = sweep(studio, most: 2)
            var left: [Int] = []
            for _ in 0..<4 {
                _ = try await strays.sweep()
                left.append(paths.count { isThere($0, studio) })
            }
            #expect(left == [3, 1, 0, 0])
            try write(paths[0], studio)
            _ = try await strays.sweep()
            _ = try await strays.sweep()
            #expect(!isThere(paths[0], studio))
        }
    }

    @Test func `An empty folder goes when it is old: a worker may just have made it`() async throws {
        try await RunningStudio.run { studio async throws in
            _ = try await studio.project()
            let folder = "\(Self.cache)/\(String(repeating: "b", count: 64))"
            try FileManager.default.createDirectory(
                atPath: studio.ground.projectPath("film") + "/" + folder, withIntermediateDirectories: true)
            _ = try await sweep(studio).sweep()
            #expect(isThere(folder, studio))
            _ = try await sweep(studio, now: Date(timeIntervalSinceNow: 7200)).sweep()
            #expect(!isThere(folder, studio))
        }
    }
}
