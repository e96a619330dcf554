import FoundationEssentials
import Glibc
import Logging
import StudioTestKit
import Testing

@testable import RenderWorker

@Suite("Signs of life", .timeLimit(.minutes(10))) struct LifeSignTests {
    @Test("A sign is good until it is as old as a lease, and not of the future")
    func verdicts() {
        for state in LifeSign.State.allCases {
            let sign = LifeSign(state: state, beat: 100_000, lease: 10_000)
            #expect(sign.verdict(at: 100_000) == .alive(state))
            #expect(sign.verdict(at: 109_999) == .alive(state))
            for now in [110_000, 200_000, 99_999] as [Int64] {
                if case .alive = sign.verdict(at: now) { Issue.record("\(now)") }
            }
        }
    }

    @Test("The newest sign is written, and the file goes with the worker")
    func file() async throws {
        let folder = try TemporaryDirectory("life")
        let path = folder.path("sign")
        let signs = LifeSigns(path: path, lease: .seconds(10), logger: Stage.logger, now: { 5 })
        let running = Task { await signs.run() }
        signs.give(.waiting)
        try await eventually("the sign is there") { LifeSign.read(path)?.state == .waiting }
        signs.give(.serving)
        try await eventually("the sign is newer") { LifeSign.read(path)?.state == .serving }
        #expect(LifeSign.read(path) == LifeSign(state: .serving, beat: 5, lease: 10_000))
        running.cancel()
        await running.value
        #expect(LifeSign.read(path) == nil)
        try folder.write(Array("{".utf8), to: "sign")
        #expect(LifeSign.read(path) == nil)
    }

    @Test("A worker lives while it waits, serves, and is cut off; not once it is frozen or gone")
    func worker() async throws {
        let postgres = try await PrivatePostgres(durable: true)
        try await RunningWorkers.with(on: postgres) { running in
            let folder = try TemporaryDirectory("life")
            let settings = [
                "WORKER_HEALTH_FILE": folder.path("sign"), "LEASE_SECONDS": "3", "HEARTBEAT_SECONDS": "1",
            ]
            func health() async throws -> ChildProcess.Completed {
                try await ProgramUnderTest.worker.run(["health"], environment: settings)
            }
            #expect(try await health().exit == .code(1), "nobody runs yet")
            let worker = try await running.start(settings: settings)
            try await eventually("it serves") { LifeSign.read(folder.path("sign"))?.state == .serving }
            try await eventually("it is well, of which there is nothing to say") {
                let well = try await health()
                return well.exit == .code(0) && well.output.isEmpty && well.errors.isEmpty
            }
            worker.send(SIGSTOP)
            try await eventually("it is seen to hang") { try await health().exit == .code(1) }
            #expect(try await health().errors.contains("sign of life"))
            worker.send(SIGCONT)
            try await eventually("it is well again") { try await health().exit == .code(0) }
            try await postgres.stop()
            try await eventually("it is cut off") { LifeSign.read(folder.path("sign"))?.state == .cutOff }
            let first = try #require(LifeSign.read(folder.path("sign"))?.beat)
            // Longer than a lease: it goes on saying so.
            try await eventually("it goes on") { (LifeSign.read(folder.path("sign"))?.beat ?? 0) > first + 3000 }
            try await eventually("it is well meanwhile") { try await health().exit == .code(0) }
            let other = try TemporaryDirectory("life")
            let waiting = try ProgramUnderTest.worker.start(
                environment: settings.merging([
                    "DATABASE_URL": running.stage.uri, "REDIS_URL": running.redis.url,
                    "WORKSPACE_ROOT": running.stage.workspace.path, "WORKER_HEALTH_FILE": other.path("sign"),
                ]) { $1 })
            try await eventually("it waits") { LifeSign.read(other.path("sign"))?.state == .waiting }
            waiting.send(SIGKILL)
            try await postgres.start()
            try await eventually("it serves again") { LifeSign.read(folder.path("sign"))?.state == .serving }
            worker.send(SIGTERM)
            #expect(try await worker.exit() == .code(0))
            let gone = try await health()
            #expect(gone.exit == .code(1))
            #expect(gone.errors.contains("no worker runs here"))
            #expect(try await ProgramUnderTest.worker.run(["health"], environment: [:]).exit == .code(1))
        }
        try await postgres.stop()
    }
}
