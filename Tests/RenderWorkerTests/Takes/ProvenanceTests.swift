import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import RenderWorker

/// What a take's sidecar says of what made it.
@Suite struct ProvenanceTests {
    private static func surroundings(
        _ stage: Stage, after: @escaping @Sendable (PublishingStep) throws -> Void = { _ in }
    ) -> JobRun.Surroundings {
        let encoder = stage.surroundings().runners
        let runner = TellingRunner { context in
            var result = try await encoder.runner(for: context.function).run(context)
            result.provenance = ["imageDigest": "sha256:abc"]
            return result
        }
        return stage.surroundings(runners: ["encoder": runner], after: after)
    }

    private static func sidecar(_ stage: Stage) throws -> JSONValue {
        let folder = "\(stage.projectPath)/03_Renders/SHOT-010"
        let name = try #require(WorkspaceFolders.names(in: folder).first { $0.hasSuffix(".json") })
        return try JSONText.decode(
            JSONValue.self, from: try #require(FileManager.default.contents(atPath: "\(folder)/\(name)")))
    }

    private static func submit(_ stage: Stage) async throws -> JobID {
        var manifest = try #require(try Stage.manifest("mock-image").objectValue)
        manifest["models"] = ["weights.pt"]
        return try await stage.submit(
            parameters: ["prompt": "x", "width": 64, "height": 48, "seed": .unsigned(.max)], manifest: .object(manifest)
        )
    }

    @Test func manifestRunnerModelsAndSeedAreNamed() async throws {
        try await Stage.with { stage in
            try stage.workspace.write("weights".utf8, to: "Library/Models/weights.pt")
            let job = try await Self.submit(stage)
            let done = try await stage.attempt(job, in: Self.surroundings(stage))
            #expect(done.state == .succeeded, "\(String(describing: done.failure))")
            let sidecar = try Self.sidecar(stage)
            let digest = try await stage.sql("SELECT function_revision FROM jobs WHERE id = '\(job)'")
            #expect(sidecar["function"]?["digest"]?.stringValue == digest.first)
            #expect(sidecar["seed"] == .unsigned(.max))
            #expect(sidecar["runner"]?["kind"] == "encoder" && sidecar["runner"]?["imageDigest"] == "sha256:abc")
            let model: JSONValue = [
                "path": "weights.pt", "sha256": .string(SHA256.hex(of: Array("weights".utf8))),
            ]
            #expect(sidecar["runner"]?["models"] == [model])
            let take = try #require(try await stage.takes.get(job: job))
            #expect(take.provenance?["runner"] == sidecar["runner"])
        }
    }

    @Test func anAttemptThatPublishesAnEarlierOnesFileSaysWhatMadeIt() async throws {
        try await Stage.with { stage in
            try stage.workspace.write("weights".utf8, to: "Library/Models/weights.pt")
            let job = try await Self.submit(stage)
            let crashing = Self.surroundings(stage) { step in if step == .stored { throw Unexpected(what: "crash") } }
            #expect(try await stage.attempt(job, in: crashing).state == .queued)
            let silent = ScriptedRunner { _ in throw Unexpected(what: "it is not made again") }
            _ = try await stage.sql("UPDATE jobs SET not_before = NULL, delayed = false WHERE id = '\(job)'")
            let done = try await stage.attempt(job, in: stage.surroundings(runners: ["encoder": silent]))
            #expect(done.state == .succeeded && done.attempt == 2, "\(String(describing: done.failure))")
            #expect(try Self.sidecar(stage)["runner"]?["imageDigest"] == "sha256:abc")
        }
    }

    @Test func aMissingModelFailsTheAttempt() async throws {
        try await Stage.with { stage in
            let job = try await Self.submit(stage)
            _ = try await stage.attempt(job, in: Self.surroundings(stage))
            let attempts = try await stage.jobs.attempts(of: job)
            #expect(attempts.first?.failure?.code == .inputMissing)
        }
    }
}

/// A runner that says what made its files.
private struct TellingRunner: Runner {
    var script: @Sendable (RunContext) async throws -> RunResult

    func prepare(_ context: RunContext) async throws {}
    func run(_ context: RunContext) async throws -> RunResult { try await script(context) }
}
