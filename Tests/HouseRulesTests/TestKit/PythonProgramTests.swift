import StudioTestKit
import Testing

/// What starts the real Celery and the real Flower, tried on each other.
@Suite struct PythonProgramTests {
    private static let tasks = """
        from celery import Celery

        app = Celery("tasks")


        @app.task
        def add(x, y):
            return x + y
        """

    @Test func aClientAWorkerAndFlowerMeet() async throws {
        let redis = try await PrivateRedis()
        let worker = try await CeleryWorker(Self.tasks, broker: redis.celeryURL(), name: "kit")
        let client = """
            import sys
            from celery import Celery

            app = Celery(broker=sys.argv[1], backend=sys.argv[1])
            print(app.send_task("tasks.add", [2, 40]).get(timeout=60))
            """
        let done = try await PythonProgram.run(client, [redis.celeryURL()])
        #expect(done.exit == .code(0) && done.output == "42", "\(done)")
        let status = try await CeleryProgram.run("status", broker: redis.celeryURL())
        #expect(status.output.contains("\(worker.node): OK"), "\(status)")

        let flower = try await FlowerServer(broker: redis.celeryURL())
        try await eventually("Flower knows the worker") {
            try await ChildProcess.run("curl", ["--silent", "\(flower.base)/api/workers?status=true"]).output
                .contains("\"\(worker.node)\": true")
        }
        #expect(try await worker.process.stop() == .code(0))
        try await flower.process.stop()
    }

    @Test func aProgramThatFailsSaysSo() async throws {
        let done = try await PythonProgram.run("import sys\nsys.exit(f'no {sys.argv[1]}')", ["luck"])
        #expect(done.exit == .code(1) && done.errors == "no luck", "\(done)")
        let running = try PythonProgram("import time\nprint('up')\ntime.sleep(600)")
        try await running.process.line(containing: "up")
        #expect(try await running.process.stop() == .signal(15))
    }
}
