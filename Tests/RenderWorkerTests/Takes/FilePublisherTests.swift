import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import RenderWorker

/// Jobs whose files go to the cache or among the exports: a worker that dies at any step, and the one after it.
@Suite(.timeLimit(.minutes(10)), .serialized) struct FilePublisherTests {
    private struct PowerCut: Error {}

    private static let destinations: [JobDestination] = [
        .cache(path: nil), .cache(path: "05_Cache/proxies/harbour.png"),
        .export(path: "06_Exports/Final.png", replaces: false), .export(path: "06_Exports/Final.png", replaces: true),
    ]

    /// Runs an attempt that ends at a step as if its process had died: nothing is cleaned up, nothing written down.
    private func crash(_ stage: Stage, _ job: JobID, at step: PublishingStep, runs: Watched<Int>) async throws {
        let claimed = try await stage.claim(job)
        let surroundings = stage.surroundings(
            runners: ["encoder": ScriptedRunner.counting(runs, stage)],
            after: { if $0 == step { throw PowerCut() } })
        let run = JobRun(claimed, stop: RunStop(), in: surroundings)
        let making = OutputMaking(
            run: run, function: try surroundings.revisions.manifest(of: claimed), log: AttemptLog { _, _ in },
            feed: ProgressFeed(run.key, project: claimed.project))
        await #expect(throws: PowerCut.self) { try await making.make() }
        try await loseLease(of: job, on: stage)
    }

    private func loseLease(of job: JobID, on stage: Stage) async throws {
        _ = try await stage.sql("UPDATE jobs SET lease_expires_at = now() - interval '1 second' WHERE id = '\(job)'")
        #expect(try await stage.jobs.returnExpiredLeases(limit: 10).count == 1)
        // Two lost workers would be poison, and this is about what they leave behind.
        _ = try await stage.sql("UPDATE jobs SET lost_attempts = 0 WHERE id = '\(job)'")
    }

    /// The one published file of a job, which must be in its place, whole, and alone.
    private func onlyFile(of job: JobID, on stage: Stage) async throws -> JobFileRecord {
        let files = try await stage.files.list(of: job)
        let file = try #require(files.first)
        #expect(files.count == 1 && file.isPrimary && file.removedAt == nil)
        let bytes = try #require(FileManager.default.contents(atPath: "\(stage.projectPath)/\(file.path)"))
        #expect(sha256(bytes) == file.sha256 && Int64(bytes.count) == file.sizeBytes)
        let folder = file.path.split(separator: "/").dropLast().joined(separator: "/")
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(stage.projectPath)/\(folder)")
        #expect(
            names == [file.path.split(separator: "/").last.map(String.init) ?? ""], "nothing half-made lies beside it")
        try await stage.checkScratch()
        return file
    }

    @Test(arguments: PublishingStep.ofFiles, destinations)
    func theNextAttemptFinishesTheSameFile(_ step: PublishingStep, _ destination: JobDestination) async throws {
        try await Stage.with { stage in
            let job = try await stage.submit(destination: destination)
            let runs = Watched(0)
            try await crash(stage, job, at: step, runs: runs)
            #expect(try await stage.files.list(of: job).isEmpty, "nothing is seen before it is published")
            let record = try await stage.attempt(
                job, in: stage.surroundings(runners: ["encoder": ScriptedRunner.counting(runs, stage)]))
            #expect(record.state == .succeeded && record.take == nil)
            #expect(runs.value == 1, "its hash is in the row: the finished file is published and not made again")
            let file = try await onlyFile(of: job, on: stage)
            #expect(file.attempt == 2 && file.mediaType == "image/png")
            #expect(file.probe?["streams"]?.arrayValue?.first?["width"] == 64)
            #expect(file.path == destination.path ?? "05_Cache/jobs/\(job)/results/image.png")
            #expect(try await stage.takes.get(job: job) == nil)
            #expect(try await stage.git("rev-list", "--count", "HEAD").trimmed == "1", "no commit is made of it")
        }
    }

    @Test(arguments: [PublishingStep.recorded, .closing])
    func aFileThatWasDamagedMeanwhileIsMadeAgain(_ step: PublishingStep) async throws {
        try await Stage.with { stage in
            let job = try await stage.submit(destination: .export(path: "06_Exports/Final.png", replaces: false))
            let runs = Watched(0)
            try await crash(stage, job, at: step, runs: runs)
            let scratch = try stage.folder.scratch(of: AttemptKey(job: job, attempt: 1))
            for name in WorkspaceFolders.names(in: scratch) {
                try FileManager.default.removeItem(atPath: "\(scratch)/\(name)")
            }
            try? FileManager.default.removeItem(atPath: "\(stage.projectPath)/06_Exports/Final.png")
            let record = try await stage.attempt(
                job, in: stage.surroundings(runners: ["encoder": ScriptedRunner.counting(runs, stage)]))
            #expect(record.state == .succeeded && runs.value == 2)
            _ = try await onlyFile(of: job, on: stage)
        }
    }

    @Test func whatAnEarlierAttemptPlacedGivesWayToWhatALaterOneMadeAnew() async throws {
        try await Stage.with { stage in
            let manifest = try Self.withCompanion()
            let job = try await stage.submit(
                manifest: manifest, destination: .export(path: "06_Exports/Final.png", replaces: false))
            let runs = Watched(0)
            let maker = Self.maker(runs, stage)
            let claimed = try await stage.claim(job)
            let surroundings = stage.surroundings(
                runners: ["encoder": maker], after: { if $0 == .closing { throw PowerCut() } })
            let run = JobRun(claimed, stop: RunStop(), in: surroundings)
            let making = OutputMaking(
                run: run, function: try surroundings.revisions.manifest(of: claimed), log: AttemptLog { _, _ in },
                feed: ProgressFeed(run.key, project: claimed.project))
            await #expect(throws: PowerCut.self) { try await making.make() }
            try await loseLease(of: job, on: stage)
            // One of the two is gone, so both are made again, and the first one's picture lies in the place.
            try FileManager.default.removeItem(atPath: "\(stage.projectPath)/06_Exports/Final.notes.json")
            let record = try await stage.attempt(job, in: stage.surroundings(runners: ["encoder": maker]))
            #expect(record.state == .succeeded && runs.value == 2)
            for file in try await stage.files.list(of: job) {
                let bytes = FileManager.default.contents(atPath: "\(stage.projectPath)/\(file.path)") ?? Data()
                #expect(sha256(bytes) == file.sha256)
            }
        }
    }

    @Test func aFrozenWorkerThatWakesUpChangesNothing() async throws {
        try await Stage.with { stage in
            let job = try await stage.submit(destination: .export(path: "06_Exports/Final.png", replaces: true))
            let runs = Watched(0)
            let frozen = JobRun(
                try await stage.claim(job), stop: RunStop(),
                in: stage.surroundings(runners: [
                    "encoder": ScriptedRunner { context in
                        let outputs = try await ScriptedRunner.counting(runs, stage).run(context).files
                        try await loseLease(of: job, on: stage)
                        #expect(try await stage.attempt(job).state == .succeeded)
                        try stage.folder.directory.makeDirectories(RelativePathForTests.scratch(context))
                        _ = try await ScriptedRunner.counting(runs, stage).run(context)
                        return outputs
                    }
                ]))
            await frozen.carryOut()
            #expect(try await onlyFile(of: job, on: stage).attempt == 2)
        }
    }

    @Test func aPersonsFileInAnExportsPlaceStaysUnlessItMayBeReplaced() async throws {
        try await Stage.with { stage in
            let place = "06_Exports/Final.png"
            let job = try await stage.submit(destination: .export(path: place, replaces: false))
            let record = try await stage.attempt(
                job,
                in: stage.surroundings(after: { step in
                    if step == .recorded { try stage.writeInput(Array("mine".utf8), place) }
                }))
            #expect(record.state == .failed && record.failure?.code == .publishFailed)
            #expect(FileManager.default.contents(atPath: "\(stage.projectPath)/\(place)") == Data("mine".utf8))

            let second = try await stage.submit(destination: .export(path: place, replaces: true))
            #expect(try await stage.attempt(second).state == .succeeded)
            let replaced = try await onlyFile(of: second, on: stage)
            let third = try await stage.submit(
                parameters: ["prompt": "dusk", "width": 64, "height": 48],
                destination: .export(path: place, replaces: true))
            #expect(try await stage.attempt(third).state == .succeeded)
            #expect(try await onlyFile(of: third, on: stage).sha256 != replaced.sha256)
            let old = try #require(try await stage.files.list(of: second).first)
            #expect(old.removedAt != nil, "the job whose file gave way says so")
        }
    }

    @Test func aJobReadsWhatAnotherKeptInTheCacheAndNothingElse() async throws {
        try await Stage.with { stage in
            let first = try await stage.submit(destination: .cache(path: nil))
            let reader = try await stage.submit(
                "thumbnail", parameters: ["width": 32], inputs: ["source": "job:\(first)#image"])
            let late = try await stage.submit(
                "thumbnail", parameters: ["width": 16], inputs: ["source": "job:\(first)"])
            #expect(try await stage.attempt(first).state == .succeeded)
            #expect(try await stage.attempt(reader).state == .succeeded)
            let take = try #require(try await stage.takes.get(job: reader))
            let file = try #require(try await stage.files.list(of: first).first)
            #expect(take.provenance?["inputs"]?.arrayValue?.first?["sha256"]?.stringValue == file.sha256)
            // The cache is anybody's to write to.
            let path = "\(stage.projectPath)/\(file.path)"
            try FileManager.default.removeItem(atPath: path)
            try stage.writeInput(Array("something else".utf8), file.path)
            let refused = try await stage.attempt(late)
            #expect(refused.state == .failed && refused.failure?.code == .inputMissing)
        }
    }

    @Test func filesThatAreFinishedTogetherArePublishedTogetherAndOneInTheWayHurtsNobody() async throws {
        try await Stage.with { stage in
            let latch = ThreadLatch()
            let isFirst = Watched(true)
            let surroundings = stage.surroundings(after: { step in
                guard step == .closing else { return }
                let isMine = isFirst.update { first in
                    defer { first = false }
                    return first
                }
                if isMine { latch.hold() }
            })
            let place = JobDestination.export(path: "06_Exports/Final.png", replaces: true)
            let leader = try await stage.submit(destination: .cache(path: nil))
            // Two that take the same place cannot both be in one transaction, and the third is their neighbour.
            let others = [
                try await stage.submit(destination: place), try await stage.submit(destination: place),
                try await stage.submit(destination: .cache(path: nil)),
            ]
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await stage.attempt(leader, in: surroundings) }
                try await latch.waitForHolders(1)
                for job in others { group.addTask { _ = try await stage.attempt(job, in: surroundings) } }
                try await eventually("all the others wait") { surroundings.filePublisher.waiting == 3 }
                latch.open()
                try await group.waitForAll()
            }
            for job in [leader] + others { #expect(try await stage.jobs.get(job)?.state == .succeeded) }
            var there = 0
            for job in others.prefix(2) {
                there += try await stage.files.list(of: job).count { $0.removedAt == nil }
            }
            #expect(there == 1, "the one gave way to the other")
        }
    }

    @Test func aFolderThatIsCleanedAwayWhileItIsEmptyIsMadeAgain() async throws {
        try await Stage.with { stage in
            let job = try await stage.submit(destination: .cache(path: "05_Cache/canvas/key/harbour.png"))
            let record = try await stage.attempt(
                job,
                in: stage.surroundings(after: { step in
                    if step == .stored { #expect(rmdir("\(stage.projectPath)/05_Cache/canvas/key") == 0) }
                }))
            #expect(record.state == .succeeded)
            _ = try await onlyFile(of: job, on: stage)
        }
    }

    @Test func whatAJobThatWasGivenUpHadPlacedIsTakenAway() async throws {
        try await Stage.with { stage in
            let job = try await stage.submit(destination: .export(path: "06_Exports/Final.png", replaces: false))
            try await crash(stage, job, at: .placed, runs: Watched(0))
            _ = try await stage.jobs.cancel(job)
            let place = "\(stage.projectPath)/06_Exports/Final.png"
            #expect(FileManager.default.fileExists(atPath: place))
            let sweep = ScratchSweep(
                workspace: WorkspaceFolders(root: stage.workspace.path), jobs: stage.jobs, takes: stage.takes,
                files: stage.files, logger: Stage.logger)
            await sweep.run()
            #expect(!FileManager.default.fileExists(atPath: place))
            try await stage.checkScratch()
        }
    }

    /// `mock-image` with a second output.
    static func withCompanion() throws -> JSONValue {
        var manifest = try #require(try Stage.manifest("mock-image").objectValue)
        var outputs = try #require(manifest["outputs"]?.objectValue)
        outputs["image"] = .object((outputs["image"]?.objectValue ?? [:]).merging(["primary": true]) { $1 })
        outputs["notes"] = ["type": "json", "extension": "json"]
        manifest["outputs"] = .object(outputs)
        return .object(manifest)
    }

    /// Makes the picture of ``ScriptedRunner/counting(_:_:)`` and notes beside it.
    static func maker(_ runs: Watched<Int>, _ stage: Stage) -> ScriptedRunner {
        ScriptedRunner { context in
            var files = try await ScriptedRunner.counting(runs, stage).run(context).files
            let notes = "\(context.scratch)/notes.json"
            try Data("{\"run\": \(runs.value)}\n".utf8).write(to: URL(filePath: notes))
            files["notes"] = notes
            return files
        }
    }
}
