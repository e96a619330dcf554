import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite struct TakeTests {
    /// A take published as a worker publishes it.
    private static func take(_ studio: RunningStudio, _ text: String) async throws -> TakeRecord {
        let project = try await studio.project()
        let reply = try await studio.submit(
            #"{"shot": "SHOT-010", "function": "mock-video", "parameters": {"prompt": "x"}}"#)
        let id = try #require(reply.json["id"]?.stringValue.flatMap { JobID($0) })
        let (jobs, takes) = (JobStore(studio.parts.database), TakeStore(studio.parts.database))
        let claim = try #require(
            try await jobs.claim([id], worker: WorkerID(), name: "test", lease: .seconds(300)).first)
        let held = HeldClaim(job: id, attempt: claim.attempt)
        let allocated = try await takes.allocate(held, fileExtension: "mp4", mediaType: "video/mp4")
        let digest = SHA256.digest(of: text.utf8)
        let content = FileHash(digest: digest, size: Int64(text.utf8.count))
        _ = try await takes.recordFile(held, sha256: digest.hex, sizeBytes: content.size)
        let folder = studio.ground.projectPath(project.name)
        return try await takes.withProjectWriter(held, project: project.id) { connection in
            try studio.ground.workspace.write(text.utf8, to: "Projects/film/\(allocated.path)")
            let repository = try GitRepository(at: folder)
            let file = try RelativePath(allocated.path)
            try repository.lfs.add(file: "\(folder)/\(allocated.path)", content: content)
            let commit = try repository.commit(
                CommitRequest(
                    entries: [file: .largeFile(content)], author: .init(name: "Ada", email: "ada@example.com"),
                    time: Date(), message: "Take"))
            return try takes.publish(
                PublishedTake(
                    take: allocated.id, job: id, attempt: claim.attempt, sha256: digest.hex, sizeBytes: content.size,
                    probe: ["seconds": 2], provenance: ["seed": 7], commit: commit.hex, hasThumbnail: false),
                on: connection
            ).take
        }
    }

    @Test func `A take is listed, read with Range, and served from LFS when the file is gone`() async throws {
        try await RunningStudio.run { studio async throws in
            let take = try await Self.take(studio, "moving pictures")
            let list = try await studio.request("GET", "/api/v1/projects/film/takes?shot=SHOT-010&version=1")
            #expect(list.json["items"]?.arrayValue?.count == 1)
            #expect(try await studio.request("GET", "/api/v1/projects/film/takes?version=2").json["items"] == [])
            let one = try await studio.request("GET", "/api/v1/takes/\(take.id)")
            #expect(one.json["provenance"]?["seed"] == 7 && one.json["probe"]?["seconds"] == 2)
            let media = "/api/v1/takes/\(take.id)/media"
            let part = try await studio.request("GET", media, headers: ["range: bytes=0-5"])
            #expect(part.status == 206 && part.text == "moving" && part.headers["content-type"] == "video/mp4")
            let etag = try #require(part.headers["etag"])
            #expect(try await studio.request("GET", media, headers: ["if-none-match: \(etag)"]).status == 304)
            let head = try await studio.request("HEAD", media)
            #expect(head.status == 200 && head.headers["content-length"] == "15")
            #expect(try await studio.parts.audit.run(deep: true).isEmpty)
            try FileManager.default.removeItem(atPath: studio.ground.projectPath("film") + "/" + take.path)
            #expect(try await studio.request("GET", media).text == "moving pictures")
            #expect(try await studio.parts.audit.run(deep: false).map(\.rule) == ["take-file"])
            #expect(try await studio.request("GET", "/api/v1/takes/\(take.id)/thumbnail").status == 404)
        }
    }

    @Test func `A rating is kept until it is taken away`() async throws {
        try await RunningStudio.run { studio async throws in
            let take = try await Self.take(studio, "x")
            let path = "/api/v1/takes/\(take.id)/rating"
            let rated = try await studio.request("PUT", path, body: #"{"rating": 4, "circled": true}"#)
            #expect(rated.status == 200 && rated.json["rating"] == 4 && rated.json["circled"] == true)
            #expect(try await studio.request("PUT", path, body: #"{"rating": 6}"#).status == 400)
            let cleared = try await studio.request("PUT", path, body: #"{"rating": null}"#)
            #expect(cleared.json["rating"]?.isNull ?? true)
            #expect(cleared.json["circled"] == true)
        }
    }
}
