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
        let done = try await stack.wait(for: id, toBe: "succeeded", "failed")
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
        let id = try await stack.submitLong(more: ["maxAttempts": 1])
        try await stack.waitForProgress(of: id)
        // As after an outage longer than any lease: nobody could renew, and that must not cost the job its only attempt.
        // The gateway must not see it before the outage is there.
        let gateway = await stack.gateway
        gateway.send(SIGSTOP)
        _ = try await stack.sql("UPDATE jobs SET lease_expires_at = now() - interval '1 hour' WHERE state = 'running'")
        try await stack.postgres.kill()
        gateway.send(SIGCONT)
        let refused = try await stack.api.get("/api/v1/projects")
        #expect(refused.status == 503)
        #expect(refused.headers["retry-after"] != nil)
        #expect(refused.json["type"] == "/problems/unavailable")
        let ready = try await stack.api.get("/readyz")
        #expect(ready.status == 503)
        let health = try await stack.api.get("/healthz")
        #expect(health.status == 200, "\(health.text)")
        try await stack.postgres.start()
        let done = try await stack.wait(for: id, toBe: "succeeded", "failed")
        #expect(done["state"] == "succeeded", "\(done)")
        #expect(try await stack.takes().count == 1)
        #expect(try await stack.sql("SELECT outcome FROM job_attempts") == ["succeeded"])
        try await stack.expectSound()
        try await stack.stop()
    }

    @Test("Nothing there at the start: both programs say what they wait for, and begin when it comes")
    func awayAtStart() async throws {
        let stack = try await Stack.start(workers: 0)
        try await stack.project()
        let first = await stack.gateway
        first.send(SIGTERM)
        try await first.exit()
        try await stack.postgres.stop()
        try await stack.redis.stop()
        let gateway = try ProgramUnderTest.gateway.start(["serve"], environment: stack.environment)
        let worker = try ProgramUnderTest.worker.start(["serve"], environment: stack.environment)
        try await gateway.line(containing: "waiting for PostgreSQL")
        try await worker.line(containing: "waiting for PostgreSQL")
        try await eventually("the gateway listens") { (try? await stack.api.get("/healthz"))?.status == 200 }
        let ready = try await stack.api.get("/readyz")
        #expect(ready.status == 503)
        for part in ["postgres", "redis"] { #expect(ready.json["checks"]?[part]?["status"] == "missing", "\(part)") }
        let refused = try await stack.api.get("/api/v1/projects")
        #expect(refused.status == 503)
        #expect(refused.headers["retry-after"] != nil)
        try await stack.postgres.start()
        try await stack.redis.start()
        try await eventually("the gateway is ready") {
            try await stack.api.get("/readyz").status == 200
        }
        try await worker.line(containing: "worker ready")
        let id = try await stack.submit("mock-image", parameters: ["prompt": "x", "width": 64, "height": 64])
        try await stack.wait(for: id, toBe: "succeeded")
        for program in [worker, gateway] {
            program.send(SIGTERM)
            #expect(try await program.exit() == .code(0))
        }
        try await stack.redis.stop()
        try await stack.postgres.stop()
    }

    @Test("A gateway told to stop while it starts stops, and says that all is well")
    func stoppedAtStart() async throws {
        let stack = try await Stack.start(workers: 0)
        let first = await stack.gateway
        first.send(SIGTERM)
        #expect(try await first.exit() == .code(0))
        let holding = Task { try await stack.sql("LOCK TABLE schema_migrations; SELECT pg_sleep(120)") }
        let lock = "FROM pg_locks WHERE relation = 'schema_migrations'::regclass"
        try await eventually("the table is locked") { try await stack.sql("SELECT count(*) \(lock)") == ["1"] }
        let gateway = try ProgramUnderTest.gateway.start(["serve"], environment: stack.environment)
        try await eventually("the gateway waits for it") {
            try await stack.sql("SELECT count(*) \(lock) AND NOT granted") == ["1"]
        }
        gateway.send(SIGTERM)
        try await eventually("it no longer listens") { (try? await stack.api.get("/healthz")) == nil }
        _ = try await stack.sql("SELECT pg_terminate_backend(pid) \(lock) AND granted")
        #expect(try await gateway.exit() == .code(0), "\(gateway.lines)")
        _ = await holding.result
        try await stack.redis.stop()
        try await stack.postgres.stop()
    }

    @Test("Redis away in the middle of a job: the job goes on, and what is submitted meanwhile is done after")
    func redisAway() async throws {
        let stack = try await Stack.start(workers: 1)
        try await stack.project()
        let id = try await stack.submitLong()
        try await stack.waitForProgress(of: id)
        try await stack.redis.stop()
        let later = try await stack.submit("mock-image", parameters: ["prompt": "x", "width": 64, "height": 64])
        try await stack.wait(for: id, toBe: "succeeded")
        #expect(try await stack.job(later)["state"] == "queued")
        try await stack.redis.start()
        try await stack.wait(for: later, toBe: "succeeded")
        #expect(try await stack.sql("SELECT count(*) FROM job_attempts") == ["2"])
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
        let done = try await stack.wait(for: id, toBe: "succeeded", "failed")
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
        try await stack.wait(for: id, toBe: "cancelled")
        #expect(try await stack.api.post("/api/v1/jobs/\(id)/cancel").status < 300)
        #expect(try await stack.takes().isEmpty)
        #expect(try await stack.api.get("/api/v1/me").json["credits"]?["held"] == 0)
        #expect(try await stack.api.post("/api/v1/jobs/\(id)/retry").status < 300)
        try await stack.wait(for: id, toBe: "succeeded")
        #expect(try await stack.takes().count == 1)
        try await stack.expectSound()
        try await stack.stop()
    }
}
