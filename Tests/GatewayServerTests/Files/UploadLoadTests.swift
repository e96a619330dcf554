import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import GatewayServer

/// Uploads while somebody else writes to the project, or while there are too many of them.
@Suite struct UploadLoadTests {
    /// Another machine that writes to a project, until it is let go.
    private struct OtherWriter {
        private let latch = ThreadLatch()
        private let work: Task<Void, any Error>

        init(_ project: ProjectID, on ground: RunningStudio.Ground) async throws {
            let database = try Database(.patient(ground.postgres, connections: 1))
            work = Task { [latch] in
                try await ProjectWriters(database).run(project) { _ in latch.hold() }
                await database.close()
            }
            try await latch.waitForHolders(1)
        }

        func finish() async throws {
            latch.open()
            try await work.value
        }
    }

    private static func put(_ studio: RunningStudio, _ path: String, _ body: String) async throws -> HTTPReply {
        try await studio.request("PUT", "/api/v1/projects/\(path)", body: body)
    }

    /// Waits until uploads wait for a project in the database.
    private static func waitForWaiting(_ count: Int, in studio: RunningStudio) async throws {
        try await eventually("\(count) writers wait for their project") {
            try await studio.parts.database.withConnection {
                try $0.query(
                    """
                    SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                    WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()
                    """
                ).count == count
            }
        }
    }

    @Test func `Uploads that wait for a project keep nobody else waiting`() async throws {
        try await RunningStudio.run { studio async throws in
            let film = try await studio.project("film")
            try await studio.project("other")
            let writer = try await OtherWriter(film.id, on: studio.ground)
            // More than there are connections.
            let uploads = (0..<12).map { number in
                Task { try await Self.put(studio, "film/files/01_Assets/\(number).png", "picture \(number)") }
            }
            try await Self.waitForWaiting(1, in: studio)
            #expect(try await studio.request("GET", "/api/v1/projects").status == 200)
            let other = try await Self.put(studio, "other/files/01_Assets/a.png", "picture")
            #expect(other.status == 201, "\(other.text)")
            // Those of one project wait in the gateway, all but the first.
            try await Self.waitForWaiting(1, in: studio)
            try await writer.finish()
            for upload in uploads { #expect(try await upload.value.status == 201) }
            let path = studio.ground.projectPath("film")
            #expect(try await git("status", "--porcelain", at: path).isEmpty)
            #expect(try await git("lfs", "fsck", at: path).contains("OK"))
        }
    }

    @Test func `Requests are answered while as many projects are waited for as there are writers`() async throws {
        try await RunningStudio.run { studio async throws in
            var (others, uploads): ([OtherWriter], [Task<HTTPReply, any Error>]) = ([], [])
            // As many as there are connections for requests, too.
            for number in 0..<4 {
                let project = try await studio.project("film-\(number)")
                others.append(try await OtherWriter(project.id, on: studio.ground))
                uploads.append(Task { try await Self.put(studio, "film-\(number)/files/01_Assets/a.png", "picture") })
            }
            try await Self.waitForWaiting(4, in: studio)
            #expect(try await studio.request("GET", "/api/v1/projects").status == 200)
            for other in others { try await other.finish() }
            for upload in uploads { #expect(try await upload.value.status == 201) }
        }
    }

    @Test func `A large file's bytes are with LFS before the project is asked for, also where they are pruned then`()
        async throws
    {
        try await RunningStudio.run { studio async throws in
            let film = try await studio.project("film")
            let writer = try await OtherWriter(film.id, on: studio.ground)
            let body = String(repeating: "picture", count: 1000)
            let upload = Task { try await Self.put(studio, "film/files/01_Assets/a.png", body) }
            try await Self.waitForWaiting(1, in: studio)
            let path = studio.ground.projectPath("film")
            let digest = SHA256.hex(of: body.utf8)
            let object = "\(path)/.git/lfs/objects/\(digest.prefix(2))/\(digest.dropFirst(2).prefix(2))/\(digest)"
            #expect(try FileHash(file: object).digest.hex == digest)
            // As `git lfs prune` does, which sees no commit that names it.
            try FileManager.default.removeItem(atPath: object)
            try await writer.finish()
            let reply = try await upload.value
            #expect(reply.status == 201, "\(reply.text)")
            #expect(try await git("lfs", "fsck", at: path).contains("OK"))
            #expect(try await git("status", "--porcelain", at: path).isEmpty)
        }
    }

    @Test func `What is refused is refused before the project is asked for`() async throws {
        try await RunningStudio.run { studio async throws in
            let film = try await studio.project("film")
            let path = studio.ground.projectPath("film")
            #expect(try await Self.put(studio, "film/files/01_Assets/a.png", "one").status == 201)
            try "mine".write(toFile: "\(path)/01_Assets/a.png", atomically: false, encoding: .utf8)
            let writer = try await OtherWriter(film.id, on: studio.ground)
            let reply = try await studio.request(
                "PUT", "/api/v1/projects/film/files/01_Assets/a.png", headers: ["if-match: *"], body: "two")
            #expect(reply.status == 409, "\(reply.text)")
            // No object that nothing names.
            let digest = SHA256.hex(of: "two".utf8)
            #expect(!FileManager.default.fileExists(atPath: "\(path)/.git/lfs/objects/\(digest.prefix(2))"))
            try await writer.finish()
        }
    }

    @Test func `Where too many large files wait the next is told to come again, and small ones are taken`() async throws
    {
        try await RunningStudio.run { studio async throws in
            try await studio.project("film")
            let latch = ThreadLatch()
            let threads = BoundedThreads.largeFiles
            let busy = (0..<66).map { _ in Task { try await threads.run { latch.hold() } } }
            try await latch.waitForHolders(2)
            try await eventually("the queue is full") { threads.load == 66 }
            let large = String(repeating: "x", count: Int(ProjectFolders.largeBytes))
            let refused = try await Self.put(studio, "film/files/01_Assets/large.png", large)
            #expect(refused.status == 503 && refused.headers["retry-after"] == "10", "\(refused.text)")
            let small = try await Self.put(studio, "film/files/01_Assets/small.png", "picture")
            #expect(small.status == 201, "\(small.text)")
            let path = studio.ground.projectPath("film")
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(UploadPart.folder)").isEmpty)
            latch.open()
            for task in busy { try await task.value }
            let taken = try await Self.put(studio, "film/files/01_Assets/large.png", large)
            #expect(taken.status == 201, "\(taken.text)")
        }
    }
}
