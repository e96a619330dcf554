import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import RenderWorker

/// The whole worker as the real Celery sees and commands it.
@Suite(.timeLimit(.minutes(10)), .serialized) struct CeleryNodeTests {
    private static let long: JSONValue = ["prompt": "long", "seconds": 600, "width": 640, "height": 360]
    private static let named = ["WORKER_NAME": "render-1"]

    /// `celery inspect` and `celery control` as a person types them.
    @Test func thePrograms() async throws {
        try await RunningWorkers.with { running in
            _ = try await running.start(slots: 2, settings: Self.named)
            let node = try Self.node
            let status = try await CeleryProgram.run("status", "--timeout", "5", broker: running.redis.celeryURL())
            #expect(status.exit == .code(0) && status.output.contains("\(node): OK"), "\(status)")
            let job = try await running.push("mock-video", Self.long)
            try await running.wait(for: .running, of: job)

            let inspections: [([String], String)] = [
                (["ping"], "pong"), (["active"], job.description), (["reserved"], "- empty -"),
                (["scheduled"], "- empty -"), (["registered"], "* studio.render"),
                (["stats"], "\"max-concurrency\": 2"),
                (["active_queues"], "'name': 'studio'"), (["revoked"], "- empty -"),
                (["conf"], "\"task_default_queue\": \"studio\""), (["clock"], "\"clock\":"),
                (["query_task", job.description], "\"active\""), (["report"], NodeIdentity.software),
            ]
            // Each waits for its answer alone: together they take the time of a few.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (command, words) in inspections {
                    group.addTask {
                        let done = try await running.celery(["inspect", "--timeout", "10", "-d", node] + command)
                        #expect(done.exit == .code(0), "\(command): \(done)")
                        #expect(
                            done.output.contains("\(node): OK") && done.output.contains(words),
                            "\(command): \(done)")
                    }
                }
                try await group.waitForAll()
            }
            let controls: [([String], String)] = [
                (["rate_limit", "studio.render", "10/m"], "new rate limit set successfully"),
                (["time_limit", "studio.render", "100", "200"], "time limits set successfully"),
                (["enable_events"], "task events enabled"), (["disable_events"], "task events disabled"),
                (["pool_grow", "2"], "pool will grow"), (["pool_shrink", "1"], "pool will shrink"),
                (["add_consumer", "extra"], "add consumer extra"),
                (["cancel_consumer", "extra"], "no longer consuming from extra"),
                (["revoke", job.description], ""),
            ]
            for (command, words) in controls {
                let done = try await running.celery(["control", "--timeout", "10", "-d", node] + command)
                #expect(done.output.contains(words), "\(command): \(done)")
            }
            let conf = try await running.celery(["inspect", "--timeout", "10", "-d", node, "registered"])
            #expect(conf.output.contains("studio.render [rate_limit=10/m]"), "\(conf)")
            for command in [["rate_limit", "p.add", "1/s"], ["autoscale", "5", "1"], ["pool_shrink", "9"]] {
                let done = try await running.celery(["control", "--timeout", "10", "-d", node] + command)
                #expect(done.output.contains("\(node): ERROR"), "\(command): \(done)")
            }
        }
    }

    @Test func commandsThatCannotBeReadAreAnsweredOrPassedOver() async throws {
        try await RunningWorkers.with { running in
            let worker = try await running.start(settings: Self.named)
            for payload in ["", "no message", "{}", "[]", #"{"body": "e30=", "content-type": "application/json"}"#] {
                _ = try await running.redis.command("PUBLISH", StudioKeys().pidboxChannel, payload)
            }
            let answers = try await running.control([
                ["nosuch"], ["revoke"], ["pool_grow", "n", "many"], ["ping"], ["add_consumer", "queue", "studio:dead"],
            ])
            #expect(answers[0]["error"] == "KeyError('nosuch')", "\(answers)")
            #expect(answers[1]["error"]?.stringValue?.contains("task_id") ?? false, "\(answers)")
            #expect(answers[2]["error"]?.stringValue?.contains("'n'") ?? false, "\(answers)")
            #expect(answers[3]["ok"] == "pong", "\(answers)")
            #expect(answers[4]["error"]?.stringValue?.contains("studio:dead") ?? false, "\(answers)")
            #expect(worker.ended == nil)
        }
    }

    @Test func aRevokeCancelsWhatWaitsAndWithTerminateWhatRuns() async throws {
        try await RunningWorkers.with { running in
            _ = try await running.start(slots: 1, settings: Self.named)
            let job = try await running.push("mock-video", Self.long)
            let waiting = try await running.push("mock-video", Self.long)
            try await running.wait(for: .running, of: job)
            let ids = "\(job),\(waiting)"
            let flagged = try await running.control([["revoke", "task_id[]", ids]])
            #expect(flagged[0]["ok"]?.stringValue?.contains("flagged as revoked") ?? false, "\(flagged)")
            #expect(
                try await running.stage.jobs.get(job)?.state == .running, "what runs is not stopped by a mere revoke")
            #expect(try await running.stage.jobs.get(waiting)?.state == .cancelled)
            let known = try await running.control([["revoked"]])
            #expect(Set(known[0].arrayValue ?? []) == [.string(job.description), .string(waiting.description)])

            let unknown = try await running.control([["terminate", "task_id", JobID().description]])
            #expect(unknown[0]["ok"] == "terminate: tasks unknown", "\(unknown)")
            let ended = try await running.control([["terminate", "task_id[]", ids]])
            #expect(ended[0]["ok"] == .string("terminate: \(job)"), "\(ended)")
            try await running.wait(for: .cancelled, of: job)
        }
    }

    @Test func theNumberOfSlotsAndTheQueuesChangeWhileJobsRun() async throws {
        try await RunningWorkers.with { running in
            _ = try await running.start(slots: 1, settings: Self.named)
            let first = try await running.push("mock-video", Self.long)
            let second = try await running.push("mock-video", Self.long)
            try await running.wait(for: .running, of: first)
            #expect(try await running.stage.jobs.get(second)?.state == .queued)
            #expect(try await running.control([["pool_grow", "n", "1"]])[0]["ok"] == "pool will grow")
            try await running.wait(for: .running, of: second)
            // The dispatcher fills the runway for as many.
            #expect(try await running.stage.sql("SELECT slots FROM workers") == ["2"])
            #expect(try await running.control([["pool_shrink", "n", "1"]])[0]["ok"] == "pool will shrink")
            #expect(try await running.stage.sql("SELECT slots FROM workers") == ["1"])
            #expect(try await running.control([["pool_shrink", "n", "1"]])[0]["error"] != nil, "one slot stays")

            let job = try await running.stage.submit("noop", parameters: [:])
            try await running.queue.push([.render(job: job, queue: "extra", priority: TaskPriority(urgency: 5))])
            #expect(try await running.control([["add_consumer", "queue", "extra"]])[0]["ok"] == "add consumer extra")
            #expect(try await running.stage.sql("SELECT queues FROM workers") == ["{studio,extra}"])
            _ = try await running.control([["terminate", "task_id[]", "\(first),\(second)"]])
            try await running.wait(for: .succeeded, of: job)
            _ = try await running.control([["cancel_consumer", "queue", "extra"]])
            #expect(try await running.stage.sql("SELECT queues FROM workers") == ["{studio}"])
            let queues = try await running.control([["active_queues"]])
            #expect(queues[0].arrayValue?.map { $0["name"] } == ["studio"])
        }
    }

    @Test func laterJobsRunNoLongerThanTheLimitAndBeginNoMoreOftenThanTheRate() async throws {
        try await RunningWorkers.with { running in
            _ = try await running.start(slots: 4, settings: Self.named)
            _ = try await running.control([["time_limit", "task_name", "studio.render", "soft", "1.0"]])
            let job = try await running.stage.submit("mock-video", parameters: Self.long, maxAttempts: 1)
            try await running.queue.push([.render(job: job, priority: TaskPriority(urgency: 5))])
            try await running.wait(for: .failed, of: job)
            #expect(try await running.stage.jobs.get(job)?.failure?.code == .runnerTimeout)
            _ = try await running.control([["time_limit", "task_name", "studio.render"]])

            // One an hour: the first at once, no other until the limit goes.
            _ = try await running.control([["rate_limit", "task_name", "studio.render", "rate_limit", "1/h"]])
            let jobs = [try await running.push("noop", [:]), try await running.push("noop", [:])]
            try await running.wait(for: .succeeded, of: jobs[0])
            _ = try await running.control([["ping"]])
            #expect(try await running.stage.jobs.get(jobs[1])?.state == .queued)
            _ = try await running.control([["rate_limit", "task_name", "studio.render", "rate_limit", "0"]])
            try await running.wait(for: .succeeded, of: jobs[1])
        }
    }

    @Test func aShutdownFromAfarIsAGracefulOne() async throws {
        try await RunningWorkers.with { running in
            let worker = try await running.start(slots: 1, grace: 600, settings: Self.named)
            let job = try await running.push("noop", ["milliseconds": 2000])
            try await running.wait(for: .running, of: job)
            _ = try await running.celery(["control", "-d", try Self.node, "shutdown"])
            #expect(try await worker.exit() == .code(0))
            #expect(try await running.stage.jobs.get(job)?.state == .succeeded)
            try await running.expectNothingInFlight()
        }
    }

    private static var node: String {
        get throws {
            var name = [CChar](repeating: 0, count: 256)
            guard gethostname(&name, name.count - 1) == 0 else { throw TestKitError("gethostname") }
            let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return "render-1@\(host)"
        }
    }
}
