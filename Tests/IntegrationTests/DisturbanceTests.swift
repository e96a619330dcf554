import Foundation
import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// What breaks while the studio works, and that nothing is lost or doubled by it.
@Suite("Disturbances", .serialized)
struct DisturbanceTests {
    @Test("A worker killed in the middle of an encode: another finishes the job, one take")
    func workerKilled() async throws {
        let stack = try await Stack.start(workers: 1)
        try await stack.project()
        let id = try await stack.submitLong()
        try await stack.waitForProgress(of: id)
        let victim = try #require(await stack.workers.first)
        victim.send(SIGKILL)
        try await victim.exit()
        try await stack.startWorker()
        let done = try await stack.wait(for: id, toBe: "succeeded", "failed", within: .seconds(120))
        #expect(done["state"] == "succeeded", "\(done)")
        #expect(done["attempt"] == 2)
        #expect(try await stack.takes().count == 1)
        #expect(try await stack.sql("SELECT outcome FROM job_attempts ORDER BY attempt") == ["lost", "succeeded"])
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("A gateway killed between commit and push: the next one pushes")
    func gatewayKilledBeforePush() async throws {
        let stack = try await Stack.start(workers: 0)
        try await stack.project()
        try await stack.redis.stop()
        let id = try await stack.submit(
            "mock-image", parameters: ["prompt": "x", "width": 64, "height": 64])
        let gateway = await stack.gateway
        gateway.send(SIGKILL)
        try await gateway.exit()
        try await stack.redis.start()
        try await stack.restartGateway()
        try await stack.startWorker()
        try await stack.wait(for: id, toBe: "succeeded")
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("Redis comes back without its data: the runway is laid again")
    func redisEmptied() async throws {
        let stack = try await Stack.start(workers: 0)
        try await stack.project()
        let id = try await stack.submit(
            "mock-image", parameters: ["prompt": "x", "width": 64, "height": 64])
        try await eventually("the message is on the runway") {
            try await stack.sql("SELECT count(*) FROM jobs WHERE pushed_at IS NOT NULL") == ["1"]
        }
        try await stack.redis.restart(empty: true)
        try await stack.startWorker()
        try await stack.wait(for: id, toBe: "succeeded")
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("PostgreSQL away in the middle: a clear 503, then both programs go on by themselves")
    func postgresAway() async throws {
        let stack = try await Stack.start(workers: 1)
        try await stack.project()
        let id = try await stack.submitLong()
        try await stack.waitForProgress(of: id)
        try await stack.postgres.kill()
        let refused = try await stack.api.get("/api/v1/projects")
        #expect(refused.status == 503)
        #expect(refused.headers["retry-after"] != nil)
        #expect(refused.json["type"] == "/problems/unavailable")
        let ready = try await stack.api.get("/readyz")
        #expect(ready.status == 503)
        let health = try await stack.api.get("/healthz")
        #expect(health.status == 200, "\(health.text)")
        try await stack.postgres.start()
        let done = try await stack.wait(for: id, toBe: "succeeded", "failed", within: .seconds(120))
        #expect(done["state"] == "succeeded", "\(done)")
        #expect(try await stack.takes().count == 1)
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("A worker told to stop gives its job back, uncounted, and another does it")
    func drained() async throws {
        let stack = try await Stack.start(workers: 0)
        try await stack.project()
        let first = try await stack.startWorker(settings: ["WORKER_GRACE_SECONDS": "0"])
        let id = try await stack.submitLong(more: ["maxAttempts": 1])
        try await stack.waitForProgress(of: id)
        first.send(SIGTERM)
        #expect(try await first.exit() == .code(0))
        try await stack.startWorker()
        let done = try await stack.wait(for: id, toBe: "succeeded", "failed", within: .seconds(120))
        #expect(done["state"] == "succeeded", "\(done)")
        #expect(try await stack.sql("SELECT outcome FROM job_attempts ORDER BY attempt") == ["released", "succeeded"])
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("A running job is cancelled: nothing of it stays but its history; a retry makes the take")
    func cancelledAndRetried() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        let id = try await stack.submitLong()
        try await stack.waitForProgress(of: id)
        #expect(try await stack.api.post("/api/v1/jobs/\(id)/cancel").status < 300)
        try await stack.wait(for: id, toBe: "cancelled", within: .seconds(5))
        #expect(try await stack.api.post("/api/v1/jobs/\(id)/cancel").status < 300)
        #expect(try await stack.takes().isEmpty)
        #expect(try await stack.api.get("/api/v1/me").json["credits"]?["held"] == 0)
        #expect(try await stack.api.post("/api/v1/jobs/\(id)/retry").status < 300)
        try await stack.wait(for: id, toBe: "succeeded", within: .seconds(120))
        #expect(try await stack.takes().count == 1)
        try await stack.expectSound()
        try await stack.stop()
    }
}
