import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import RenderWorker

/// A take's further outputs, and takes that are no media.
@Suite(.timeLimit(.minutes(10)), .serialized) struct CompanionTests {
    private struct PowerCut: Error {}

    @Test(arguments: [PublishingStep?.none] + PublishingStep.allCases.map { .some($0) })
    func furtherOutputsLieBesideTheMediaInOneCommit(_ step: PublishingStep?) async throws {
        try await Stage.with { stage in
            let job = try await stage.submit(manifest: try FilePublisherTests.withCompanion())
            let maker = FilePublisherTests.maker(Watched(0), stage)
            if let step {
                let surroundings = stage.surroundings(
                    runners: ["encoder": maker], after: { if $0 == step { throw PowerCut() } })
                let claimed = try await stage.claim(job)
                let run = JobRun(claimed, stop: RunStop(), in: surroundings)
                let making = OutputMaking(
                    run: run, function: try surroundings.revisions.manifest(of: claimed), log: AttemptLog { _, _ in },
                    feed: ProgressFeed(run.key, project: claimed.project))
                await #expect(throws: PowerCut.self) { try await making.make() }
                _ = try await stage.sql(
                    "UPDATE jobs SET lease_expires_at = now() - interval '1 second' WHERE id = '\(job)'")
                #expect(try await stage.jobs.returnExpiredLeases(limit: 10).count == 1)
            }
            let record = try await stage.attempt(job, in: stage.surroundings(runners: ["encoder": maker]))
            #expect(record.state == .succeeded, "\(String(describing: record.failure))")
            let take = try #require(try await stage.takes.get(job: job))
            let file = try #require(try await stage.files.list(of: job).first)
            #expect(file.path == "03_Renders/SHOT-010/SHOT-010_v01_take01.notes.json" && !file.isPrimary)
            let bytes = FileManager.default.contents(atPath: "\(stage.projectPath)/\(file.path)") ?? Data()
            #expect(sha256(bytes) == file.sha256)
            #expect(take.provenance?["files"]?.arrayValue?.first?["sha256"]?.stringValue == file.sha256)
            let kept = try await stage.git("show", "\(try #require(take.commit)):\(file.path)")
            #expect(kept.trimmed == String(decoding: bytes, as: UTF8.self).trimmed, "text is kept by Git itself")
            #expect(try await stage.git("rev-list", "--count", "HEAD").trimmed == "2")
            try await stage.checkRepository(takes: 1)
        }
    }

    @Test func aDocumentIsATakeToo() async throws {
        try await Stage.with { stage in
            var manifest = try #require(try Stage.manifest("mock-image").objectValue)
            manifest["outputs"] = ["peaks": ["type": "json", "extension": "json", "primary": true]]
            let job = try await stage.submit(manifest: .object(manifest))
            let record = try await stage.attempt(
                job,
                in: stage.surroundings(runners: [
                    "encoder": ScriptedRunner { context in
                        let path = "\(context.scratch)/peaks.json"
                        try Data("[0, 1]\n".utf8).write(to: URL(filePath: path))
                        return ["peaks": path]
                    }
                ]))
            #expect(record.state == .succeeded, "\(String(describing: record.failure))")
            let take = try #require(try await stage.takes.get(job: job))
            #expect(take.path == "03_Renders/SHOT-010/SHOT-010_v01_take01.json" && take.mediaType == "application/json")
            #expect(!take.hasThumbnail)
            let sidecar = "03_Renders/SHOT-010/SHOT-010_v01_take01.sidecar.json"
            #expect(FileManager.default.fileExists(atPath: "\(stage.projectPath)/\(sidecar)"))
            #expect(try await stage.git("show", "HEAD:\(take.path)").trimmed == "[0, 1]")
            #expect(try await stage.git("status", "--porcelain") == "")
        }
    }
}
