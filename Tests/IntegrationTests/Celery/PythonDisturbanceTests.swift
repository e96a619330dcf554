import Foundation
import Glibc
import QueueProtocol
import StudioTestKit
import Testing

/// What breaks while a Python worker carries a job out, and that nothing is lost or doubled by it.
@Suite("Disturbances beside Python", .serialized)
struct PythonDisturbanceTests {
    /// A studio with the function `paint` and a worker that carries it out; one job of it is held in the middle.
    private func held(_ body: (Stack, CeleryWorker, String) async throws -> Void) async throws {
        let stack = try await Stack.start(settings: ["LEASE_SECONDS": "10", "HEARTBEAT_SECONDS": "1"])
        try await stack.project()
        try await stack.install(PythonStudio.paint())
        let python = try await PythonStudio.worker(broker: stack.redis.celeryURL(), name: "first")
        let id = try await stack.submit(
            "paint",
            parameters: [
                "hold": .string(stack.home.path("go")), "started": .string(stack.home.path("started")),
            ])
        try await stack.waitForProgress(of: id)
        try await body(stack, python, id)
        #expect(try await stack.takes().count == 1)
        try await stack.expectSound()
        try await stack.stop()
    }

    private func starts(_ stack: Stack) -> [Substring] {
        ((try? String(contentsOfFile: stack.home.path("started"), encoding: .utf8)) ?? "").split(separator: "\n")
    }

    @Test("A Python worker killed in the middle: the attempt fails as lost, another one makes the take")
    func pythonWorkerKilled() async throws {
        try await held { stack, python, id in
            python.process.send(SIGKILL, toGroup: true)
            try await python.process.exit()
            let next = try await PythonStudio.worker(broker: stack.redis.celeryURL(), name: "second")
            let done = try await stack.wait(for: id, toBe: "succeeded", "failed")
            #expect(done["state"] == "succeeded", "\(done)")
            #expect(try await stack.outcomes(of: id) == ["failed", "succeeded"])
            let causes = try await stack.sql(
                "SELECT coalesce(failure->>'code', '-') FROM job_attempts WHERE job_id = '\(id)' ORDER BY attempt")
            #expect(causes == ["worker-lost", "-"])
            _ = try await next.process.stop()
        }
    }

    @Test("A render worker killed while Python works for it: the next one revokes that task and sends its own")
    func renderWorkerKilled() async throws {
        try await held { stack, python, id in
            let victim = try #require(await stack.workers.first)
            victim.send(SIGKILL)
            try await victim.exit()
            try await stack.startWorker()
            let done = try await stack.wait(for: id, toBe: "succeeded", "failed")
            #expect(done["state"] == "succeeded", "\(done)")
            #expect(starts(stack) == ["1", "2"])
            try await eventually("the task of the first attempt is revoked") {
                try await stack.redis.command("GET", "celery-task-meta-\(id).1").contains("REVOKED")
            }
            _ = try await python.process.stop()
        }
    }

    @Test("Redis killed while Python works: its result is not lost")
    func redisKilled() async throws {
        try await held { stack, python, id in
            try await stack.redis.kill()
            try await stack.redis.start()
            try stack.home.write([], to: "go")
            let done = try await stack.wait(for: id, toBe: "succeeded", "failed")
            #expect(done["state"] == "succeeded", "\(done)")
            _ = try await python.process.stop()
        }
    }

    @Test("A cancel over HTTP ends the Python task; the job is cancelled and costs nothing")
    func cancelled() async throws {
        let stack = try await Stack.start()
        try await stack.project()
        try await stack.install(PythonStudio.paint())
        let python = try await PythonStudio.worker(broker: stack.redis.celeryURL(), concurrency: 1)
        let id = try await stack.submit("paint", parameters: ["hold": .string(stack.home.path("never"))])
        try await stack.waitForProgress(of: id)
        #expect(try await stack.job(id)["stage"] == "painting")
        #expect(try await stack.api.post("/api/v1/jobs/\(id)/cancel").status < 300)
        try await stack.wait(for: id, toBe: "cancelled")
        // There is one process only, and it is free.
        let next = try await stack.submit("paint", parameters: [:])
        try await stack.wait(for: next, toBe: "succeeded")
        _ = try await python.process.stop()
        try await stack.expectSound()
        try await stack.stop()
    }
}
