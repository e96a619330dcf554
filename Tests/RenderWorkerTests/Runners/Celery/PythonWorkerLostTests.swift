import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import RenderWorker

/// Python workers, and Redis, that go away in the middle of a task.
@Suite("Lost Python workers", .timeLimit(.minutes(10))) struct PythonWorkerLostTests {
    @Test("A process of the pool that is killed fails the attempt, and the next one makes the take")
    func poolProcess() async throws {
        try await PythonStage.with { studio in
            let python = try await studio.worker()
            let job = try await studio.submit(["die": 1])
            let first = try await studio.attempt(job)
            #expect(first.state == .queued)
            #expect(try await studio.causes(job) == ["worker-lost"])
            #expect(try await studio.attempt(job).state == .succeeded)
            try await studio.stage.checkRepository(takes: 1)
            _ = try await python.process.stop()
        }
    }

    @Test("A worker that is killed is noticed; its task is revoked, and what is told late of it is nobody's")
    func wholeWorker() async throws {
        try await PythonStage.with { studio in
            let first = try await studio.worker("first")
            let job = try await studio.submit([
                "hold": .string(studio.path("go")), "started": .string(studio.path("started")),
            ])
            async let lost = studio.attempt(job)
            try await studio.untilProgress("painting")
            first.process.send(SIGKILL, toGroup: true)
            try await first.process.exit()
            let record = try await lost
            #expect(record.state == .queued)
            #expect(try await studio.causes(job) == ["worker-lost"])
            #expect(try await studio.log(job).contains("first@test was lost"))
            // The old attempt comes to an end after all, and says that it made what it did not.
            let late = #"{"status": "SUCCESS", "result": {"outputs": {"image": "ghost.png"}}, "task_id": "\#(job).1"}"#
            let key = studio.keys.celeryResult("\(job).1")
            let second = try await studio.worker("second")
            async let done = studio.attempt(job)
            try await eventually("the second attempt is held by no one") {
                (try? String(contentsOfFile: studio.path("started"), encoding: .utf8)) == "1\n2\n"
            }
            try await studio.redis.command("SET", key, late)
            try await studio.redis.command("PUBLISH", key, late)
            #expect(try await done.state == .succeeded)
            try await studio.stage.checkRepository(takes: 1)
            _ = try await second.process.stop()
        }
    }

    @Test("A task that a dead render worker left running is revoked by the next attempt")
    func earlierAttempt() async throws {
        try await PythonStage.with { studio in
            let python = try await studio.worker(concurrency: 1)
            let job = try await studio.submit([
                "hold": .string(studio.path("never")), "started": .string(studio.path("started")),
            ])
            // The first render worker sends its task, and is gone.
            let claimed = try await studio.stage.claim(job)
            let told = FunctionManifest.CeleryTask(task: "studio_py.paint")
            let abandoned = Task {
                try await studio.tasks.carryOut(
                    PythonTask(
                        name: told.task, id: CeleryRunner.task(AttemptKey(job: job, attempt: 1)),
                        queue: PythonStudio.queue,
                        keywords: [
                            "job_id": .string("\(job)"), "attempt": 1, "function": "paint",
                            "parameters": claimed.parameters, "inputs": [:], "outputs": "/nowhere", "seed": 0,
                            "quality": "low", "timeout": 60,
                        ]), lostAfter: .seconds(60), heard: { _ in })
            }
            try await eventually("the first task runs") {
                (try? String(contentsOfFile: studio.path("started"), encoding: .utf8)) == "1\n"
            }
            _ = try await studio.stage.jobs.end([
                AttemptEnding(
                    HeldClaim(job: job, attempt: 1), .failed(JobFailure(.workerLost, "gone"), retryDelay: .zero))
            ])
            // There is one process only: the second task runs when the first has been ended.
            #expect(try await studio.attempt(job).state == .succeeded)
            #expect(try await abandoned.value.name == "REVOKED")
            _ = try await python.process.stop()
        }
    }

    @Test("Redis that is killed and comes back loses no task that Python works on")
    func redisRestarts() async throws {
        try await PythonStage.with { studio in
            let python = try await studio.worker()
            let job = try await studio.submit(["hold": .string(studio.path("go"))])
            async let record = studio.attempt(job)
            try await studio.untilProgress("painting")
            try await studio.redis.kill()
            try await studio.redis.start()
            try await studio.client.waitUntilConnected()
            try studio.release()
            #expect(try await record.state == .succeeded, "\(python.process.lines.suffix(40))")
            try await studio.stage.checkRepository(takes: 1)
            _ = try await python.process.stop()
        }
    }

    @Test("No sign of the studio's questions is left in Redis when it stops asking")
    func nothingIsLeft() async throws {
        let redis = try await PrivateRedis()
        try await redis.command(
            "SADD", "_kombu.binding.reply.celery.pidbox",
            "studio-gone\u{06}\u{16}\u{06}\u{16}studio-gone.reply.celery.pidbox")
        try await withTasks(redis) { tasks in
            let following = Task {
                try await tasks.carryOut(
                    PythonTask(name: "nobody.knows", id: "one", queue: PythonStudio.queue, keywords: [:]),
                    lostAfter: .seconds(60), heard: { _ in })
            }
            try await eventually("what a dead process left is removed") {
                try await redis.command("SMEMBERS", "_kombu.binding.reply.celery.pidbox").contains("gone") == false
            }
            following.cancel()
            await #expect(throws: CancellationError.self) { try await following.value }
            try await tasks.end(["one"], in: PythonStudio.queue)
        }
        let left = try await redis.command("KEYS", "*").split(separator: "\n").map(String.init)
        #expect(left == ["studio:sent:one"], "only the mark that runs out by itself")
        try await redis.stop()
    }
}
