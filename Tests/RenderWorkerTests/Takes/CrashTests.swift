import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import RenderWorker

/// A worker that dies at any step of publishing, and the one that comes after it.
@Suite(.timeLimit(.minutes(10)), .serialized) struct CrashTests {
    private struct PowerCut: Error {}

    /// Runs an attempt that ends at a step as if its process had died: nothing is cleaned up, nothing written down.
    private func crash(_ stage: Stage, _ job: JobID, at step: PublishingStep, runs: Watched<Int>) async throws {
        let claimed = try await stage.claim(job)
        let surroundings = stage.surroundings(
            runners: ["encoder": ScriptedRunner.counting(runs, stage)],
            after: { if $0 == step { throw PowerCut() } })
        let run = JobRun(claimed, stop: RunStop(), in: surroundings)
        let feed = ProgressFeed(run.key, project: claimed.project)
        let log = AttemptLog { _, _ in }
        let making = OutputMaking(
            run: run, function: try surroundings.revisions.manifest(of: claimed), log: log, feed: feed)
        await #expect(throws: PowerCut.self) { try await making.make() }
        // The recovery finds the lease run out.
        _ = try await stage.sql("UPDATE jobs SET lease_expires_at = now() - interval '1 second' WHERE id = '\(job)'")
        #expect(try await stage.jobs.returnExpiredLeases(limit: 10).count == 1)
        // Two lost workers would be poison, and this is about what they leave behind.
        _ = try await stage.sql("UPDATE jobs SET lost_attempts = 0 WHERE id = '\(job)'")
    }

    @Test(arguments: PublishingStep.allCases)
    func theNextAttemptFinishesTheSameTake(_ step: PublishingStep) async throws {
        try await Stage.with { stage in
            let job = try await stage.submit()
            let runs = Watched(0)
            try await crash(stage, job, at: step, runs: runs)
            let before = try #require(try await stage.takes.get(job: job))
            let record = try await stage.attempt(
                job, in: stage.surroundings(runners: ["encoder": ScriptedRunner.counting(runs, stage)]))
            #expect(record.state == .succeeded)
            // Once its hash is in the row, the finished file is published and not made again.
            #expect(runs.value == (step == .allocated ? 2 : 1))
            let take = try #require(try await stage.takes.get(job: job))
            #expect(take.id == before.id)
            #expect(take.number == 1)
            #expect(take.attempt == 2)
            #expect(take.publishedAt != nil)
            #expect(take.commit == (try await stage.git("rev-parse", "HEAD")).trimmed)
            let media = FileManager.default.contents(atPath: "\(stage.projectPath)/\(take.path)") ?? Data()
            #expect(sha256(media) == take.sha256)
            try await stage.checkRepository(takes: 1)
            // The first commit and the take's: an interrupted publication makes no second one.
            #expect(try await stage.git("rev-list", "--count", "HEAD").trimmed == "2")
        }
    }

    @Test(arguments: [PublishingStep.placed, .committed, .closing])
    func aLostTransactionIsRepeatedByTheSameAttempt(_ step: PublishingStep) async throws {
        try await Stage.with { stage in
            let job = try await stage.submit(maxAttempts: 1)
            let isLost = Watched(true)
            let runs = Watched(0)
            let record = try await stage.attempt(
                job,
                in: stage.surroundings(
                    runners: ["encoder": ScriptedRunner.counting(runs, stage)],
                    after: { done in
                        guard done == step, isLost.value else { return }
                        isLost.update { $0 = false }
                        throw PostgresError(.unavailable, operatorDetail: "the connection was lost")
                    }))
            #expect(record.state == .succeeded, "\(String(describing: record.failure))")
            #expect(!isLost.value)
            #expect(runs.value == 1)
            try await stage.checkRepository(takes: 1)
            #expect(try await stage.git("rev-list", "--count", "HEAD").trimmed == "2")
        }
    }

    @Test func twoCrashesInARowStillMakeOneTake() async throws {
        try await Stage.with { stage in
            let job = try await stage.submit(maxAttempts: 5)
            let runs = Watched(0)
            try await crash(stage, job, at: .placed, runs: runs)
            try await crash(stage, job, at: .closing, runs: runs)
            #expect(try await stage.attempt(job).state == .succeeded)
            #expect(runs.value == 1)
            try await stage.checkRepository(takes: 1)
        }
    }

    @Test func aFileThatWasDamagedMeanwhileIsMadeAgainUnderTheSameNumber() async throws {
        try await Stage.with { stage in
            let job = try await stage.submit()
            let runs = Watched(0)
            try await crash(stage, job, at: .recorded, runs: runs)
            let scratch = try stage.folder.scratch(of: AttemptKey(job: job, attempt: 1))
            for name in WorkspaceFolders.names(in: scratch) {
                try FileManager.default.removeItem(atPath: "\(scratch)/\(name)")
            }
            let record = try await stage.attempt(
                job, in: stage.surroundings(runners: ["encoder": ScriptedRunner.counting(runs, stage)]))
            #expect(record.state == .succeeded)
            #expect(runs.value == 2)
            #expect(try await stage.takes.get(job: job)?.number == 1)
            try await stage.checkRepository(takes: 1)
        }
    }

    @Test func aFrozenWorkerThatWakesUpChangesNothing() async throws {
        try await Stage.with { stage in
            let job = try await stage.submit()
            let first = try await stage.claim(job)
            let runs = Watched(0)
            // The first worker freezes with its file finished; another one takes the job over and finishes it.
            let frozen = JobRun(
                first, stop: RunStop(),
                in: stage.surroundings(runners: [
                    "encoder": ScriptedRunner { context in
                        let outputs = try await ScriptedRunner.counting(runs, stage).run(context).files
                        _ = try await stage.sql(
                            "UPDATE jobs SET lease_expires_at = now() - interval '1 second' WHERE id = '\(job)'")
                        _ = try await stage.jobs.returnExpiredLeases(limit: 10)
                        let again = try await stage.attempt(job)
                        #expect(again.state == .succeeded)
                        try stage.folder.directory.makeDirectories(RelativePathForTests.scratch(context))
                        _ = try await ScriptedRunner.counting(runs, stage).run(context)
                        return outputs
                    }
                ]))
            await frozen.carryOut()
            let take = try #require(try await stage.takes.get(job: job))
            #expect(take.attempt == 2)
            let media = FileManager.default.contents(atPath: "\(stage.projectPath)/\(take.path)") ?? Data()
            #expect(sha256(media) == take.sha256)
            try await stage.checkRepository(takes: 1)
        }
    }

    @Test func aPersonsFileInTheTakesPlaceIsNeverTouched() async throws {
        try await Stage.with { stage in
            try stage.writeInput(Array("mine".utf8), "03_Renders/SHOT-010/SHOT-010_v01_take01.mp4")
            let job = try await stage.submit()
            #expect(try await stage.attempt(job).state == .succeeded)
            let take = try #require(try await stage.takes.get(job: job))
            #expect(take.number == 2, "numbers on disk count as given")

            let second = try await stage.submit()
            let place = "03_Renders/SHOT-010/SHOT-010_v01_take03.png"
            let record = try await stage.attempt(
                second,
                in: stage.surroundings(after: { step in
                    if step == .recorded { try stage.writeInput(Array("mine too".utf8), place) }
                }))
            #expect(record.state == .failed)
            #expect(record.failure?.code == .publishFailed)
            #expect(FileManager.default.contents(atPath: "\(stage.projectPath)/\(place)") == Data("mine too".utf8))
        }
    }
}
