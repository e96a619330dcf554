import QueueProtocol
import StudioCore
import StudioPostgres
import StudioRedis
import StudioTestKit
import Testing

@testable import RenderWorker

/// Swift and Python workers as nodes beside each other.
@Suite(.timeLimit(.minutes(10)), .serialized) struct MingleTests {
    private static let tasks = """
        from celery import Celery

        app = Celery("tasks")


        @app.task
        def add(x, y):
            return x + y
        """

    @Test func nodesTellEachOtherWhatWasRevoked() async throws {
        try await RunningWorkers.with { running in
            _ = try await running.start(slots: 1, settings: ["WORKER_NAME": "first"])
            _ = try await running.control([["revoke", "task_id", "told-to-first"]])
            // A worker of Celery that begins later hears of it from ours.
            let python = try await CeleryWorker(Self.tasks, broker: running.redis.celeryURL())
            try await python.process.line(containing: "sync with 1 nodes")
            let revoked = try await running.celery(["inspect", "--timeout", "10", "-d", python.node, "revoked"])
            #expect(revoked.output.contains("told-to-first"), "\(revoked)")
            // Both are seen, and a worker of ours that begins later hears of it from either.
            let second = try await running.start(slots: 1, settings: ["WORKER_NAME": "second"])
            let status = try await CeleryProgram.run("status", "--timeout", "5", broker: running.redis.celeryURL())
            for name in ["first@", "second@", "\(python.node): OK", "3 nodes online"] {
                #expect(status.output.contains(name), "\(status)")
            }
            try await eventually("the second knows it too") {
                try await running.celery(["inspect", "--timeout", "3", "revoked"]).output.split(separator: "->")
                    .filter { $0.contains("told-to-first") }.count == 3
            }
            #expect(second.ended == nil)
            try await python.process.stop()
        }
    }

    @Test func aRevokeThatAPythonNodeKnowsReachesAWorkerThatBegins() async throws {
        try await RunningWorkers.with { running in
            let python = try await CeleryWorker(Self.tasks, broker: running.redis.celeryURL())
            let job = try await running.push()
            let done = try await running.celery([
                "control", "--timeout", "10", "-d", python.node, "revoke", job.description,
            ])
            #expect(done.output.contains("flagged as revoked"), "\(done)")
            // It has no free slot for the job, so that the word comes first.
            let blocker = try await running.stage.submit("noop", parameters: ["milliseconds": 20_000])
            try await running.queue.push([
                .render(job: blocker, priority: TaskPriority(urgency: 9))
            ])
            _ = try await running.start(slots: 1)
            try await running.wait(for: .cancelled, of: job)
            _ = try await running.stage.jobs.cancel(blocker)
            try await python.process.stop()
        }
    }

    @Test func eventsAreSentFromWhenTheyAreAskedForUntilTheyAreNot() async throws {
        try await RunningWorkers.with { running in
            _ = try await running.start(slots: 1, settings: ["WORKER_NAME": "first"])
            let source = """
                import sys
                from celery import Celery

                app = Celery(broker=sys.argv[1])
                with app.connection() as connection:
                    def tell(event):
                        print(event["type"], event.get("uuid", event["hostname"]), flush=True)
                    receiver = app.events.Receiver(connection, handlers={"*": tell})
                    print("listening", flush=True)
                    receiver.capture(limit=None, timeout=None, wakeup=True)
                """
            let monitor = try PythonProgram(source, [running.redis.celeryURL()])
            try await monitor.process.line(containing: "worker-heartbeat first@")
            let quiet = try await running.push("noop", [:])
            try await running.wait(for: .succeeded, of: quiet)
            #expect(try await running.control([["enable_events"]])[0]["ok"] == "task events enabled")
            let told = try await running.push("noop", ["milliseconds": 10])
            try await monitor.process.line(containing: "task-succeeded \(told)")
            #expect(try await running.control([["disable_events"]])[0]["ok"] == "task events disabled")
            let later = try await running.push("noop", [:])
            try await running.wait(for: .succeeded, of: later)
            running.workers.value[0].send(15)
            try await monitor.process.line(containing: "worker-offline first@")
            let events = monitor.process.output.filter { $0.hasPrefix("task-") }
            #expect(
                events == ["task-received \(told)", "task-started \(told)", "task-succeeded \(told)"], "\(events)")
        }
    }

    @Test func aNodeIsThereAgainWhenRedisIs() async throws {
        try await RunningWorkers.with { running in
            let worker = try await running.start(slots: 1, settings: ["WORKER_NAME": "first"])
            #expect(try await running.control([["ping"]])[0]["ok"] == "pong")
            try await running.redis.restart(empty: true)
            try await eventually("the node answers again") {
                try await running.celery(["inspect", "--timeout", "1", "ping"]).output.contains("first@")
            }
            #expect(worker.ended == nil)
        }
    }
}
