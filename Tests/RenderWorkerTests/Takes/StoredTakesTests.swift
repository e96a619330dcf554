import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import StudioTestKit
import StudioTransfer
import Testing

@testable import RenderWorker

/// Takes whose bytes are kept in a bucket: the workspace has copies.
@Suite(.timeLimit(.minutes(10))) struct StoredTakesTests {
    private static let home = ObjectHome(tenant: "studio", project: "film")

    private func storage(_ server: S3Server, _ key: String = S3Server.writer) -> S3ObjectStorage {
        S3ObjectStorage(server.settings(key), patience: S3Patience(tries: 1), wait: { _ in })
    }

    private func content(_ take: TakeRecord) throws -> FileHash {
        FileHash(
            digest: try #require(take.sha256.flatMap { SHA256Digest(hex: $0) }), size: try #require(take.sizeBytes))
    }

    /// Removes what the workspace has of a take: its file and its LFS object.
    private func lose(_ take: TakeRecord, on stage: Stage) throws {
        let hex = try #require(take.sha256)
        try FileManager.default.removeItem(atPath: "\(stage.projectPath)/\(take.path)")
        try FileManager.default.removeItem(
            atPath: "\(stage.projectPath)/.git/lfs/objects/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)")
    }

    @Test func aTakeIsInTheBucketBeforeACommitNamesIt() async throws {
        try await Stage.with { stage in
            let server = try await S3Server()
            let storage = storage(server)
            let commits = Watched<[String]>([])
            let job = try await stage.submit()
            let surroundings = stage.surroundings(
                storage: storage,
                after: { step in
                    guard step == .kept || step == .committed else { return }
                    let head = try? String(
                        contentsOfFile: "\(stage.projectPath)/.git/refs/heads/main", encoding: .utf8)
                    commits.update { $0.append("\(step) \(head?.trimmed ?? "")") }
                })
            let before = try await stage.git("rev-parse", "HEAD")
            #expect(try await stage.attempt(job, in: surroundings).state == .succeeded)
            #expect(commits.value.first == "kept \(before)")
            let take = try #require(try await stage.takes.get(job: job))
            #expect(try await storage.contains(content(take), of: Self.home))
            let puts = try await server.asked().filter { $0.method == "PUT" && $0.length > 0 }
            #expect(puts.map(\.length) == [Int(try content(take).size)], "the document beside it is kept by Git")
            try await stage.checkRepository(takes: 1)
        }
    }

    @Test func whatTheWorkspaceLostIsFetchedForTheNextJob() async throws {
        try await Stage.with { stage in
            let server = try await S3Server()
            let surroundings = stage.surroundings(storage: storage(server))
            let first = try await stage.submit(
                "mock-video", parameters: ["prompt": "x", "seconds": 1, "width": 64, "height": 48])
            #expect(try await stage.attempt(first, in: surroundings).state == .succeeded)
            let take = try #require(try await stage.takes.get(job: first))
            try lose(take, on: stage)
            let next = try await stage.submit(
                "transcode", parameters: ["width": 32], inputs: ["source": "job:\(first)"], dependsOn: [first])
            let record = try await stage.attempt(next, in: surroundings)
            #expect(record.state == .succeeded, "\(String(describing: record.failure))")
            #expect(try FileHash(file: "\(stage.projectPath)/\(take.path)") == content(take))
            try await stage.checkRepository(takes: 2)

            // Without a storage it is lost, and is told as before.
            try lose(take, on: stage)
            let last = try await stage.submit(
                "transcode", parameters: ["width": 16], inputs: ["source": "job:\(first)"], dependsOn: [first])
            #expect(try await stage.attempt(last).failure?.code == .inputMissing)
        }
    }

    @Test func otherBytesInTheBucketAreFoundOut() async throws {
        try await Stage.with { stage in
            let server = try await S3Server()
            let storage = storage(server)
            let surroundings = stage.surroundings(storage: storage)
            let first = try await stage.submit()
            #expect(try await stage.attempt(first, in: surroundings).state == .succeeded)
            let take = try #require(try await stage.takes.get(job: first))
            try lose(take, on: stage)
            try await server.replace(
                "productions/" + Self.home.key(of: content(take).digest), with: Data("something else".utf8))
            let next = try await stage.submit(
                "transcode", parameters: [:], inputs: ["source": "job:\(first)"], dependsOn: [first])
            let record = try await stage.attempt(next, in: surroundings)
            #expect(record.state == .failed)
            #expect(record.failure?.code == .inputMissing)
            #expect(record.failure?.message.contains("are not those of the file") == true)
            #expect(!FileManager.default.fileExists(atPath: "\(stage.projectPath)/\(take.path)"))
        }
    }

    @Test func aStorageThatIsAwayIsWaitedForAndNothingIsHalfPublished() async throws {
        try await Stage.with { stage in
            let server = try await S3Server()
            let storage = storage(server)
            let runs = Watched(0)
            let job = try await stage.submit()
            let claimed = try await stage.claim(job)
            let surroundings = stage.surroundings(
                runners: ["encoder": ScriptedRunner.counting(runs, stage)], storage: storage)
            try await server.fail(-1)
            let running = Task { await JobRun(claimed, stop: RunStop(), in: surroundings).carryOut() }
            try await eventually("the storage was asked in vain") {
                try await server.asked().contains { $0.method == "HEAD" && $0.address.contains("/lfs/") }
            }
            #expect(try await stage.git("rev-list", "--count", "HEAD").trimmed == "1")
            #expect(try await stage.takes.get(job: job)?.publishedAt == nil)
            try await server.fail(0)
            await running.value
            #expect(try await stage.jobs.get(job)?.state == .succeeded)
            #expect(runs.value == 1)
            try await stage.checkRepository(takes: 1)
        }
    }

    @Test func aJobThatIsGivenBackMeanwhileIsPublishedByTheNextAttemptWithoutRendering() async throws {
        try await Stage.with { stage in
            let server = try await S3Server()
            let runs = Watched(0)
            let job = try await stage.submit()
            let claimed = try await stage.claim(job)
            let surroundings = stage.surroundings(
                runners: ["encoder": ScriptedRunner.counting(runs, stage)], storage: storage(server))
            try await server.fail(-1)
            let stop = RunStop()
            let running = Task { await JobRun(claimed, stop: stop, in: surroundings).carryOut() }
            try await eventually("the storage was asked in vain") {
                try await server.asked().contains { $0.method == "HEAD" && $0.address.contains("/lfs/") }
            }
            stop.stop(.released)
            await running.value
            let given = try #require(try await stage.jobs.get(job))
            #expect(given.state == .queued && given.countedAttempts == 0)
            try await server.fail(0)
            #expect(try await stage.attempt(job, in: surroundings).state == .succeeded)
            #expect(runs.value == 1)
            let take = try #require(try await stage.takes.get(job: job))
            #expect(try await storage(server).contains(content(take), of: Self.home))
            try await stage.checkRepository(takes: 1)
        }
    }

    @Test func aKeyThatMayNotWriteFailsTheAttemptAndPublishesNothing() async throws {
        try await Stage.with { stage in
            let server = try await S3Server()
            let job = try await stage.submit(maxAttempts: 1)
            let record = try await stage.attempt(
                job, in: stage.surroundings(storage: storage(server, S3Server.reader)))
            #expect(record.state == .failed)
            #expect(record.failure?.code == .publishFailed)
            #expect(record.failure?.message.contains("does not let the studio do that") == true)
            #expect(try await stage.git("rev-list", "--count", "HEAD").trimmed == "1")
            #expect(try await stage.takes.get(job: job)?.publishedAt == nil)
        }
    }

    @Test func aPointerInTheCheckoutIsReadAsTheFileItStandsFor() async throws {
        try await Stage.with { stage in
            let server = try await S3Server()
            let surroundings = stage.surroundings(storage: storage(server))
            let first = try await stage.submit()
            #expect(try await stage.attempt(first, in: surroundings).state == .succeeded)
            let take = try #require(try await stage.takes.get(job: first))
            let pointer = try await stage.git("cat-file", "-p", "HEAD:\(take.path)")
            try lose(take, on: stage)
            try stage.writeInput("\(pointer.trimmed)\n".utf8, take.path)
            let next = try await stage.submit(
                "transcode", parameters: [:], inputs: ["source": take.path], dependsOn: [first])
            _ = try await stage.attempt(next, in: surroundings)
            #expect(try FileHash(file: "\(stage.projectPath)/\(take.path)") == content(take))
        }
    }

    @Test(arguments: [StorageError.Code.notFound, .corrupt])
    func `What is lost on its way to the storage is no missing input`(_ code: StorageError.Code) {
        let error = StorageError(code, "the storage has no such object")
        let kept = JobFailure(error, .keeping, while: "The take could not be kept")
        #expect(kept.code == .publishFailed && kept.retryable)
        #expect(JobFailure(error, .reading, while: "The input cannot be had").code == .inputMissing)
    }
}
