import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import RenderWorker

/// The whole program as it is started, on real PostgreSQL and Redis.
@Suite(.timeLimit(.minutes(10)), .serialized) struct WorkerTests {
    private static let short: JSONValue = ["prompt": "dawn", "width": 64, "height": 48]
    private static let long: JSONValue = ["prompt": "long", "seconds": 600, "width": 640, "height": 360]

    private func with(
        on server: PrivatePostgres? = nil, _ body: @Sendable (RunningWorkers) async throws -> Void
    ) async throws { try await RunningWorkers.with(on: server, body) }

    @Test func jobsGoThroughAndTheWorkerSaysGoodbye() async throws {
        try await with { running in
            let worker = try await running.start()
            var jobs: [JobID] = []
            for _ in 0..<4 { jobs.append(try await running.push()) }
            for job in jobs { try await running.wait(for: .succeeded, of: job) }
            try await running.stage.checkRepository(takes: 4)
            worker.send(SIGTERM)
            #expect(try await worker.exit() == .code(0))
            try await running.expectNothingInFlight()
            #expect(try await running.stage.sql("SELECT state FROM workers") == ["stopped"])
        }
    }

    @Test func manySmallJobsGoThroughTogether() async throws {
        try await with { running in
            var jobs: [JobID] = []
            for _ in 0..<300 { jobs.append(try await running.stage.submit("noop", parameters: [:])) }
            // One of them has two messages.
            try await running.queue.push(
                (jobs + [jobs[7]]).map { .render(job: $0, priority: TaskPriority(urgency: 5)) })
            let worker = try await running.start(slots: 64)
            try await eventually("all are done") {
                try await running.stage.sql("SELECT count(*) FROM jobs WHERE state = 'succeeded'") == ["300"]
            }
            worker.send(SIGTERM)
            #expect(try await worker.exit() == .code(0))
            try await running.expectNothingInFlight()
            #expect(try await running.stage.sql("SELECT count(*), max(attempt) FROM job_attempts") == ["300|1"])
            // Far fewer transactions than jobs began and ended them.
            let transactions = try #require(
                try await running.stage.sql("SELECT count(DISTINCT xid) FROM events WHERE payload->>'attempt' = '1'")
                    .first.flatMap { Int($0) })
            #expect(transactions < 150, "\(transactions)")
        }
    }

    @Test func messagesThatNobodyCanReadGoToTheDeadListUnknownTasksAreAnsweredAndStaleOnesGo() async throws {
        try await with { running in
            let done = try await running.stage.submit()
            #expect(try await running.stage.attempt(done).state == .succeeded)
            _ = try await running.redis.command("LPUSH", "studio", "no message")
            _ = try await running.redis.command(
                "LPUSH", "studio",
                """
                {"body": "W1tdLCB7fSwge31d", "content-type": "application/json", "headers": {"task": "p.add", "id": "x"}, \
                "properties": {"delivery_tag": "1", "delivery_info": {"exchange": "", "routing_key": "studio"}, \
                "body_encoding": "base64"}}
                """)
            try await running.queue.push([.render(job: done, priority: TaskPriority(urgency: 5))])
            let worker = try await running.start()
            let job = try await running.push()
            try await running.wait(for: .succeeded, of: job)
            #expect(try await running.redis.command("LLEN", StudioKeys().deadMessages).trimmed == "1")
            let answer = try await running.redis.command("GET", StudioKeys().celeryResult("x"))
            #expect(answer.contains("FAILURE") && answer.contains("NotRegistered") && answer.contains("p.add"))
            worker.send(SIGTERM)
            try await worker.exit()
            try await running.expectNothingInFlight()
            #expect(try await running.stage.jobs.attempts(of: done).count == 1)
        }
    }

    @Test func aCancelArrivesByTheBusAndByTheHeartbeat() async throws {
        try await with { running in
            _ = try await running.start()
            for isPublished in [true, false] {
                let job = try await running.push("mock-video", Self.long)
                try await running.wait(for: .running, of: job)
                _ = try await running.stage.jobs.cancel(job)
                if isPublished {
                    try await eventually("the worker heard it") {
                        try await running.bus.send(.cancel(job: job, attempt: nil)) > 0
                    }
                }
                try await running.wait(for: .cancelled, of: job)
            }
        }
    }

    @Test func aStopWithoutGraceGivesTheJobBackAndAnotherWorkerTakesIt() async throws {
        try await with { running in
            let first = try await running.start(slots: 1, grace: 600)
            let job = try await running.push("mock-video", Self.long)
            try await running.wait(for: .running, of: job)
            first.send(SIGTERM)
            try await first.line(containing: "draining")
            #expect(try await running.stage.jobs.get(job)?.state == .running, "the grace is on")
            first.send(SIGTERM)
            #expect(try await first.exit() == .code(0))
            let record = try #require(try await running.stage.jobs.get(job))
            #expect(record.state == .queued)
            #expect(record.countedAttempts == 0)
            #expect(try running.stage.folder.scratches == [])
            _ = try await running.stage.jobs.cancel(job)
        }
    }

    @Test func aDrainLetsRunningJobsEnd() async throws {
        try await with { running in
            let worker = try await running.start(slots: 1)
            let job = try await running.push("noop", ["milliseconds": 8000])
            try await running.wait(for: .running, of: job)
            let waiting = try await running.push()
            try await eventually("somebody hears it") { try await running.bus.send(.drain) > 0 }
            #expect(try await worker.exit() == .code(0))
            #expect(try await running.stage.jobs.get(job)?.state == .succeeded)
            #expect(try await running.stage.jobs.get(waiting)?.state == .queued, "a worker that drains takes nothing")
        }
    }

    @Test func aDrainThatTheBusDidNotBringComesWithTheHeartbeat() async throws {
        try await with { running in
            let worker = try await running.start(slots: 1, grace: 0)
            let job = try await running.push("mock-video", Self.long)
            try await running.wait(for: .running, of: job)
            let workers = WorkerStore(running.stage.database)
            let id = try #require(try await workers.list().first).registration.id
            #expect(try await workers.drain(id)?.state == .draining)
            #expect(try await worker.exit() == .code(0))
            #expect(worker.lines.count { $0.text.contains("stopping: no more jobs are taken") } == 1)
            let record = try #require(try await running.stage.jobs.get(job))
            #expect(record.state == .queued && record.countedAttempts == 0)
            #expect(try await running.stage.sql("SELECT state FROM workers") == ["stopped"])
            // A worker that is started anew is another one, and serves.
            _ = try await running.start(slots: 1)
            #expect(try await workers.list().map(\.state) == [.serving])
        }
    }

    @Test func aKilledWorkersJobIsFinishedByTheNextWithOneTake() async throws {
        try await with { running in
            let first = try await running.start(slots: 1)
            let job = try await running.push(
                "mock-video", ["prompt": "x", "seconds": 20, "width": 640, "height": 360])
            try await eventually("the encode is under way") {
                let scratches = try running.stage.folder.scratches
                return try scratches.contains {
                    try !WorkspaceFolders.names(in: running.stage.folder.scratch(of: $0)).isEmpty
                }
            }
            first.send(SIGKILL)
            try await first.exit()
            _ = try await running.stage.sql("UPDATE jobs SET lease_expires_at = now() - interval '1 second'")
            _ = try await running.stage.jobs.returnExpiredLeases(limit: 10)
            let second = try await running.start(slots: 1)
            try await second.line(containing: "left-over scratch folders removed")
            try await running.queue.push([.render(job: job, priority: TaskPriority(urgency: 5))])
            try await running.wait(for: .succeeded, of: job)
            try await running.stage.checkRepository(takes: 1)
        }
    }

    @Test func anAttemptWhoseLeaseIsLostIsStoppedAndItsFilesAreGone() async throws {
        try await with { running in
            let worker = try await running.start(slots: 1)
            let job = try await running.push("mock-video", Self.long)
            try await running.wait(for: .running, of: job)
            // A heartbeat may renew the lease in between: then once more.
            try await eventually("the recovery took the job back") {
                _ = try await running.stage.sql("UPDATE jobs SET lease_expires_at = now() - interval '1 second'")
                return try await running.stage.jobs.returnExpiredLeases(limit: 1, retryDelay: .seconds(600)).count == 1
            }
            try await worker.line(containing: "lease lost")
            try await eventually("the attempt's files are gone") {
                try running.stage.folder.scratches.isEmpty
            }
            #expect(try await running.stage.jobs.get(job)?.state == .queued)
            worker.send(SIGTERM)
            #expect(try await worker.exit() == .code(0))
        }
    }

    @Test func postgresMayGoAndComeBackWhileAJobRuns() async throws {
        let server = try await PrivatePostgres(durable: true)
        try await with(on: server) { running in
            let worker = try await running.start()
            let job = try await running.push(
                "mock-video", ["prompt": "x", "seconds": 10, "width": 320, "height": 180])
            let next = try await running.stage.submit()
            try await running.wait(for: .running, of: job)
            try await server.stop()
            try await running.queue.push([.render(job: next, priority: TaskPriority(urgency: 5))])
            try await worker.line(containing: "the claim waits for PostgreSQL")
            try await server.start()
            try await running.wait(for: .succeeded, of: next)
            try await running.wait(for: .succeeded, of: job)
            #expect(try await running.stage.jobs.attempts(of: job).count == 1)
            try await running.stage.checkRepository(takes: 2)
        }
    }

    @Test func redisMayGoAndComeBack() async throws {
        try await with { running in
            let worker = try await running.start()
            try await running.redis.stop()
            try await running.redis.start()
            let job = try await running.stage.submit()
            try await eventually("the message is on the queue") {
                do {
                    try await running.queue.push([.render(job: job, priority: TaskPriority(urgency: 5))])
                    return true
                } catch is RedisError { return false }
            }
            try await running.wait(for: .succeeded, of: job)
            worker.send(SIGTERM)
            #expect(try await worker.exit() == .code(0))
        }
    }

    @Test func aConfigurationThatIsWrongIsToldWhole() async throws {
        let done = try await ProgramUnderTest.worker.run(environment: ["WORKER_SLOTS": "many"])
        #expect(done.exit == .code(1))
        for name in ["DATABASE_URL", "REDIS_URL", "WORKER_SLOTS"] { #expect(done.errors.contains(name)) }
    }
}
