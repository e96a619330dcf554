import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

/// Functions without outputs: they succeed without a take.
@Suite(.timeLimit(.minutes(10))) struct TakelessTests {
    @Test func nothingSucceedsAndLeavesNothing() async throws {
        try await Stage.with { stage in
            let job = try await stage.submit("noop", parameters: [:])
            let record = try await stage.attempt(job)
            #expect(record.state == .succeeded && record.take == nil && record.countedAttempts == 1)
            #expect(try await stage.takes.get(job: job) == nil)
            #expect(try await stage.jobs.attempts(of: job).map(\.outcome) == [.succeeded])
            #expect(WorkspaceFolders.names(in: "\(stage.projectPath)/\(WorkspaceLayout.jobScratch)") == [])
            #expect(try await stage.git("rev-list", "--count", "HEAD").trimmed == "1")
        }
    }

    @Test func nothingCanTakeLongAndBeCancelled() async throws {
        try await Stage.with { stage in
            let job = try await stage.submit("noop", parameters: ["milliseconds": 86_400_000])
            let claimed = try await stage.claim(job)
            let stop = RunStop()
            let run = Task { await JobRun(claimed, stop: stop, in: stage.surroundings()).carryOut() }
            _ = try await stage.jobs.cancel(job)
            stop.stop(.cancelled)
            try await within(.seconds(10), "the end of the run") { await run.value }
            #expect(try await stage.jobs.get(job)?.state == .cancelled)
        }
    }

    @Test func aJobWhoseTimeIsOverFailsAsSuch() async throws {
        try await Stage.with { stage in
            let job = try await stage.submit(
                "noop", parameters: ["milliseconds": 86_400_000], maxAttempts: 1, timeoutSeconds: 1)
            let claimed = try await stage.claim(job)
            let attempts = RunningAttempts()
            let key = AttemptKey(job: job, attempt: claimed.attempt)
            let stop = attempts.begin(key, deadline: .now.advanced(by: .seconds(claimed.timeoutSeconds)))
            let run = Task { await JobRun(claimed, stop: stop, in: stage.surroundings()).carryOut() }
            let keeper = DeadlineKeeper(attempts: attempts, grace: .seconds(10), logger: Stage.logger)
            let keeping = Task { await keeper.run() }
            try await within(.seconds(20), "the end of the run") { await run.value }
            keeping.cancel()
            let record = try #require(try await stage.jobs.get(job))
            #expect(record.state == .failed && record.failure?.code == .runnerTimeout)
            #expect(record.failure?.message == "The job took longer than the 1 s it may take.")
        }
    }

    @Test func whatDependsOnItGoesOn() async throws {
        try await Stage.with { stage in
            let first = try await stage.submit("noop", parameters: [:])
            let second = try await stage.submit("noop", parameters: [:], dependsOn: [first])
            #expect(try await stage.jobs.get(second)?.state == .waiting)
            #expect(try await stage.attempt(first).state == .succeeded)
            #expect(try await stage.attempt(second).state == .succeeded)
        }
    }

    @Test func aRunnerThatUsesFilesGetsThemAlsoWithoutATake() async throws {
        try await Stage.with { stage in
            try stage.writeInput(Array("words".utf8), "01_Assets/words.txt")
            var manifest = try #require(try Stage.manifest("noop").objectValue)
            manifest["inputs"] = ["text": ["type": "text"]]
            manifest["runner"] = ["kind": "container", "image": "words:1"]
            let job = try await stage.submit(
                "noop", parameters: [:], inputs: ["text": "01_Assets/words.txt"], manifest: .object(manifest))
            let seen = Watched<[String]>([])
            let runner = ScriptedRunner { context in
                try Data("x".utf8).write(to: URL(filePath: "\(context.scratch)/x"))
                seen.update { $0 = context.inputs["text"] ?? [] }
                return [:]
            }
            let record = try await stage.attempt(job, in: stage.surroundings(runners: ["container": runner]))
            #expect(record.state == .succeeded, "\(String(describing: record.failure))")
            #expect(seen.value == ["\(stage.projectPath)/01_Assets/words.txt"])
            #expect(try stage.folder.scratches == [])
        }
    }

    @Test func anOperationThatIsNotBuiltInIsUnknown() async throws {
        try await Stage.with { stage in
            var manifest = try #require(try Stage.manifest("noop").objectValue)
            manifest["runner"] = ["kind": "builtin", "operation": "something"]
            let job = try await stage.submit("noop", parameters: [:], maxAttempts: 1, manifest: .object(manifest))
            #expect(try await stage.attempt(job).failure?.code == .runnerUnknown)
        }
    }
}
