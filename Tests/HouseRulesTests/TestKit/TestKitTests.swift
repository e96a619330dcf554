import FoundationEssentials
import Glibc
import StudioTestKit
import Testing

/// The kit is what every other proof stands on, so it has proofs of its own.
@Suite struct TestKitTests {
    @Test func aSignalWakesWhoeverWaitsAndALateOneIsReported() async throws {
        let signal = Signal("the door")
        async let waiting: Void = signal.wait()
        signal.fire()
        try await waiting
        try await signal.wait()
        let never = Signal("never fired")
        await #expect(throws: WaitTimedOut.self) { try await never.wait(within: .milliseconds(1)) }
    }

    @Test func aManualClockWakesOnlyWhoIsDue() async throws {
        let clock = ManualClock()
        let (early, late) = (Signal("early"), Signal("late"))
        let first = Task {
            try await clock.sleep(for: .seconds(10))
            early.fire()
        }
        let second = Task {
            try await clock.sleep(for: .seconds(3_600))
            late.fire()
        }
        try await clock.waitForSleepers(2)
        clock.advance(by: .seconds(10))
        try await early.wait()
        try await first.value
        #expect(!late.isFired)
        #expect(clock.sleepers == 1)
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        #expect(clock.sleepers == 0)
    }

    @Test func aChildsLinesStreamsAndExitAreSeen() async throws {
        let done = try await ChildProcess.run(
            "sh", ["-c", "echo \"$GREETING\"; echo trouble >&2; exit 3"], environment: ["GREETING": "hello"])
        #expect(done.exit == .code(3))
        #expect(done.output == "hello")
        #expect(done.errors == "trouble")
    }

    @Test func aChildIsSignalledAndItsEndIsTold() async throws {
        let child = try ChildProcess(
            "sh", ["-c", "trap 'echo stopping; exit 0' TERM; echo up; while :; do sleep 0.01; done"])
        try await child.line(containing: "up")
        #expect(try await child.stop() == .code(0))
        try await child.line(containing: "stopping")
        await #expect(throws: TestKitError.self) { try await child.line(containing: "never written") }
        let other = try ChildProcess("sleep", ["60"])
        other.send(SIGKILL)
        #expect(try await other.exit() == .signal(SIGKILL))
    }

    @Test func theProgramsOfThisBuildAreFoundAndPortsAreFree() throws {
        for program in ProgramUnderTest.allCases { #expect(try program.path().hasSuffix("/\(program.rawValue)")) }
        #expect(try ProgramUnderTest.freePort() > 0)
    }

    @Test func nothingOutlivesAnObjectThatIsDropped() async throws {
        var child: ChildProcess? = try ChildProcess("sleep", ["60"])
        let pid = try #require(child?.pid)
        child = nil
        try await eventually("process \(pid) to be gone") { kill(pid, 0) != 0 }
        var folder: TemporaryDirectory? = try TemporaryDirectory()
        let path = try #require(try folder?.write("x".utf8, to: "a/b"))
        #expect(FileManager.default.fileExists(atPath: path))
        folder = nil
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aSmallFileSystemIsFullWhenFilledAndGoneAfterwards() async throws {
        let home = try TemporaryDirectory()
        try home.write("kept".utf8, to: "a/kept")
        let page = [UInt8](repeating: 1, count: 4096)
        try await SmallFileSystem.mounted(on: home.path("a"), bytes: 1 << 20) { disk in
            #expect(FileManager.default.contents(atPath: home.path("a/kept")) == Data("kept".utf8))
            try disk.fill(leaving: page.count)
            try home.write(page, to: "a/one")
            #expect(throws: (any Error).self) { try home.write(page, to: "a/two") }
            disk.makeRoom()
            try home.write(page, to: "a/two")
            try disk.fillWithFiles(leaving: 1)
            try home.write([], to: "a/three")
            #expect(throws: (any Error).self) { try home.write([], to: "a/four") }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.path("a")) == ["kept"])
    }

    @Test func postgresHandsOutFreshDatabasesAndSurvivesAStop() async throws {
        let shared = try await PrivatePostgres.shared()
        let prepared = Watched(0)
        var databases: [String] = []
        for _ in 1...2 {
            databases.append(
                try await shared.database(preparedAs: "kit") { template in
                    prepared.update { $0 += 1 }
                    try await shared.sql("CREATE TABLE t (n int); INSERT INTO t VALUES (1)", in: template)
                })
        }
        #expect(prepared.value == 1)
        try await shared.sql("INSERT INTO t VALUES (2)", in: databases[0])
        #expect(try await shared.sql("SELECT count(*) FROM t", in: databases[1]) == ["1"])
        await #expect(throws: TestKitError.self) { try await shared.sql("SELECT * FROM t", in: shared.database()) }

        let own = try await PrivatePostgres(durable: true)
        let database = try await own.database()
        try await own.sql("CREATE TABLE kept (n int)", in: database)
        try await own.stop()
        await #expect(throws: TestKitError.self) { try await own.sql("SELECT 1", in: database) }
        try await own.start()
        try await own.sql("INSERT INTO kept VALUES (7)", in: database)
        try await own.kill()
        try await own.start()
        #expect(try await own.sql("SELECT n FROM kept", in: database) == ["7"])
    }

    @Test func redisKeepsOrLosesItsDataAsAsked() async throws {
        let redis = try await PrivateRedis()
        try await redis.command("SET", "k", "v")
        try await redis.kill()
        try await redis.start()
        #expect(try await redis.command("GET", "k") == "v")
        try await redis.restart(empty: true)
        #expect(try await redis.command("GET", "k").isEmpty)
        #expect(try await redis.database() != redis.database())
    }
}
