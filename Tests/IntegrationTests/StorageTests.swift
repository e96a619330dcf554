import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// A whole studio whose large files are kept in a bucket, as its users and its operator see it.
@Suite("Storage in a bucket", .serialized, .timeLimit(.minutes(10)))
struct StorageTests {
    @Test("A take is in the bucket, and is still there when the workspace has lost it")
    func lost() async throws {
        let server = try await S3Server()
        let stack = try await Stack.start(settings: server.environment())
        try await stack.project()
        let first = try await stack.submit(
            "mock-video", parameters: ["prompt": "dawn", "seconds": 1, "width": 128, "height": 72])
        try await stack.wait(for: first, toBe: "succeeded")
        let take = try #require(try await stack.takes().first)
        let (id, digest) = (try #require(take["id"]?.stringValue), try #require(take["sha256"]?.stringValue))
        let path = "\(stack.folder(of: "film"))/\(try #require(take["path"]?.stringValue))"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))

        for gone in [
            path,
            "\(stack.folder(of: "film"))/.git/lfs/objects/\(digest.prefix(2))/\(digest.dropFirst(2).prefix(2))/\(digest)",
        ] {
            try FileManager.default.removeItem(atPath: gone)
        }
        let sent = try await stack.api.get("/api/v1/takes/\(id)/media")
        #expect(sent.status == 307)
        #expect(try await server.follow(try #require(sent.headers["location"])).bytes == bytes)
        let next = try await stack.submit(
            "transcode", parameters: ["width": 64], inputs: ["source": .string("take:\(id)")])
        let done = try await stack.wait(for: next, toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded", "\(done)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
        let here = try await stack.api.get("/api/v1/takes/\(id)/media", headers: ["Prefer": "inline-media"])
        #expect(here.status == 200 && here.bytes == bytes)
        try await stack.expectSound()

        // The operator's programs agree, and tell no secret.
        for program in ProgramUnderTest.allCases {
            let doctor = try await program.run(
                ["doctor", "--timeout", "30"], environment: stack.environment)
            #expect(doctor.output.contains("ok       storage-writes"), "\(doctor.output)")
            let shown = try await program.run(["config", "show"], environment: stack.environment)
            #expect(shown.output.contains("s3://films/productions"))
            for text in [doctor.output, shown.output] { #expect(!text.contains("secret of")) }
        }
        for command in [["audit", "--deep"], ["project", "check", "film"]] {
            let done = try await ProgramUnderTest.gateway.run(command, environment: stack.environment)
            #expect(done.exit == .code(0), "\(command): \(done.output)")
        }
        try await stack.stop()
    }

    @Test("A doctor says why a bucket cannot be used, and what to do", arguments: ProgramUnderTest.allCases)
    func ill(_ program: ProgramUnderTest) async throws {
        let server = try await S3Server()
        let good = ["DATABASE_URL": "postgresql://127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1/0"]
            .merging(server.environment()) { $1 }
        let cases: [([String: String], String)] = [
            (["AWS_SECRET_ACCESS_KEY": "another"], "look at AWS_ACCESS_KEY_ID"),
            (
                ["AWS_ACCESS_KEY_ID": S3Server.reader, "AWS_SECRET_ACCESS_KEY": "secret of \(S3Server.reader)"],
                "s3:PutObject"
            ),
            (["STORAGE": "s3://no-such-bucket"], "make the bucket"),
        ]
        for (change, remedy) in cases {
            let doctor = try await program.run(
                ["doctor", "--timeout", "20"], environment: good.merging(change) { $1 })
            #expect(doctor.output.contains(remedy), "\(change): \(doctor.output)")
        }
    }
}
