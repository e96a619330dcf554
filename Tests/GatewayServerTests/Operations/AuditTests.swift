import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// What the audit sees beyond the database: damage is made on disk, in Git or in Redis, and must be named.
@Suite struct AuditTests {
    /// Damage to the files of a take, by the rule that names it.
    private static let damages:
        [(rule: String, make: @Sendable (RunningStudio, TakeRecord, String) async throws -> Void)] =
            [
                (
                    "take-file",
                    { _, take, folder in try FileManager.default.removeItem(atPath: "\(folder)/\(take.path)") }
                ),
                (
                    "take-object",
                    { _, take, folder in
                        let sha = try #require(take.sha256)
                        try FileManager.default.removeItem(
                            atPath: "\(folder)/.git/lfs/objects/\(sha.prefix(2))/\(sha.dropFirst(2).prefix(2))/\(sha)")
                    }
                ),
                (
                    "take-content",
                    { _, take, folder in
                        let file = URL(filePath: "\(folder)/\(take.path)")
                        try FileManager.default.removeItem(at: file)
                        try Data("MOVING pictures".utf8).write(to: file)
                    }
                ),
                (
                    "take-sidecar",
                    { _, take, folder in
                        let path = "\(folder)/\(take.path.dropLast(".mp4".count)).json"
                        let text = try String(contentsOfFile: path, encoding: .utf8)
                        try Data(text.replacing(take.job.description, with: JobID().description).utf8)
                            .write(to: URL(filePath: path))
                    }
                ),
                (
                    "take-stray",
                    { _, take, folder in
                        try FileManager.default.copyItem(
                            atPath: "\(folder)/\(take.path)",
                            toPath: "\(folder)/\(take.path.replacing("take01", with: "take02"))")
                    }
                ),
                (
                    "take-commit",
                    { studio, take, _ in
                        _ = try await studio.parts.database.withConnection {
                            try $0.execute(
                                "UPDATE takes SET commit_id = repeat('f', 40) WHERE id = $1", [.id(take.id)])
                        }
                    }
                ),
                (
                    "project-folder",
                    { _, _, folder in try FileManager.default.moveItem(atPath: folder, toPath: folder + "-away") }
                ),
            ]

    @Test(arguments: damages.map(\.rule)) func `Damage to a take's files is named`(rule: String) async throws {
        try await RunningStudio.run { studio async throws in
            let take = try await studio.take("moving pictures", in: studio.project())
            #expect(try await studio.parts.audit.run(deep: true) == [])
            let damage = try #require(Self.damages.first { $0.rule == rule })
            try await damage.make(studio, take, studio.ground.projectPath("film"))
            let findings = try await studio.parts.audit.run(deep: true)
            #expect(findings.map(\.rule) == [rule], "\(findings)")
            #expect(findings.allSatisfy { $0.description.contains("\(take.id)") || $0.subject == "project film" })
        }
    }

    @Test func `A job that counts as pushed and has no message is named`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let reply = try await studio.submit(
                #"{"shot": "SHOT-010", "function": "mock-video", "parameters": {"prompt": "x"}}"#)
            let job = try #require(reply.json["id"]?.stringValue.flatMap { JobID($0) })
            try await eventually("the message is on the runway") {
                try await RunwayStore(studio.parts.database).standing(limit: 1) == [job]
            }
            #expect(try await studio.parts.audit.run(deep: false) == [])
            // The gateway itself soon lays a runway that has lost messages again: before the audit has looked, perhaps.
            try await eventually("it is named") {
                for list in studio.parts.keys.lists(["studio"]) { try await studio.ground.redis.command("DEL", list) }
                return try await studio.parts.audit.run(deep: false)
                    .contains { $0.description.hasPrefix("job-reachable: job \(job)") }
            }
        }
    }
}
