import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// A worker that is cut off from a server which all others reach: nobody tells it, and nothing it sends arrives.
@Suite("A worker that is cut off", .serialized)
struct CutOffTests {
    /// A studio whose first worker reaches its servers by lines that can be cut.
    private struct Scene {
        let stack: Stack
        let postgres: CuttableLink
        let redis: CuttableLink

        static func start(_ settings: [String: String]) async throws -> Scene {
            let stack = try await Stack.start(
                workers: 0, settings: settings.merging(["WORKER_SLOTS": "1"]) { $1 })
            let scene = Scene(
                stack: stack, postgres: try CuttableLink(to: stack.postgres), redis: try CuttableLink(to: stack.redis))
            try await stack.project()
            try await stack.startWorker(settings: [
                "DATABASE_URL": scene.postgres.postgresURL(try #require(stack.environment["DATABASE_URL"])),
                "REDIS_URL": scene.redis.redisURL(),
            ])
            return scene
        }

        /// A job that the first worker runs.
        func running() async throws -> String {
            let id = try await stack.submitFilm(seconds: 48)
            try await stack.waitForProgress(of: id)
            #expect(try await stack.worker(of: id) === stack.workers[0])
            return id
        }
    }

    @Test("From Redis: it finishes what it has, and takes more when Redis is there again")
    func fromRedis() async throws {
        let scene = try await Scene.start(["HEARTBEAT_SECONDS": "1"])
        let stack = scene.stack
        let id = try await scene.running()
        scene.redis.cut()
        let later = try await stack.submit("mock-image", parameters: ["prompt": "x", "width": 64, "height": 64])
        try await stack.wait(for: id, toBe: "succeeded")
        #expect(try await stack.job(later)["state"] == "queued")
        scene.redis.restore()
        try await stack.wait(for: later, toBe: "succeeded")
        for job in [id, later] { #expect(try await stack.outcomes(of: job) == ["succeeded"]) }
        let cancelled = try await stack.submitWait(seconds: 120)
        try await stack.wait(for: cancelled, toBe: "running")
        scene.redis.cut()
        // The message does not come; the heartbeat does.
        #expect(try await stack.api.post("/api/v1/jobs/\(cancelled)/cancel").status == 200)
        try await stack.wait(for: cancelled, toBe: "cancelled")
        scene.redis.restore()
        #expect(try await stack.outcomes(of: cancelled) == ["cancelled"])
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("From PostgreSQL, or from both: its job runs elsewhere, its late writes are refused, one take each")
    func fromPostgres() async throws {
        let scene = try await Scene.start(["LEASE_SECONDS": "10", "HEARTBEAT_SECONDS": "1"])
        let stack = scene.stack
        for isCutFromBoth in [false, true] {
            let id = try await scene.running()
            scene.postgres.cut()
            if isCutFromBoth { scene.redis.cut() }
            let other = try await stack.startWorker()
            let done = try await stack.wait(for: id, toBe: "succeeded", "failed")
            #expect(done["state"] == "succeeded" && done["attempt"] == 2, "\(done)")
            other.send(SIGTERM)
            #expect(try await other.exit() == .code(0))
            scene.postgres.restore()
            scene.redis.restore()
            let next = try await stack.submit("mock-image", parameters: ["prompt": "x", "width": 64, "height": 64])
            try await stack.wait(for: next, toBe: "succeeded")
            #expect(try await stack.worker(of: next) === stack.workers[0], "it serves again")
            #expect(try await stack.outcomes(of: id) == ["lost", "succeeded"])
        }
        #expect(try await stack.takes().count == 4)
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("Connections that died without a word cost no lease: the next heartbeat goes another way")
    func forgotten() async throws {
        let scene = try await Scene.start(["LEASE_SECONDS": "12", "HEARTBEAT_SECONDS": "2"])
        let stack = scene.stack
        let id = try await stack.submitWait(seconds: 120)
        try await stack.wait(for: id, toBe: "running")
        scene.postgres.forget()
        // Twice renewed by a connection that was not there then.
        for _ in 0..<2 {
            let lease = try await stack.sql("SELECT lease_expires_at FROM jobs WHERE id = '\(id)'")
            try await eventually("the lease is renewed") {
                try await stack.sql("SELECT lease_expires_at FROM jobs WHERE id = '\(id)'") != lease
            }
        }
        #expect(try await stack.outcomes(of: id) == ["running"])
        #expect(try await stack.api.post("/api/v1/jobs/\(id)/cancel").status == 200)
        try await stack.wait(for: id, toBe: "cancelled")
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("An operator drains it while Redis is away: it hears of it, gives its job back, and another takes it")
    func drained() async throws {
        let scene = try await Scene.start([
            "WORKER_GRACE_SECONDS": "0", "HEARTBEAT_SECONDS": "1",
        ])
        let stack = scene.stack
        let id = try await stack.submitWait(seconds: 120, more: ["maxAttempts": 1])
        try await stack.wait(for: id, toBe: "running")
        let worker = try #require(
            try await stack.api.get("/api/v1/workers").json["items"]?.arrayValue?.first?["id"]?.stringValue)
        scene.redis.cut()
        for _ in 0..<2 {
            let answer = try await stack.api.post("/api/v1/workers/\(worker)/drain")
            #expect(answer.status == 202 && answer.json["state"] == "draining", "\(answer.text)")
        }
        #expect(try await stack.workers[0].exit() == .code(0))
        // Started again under the same name it is another worker, and serves.
        let again = try ProgramUnderTest.worker.start(
            ["serve"], environment: stack.environment.merging(["WORKER_NAME": "worker-1"]) { $1 })
        let taken = try await stack.wait(for: id, toBe: "running", "failed", "succeeded")
        #expect(taken["state"] == "running", "\(taken)")
        #expect(try await stack.outcomes(of: id) == ["released", "running"])
        #expect(try await stack.api.post("/api/v1/jobs/\(id)/cancel").status == 200)
        try await stack.wait(for: id, toBe: "cancelled")
        again.send(SIGTERM)
        #expect(try await again.exit() == .code(0))
        try await stack.expectSound()
        try await stack.stop()
    }
}
