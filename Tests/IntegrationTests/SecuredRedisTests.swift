import Foundation
import QueueProtocol
import StudioTestKit
import Testing

/// The whole studio over a Redis that it shares with others, and with Python.
@Suite("A shared Redis", .serialized)
struct SecuredRedisTests {
    /// A function of a queue that the user of this Redis may not use.
    private static let elsewhere: JSONValue = [
        "name": "elsewhere", "version": "1.0.0", "title": "Elsewhere",
        "parameters": ["type": "object", "properties": [:]], "outputs": [:], "resources": ["queue": "elsewhere"],
        "runner": ["kind": "builtin", "operation": "noop"],
    ]

    @Test("Over TLS, as a user of its own, with a prefix and in another database, the studio works, and so does Python")
    func wholeStudio() async throws {
        let redis = try await SecuredRedis()
        let stack = try await Stack.start(settings: [
            "REDIS_URL": redis.studioURL, "REDIS_KEY_PREFIX": SecuredRedis.prefix,
            "REDIS_RESULT_KEY_PREFIX": SecuredRedis.prefix,
        ])
        try await stack.project()
        try await stack.install(PythonStudio.paint())
        try await stack.install(Self.elsewhere)
        let kept = try await stack.submit("elsewhere", parameters: [:])
        let own = try await stack.submit("mock-image", parameters: ["prompt": "dawn", "width": 64, "height": 48])
        try await stack.wait(for: own, toBe: "succeeded")
        // A worker of Celery, with Celery's own settings of the same names, finds the message and is heard.
        let python = try await PythonStudio.worker(
            broker: redis.pythonURL,
            environment: [
                "STUDIO_KEY_PREFIX": SecuredRedis.prefix, "STUDIO_RESULT_KEY_PREFIX": SecuredRedis.prefix,
            ])
        let painted = try await stack.submit("paint", parameters: [:])
        let done = try await stack.wait(for: painted, toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded", "\(done)\n\(python.process.lines.suffix(30))")
        // What is of a queue that the user may not use waits, and that is told once.
        #expect(try await stack.job(kept)["state"] == "queued")
        let queues = try await stack.api.get("/api/v1/queues").json["items"]?.arrayValue ?? []
        #expect(queues.filter { $0["denied"] == true }.map { $0["name"] } == ["elsewhere"])
        #expect(await stack.gateway.lines.count { $0.text.contains("Redis denies this user") } == 1)
        try await stack.expectSound()
        _ = try await python.process.stop()
        try await stack.stop()
        try await redis.stop()
    }

    @Test("A certificate's file that is not there ends both programs at the start, by its name")
    func missingFile() async throws {
        for program in ProgramUnderTest.allCases {
            let done = try await program.run(
                ["serve"],
                environment: [
                    "DATABASE_URL": "postgresql://localhost/none", "JWT_SECRET": Stack.secret,
                    "REDIS_URL": "rediss://:hunter2@localhost?ssl_ca_certs=/nosuch/ca.pem",
                ])
            #expect(done.exit != .code(0))
            #expect(done.errors.contains("ssl_ca_certs") || done.output.contains("ssl_ca_certs"), "\(done)")
            #expect(!done.errors.contains("hunter2") && !done.output.contains("hunter2"))
        }
    }
}
