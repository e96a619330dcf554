import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

@Suite struct ProjectWritersTests {
    private static func database(
        _ studio: StudioFixture, connections: Int, statementTimeout: Duration = .seconds(30)
    ) throws -> Database {
        var configuration = PostgresConfiguration(studio.uri, connections: connections)
        configuration.unavailableAfter = .seconds(20)
        configuration.statementTimeout = statementTimeout
        return try Database(configuration)
    }

    @Test func writersOfOneProjectTakeTurnsAndThoseOfOthersDoNotWait() async throws {
        try await StudioFixture.with { studio in
            let database = try Self.database(studio, connections: 2)
            let writers = ProjectWriters(database)
            let (latch, busy) = (ThreadLatch(), Counter())
            let first = Task { try await writers.run(studio.project) { _ in latch.hold() } }
            try await latch.waitForHolders(1)
            let others = (0..<8).map { number in
                Task {
                    try await writers.run(studio.project) { _ in
                        busy.add()
                        return number
                    }
                }
            }
            try await eventually("all of them wait") { writers.waiting == 8 }
            // One connection is held, and another project has the second.
            #expect(try await writers.run(ProjectID()) { _ in 1 } == 1)
            #expect(busy.value == 0)
            latch.open()
            try await first.value
            var numbers: [Int] = []
            for other in others { numbers.append(try await other.value) }
            #expect(numbers == Array(0..<8) && busy.value == 8 && writers.waiting == 0)
            await writers.close()
        }
    }

    @Test func anotherMachinesWriterIsWaitedForForABoundedTime() async throws {
        try await StudioFixture.with { studio in
            let elsewhere = ProjectWriters(try Self.database(studio, connections: 1))
            let writers = ProjectWriters(
                try Self.database(studio, connections: 1, statementTimeout: .seconds(1)))
            let latch = ThreadLatch()
            let holder = Task { try await elsewhere.run(studio.project) { _ in latch.hold() } }
            try await latch.waitForHolders(1)
            do {
                try await writers.run(studio.project) { _ -> Void in Issue.record("two writers at a time") }
                Issue.record("not refused")
            } catch let error as StudioError {
                #expect(error.code == .unavailable && error.retryAfterSeconds == 2)
            }
            latch.open()
            try await holder.value
            // Whoever was refused left nothing: neither a turn nor a transaction.
            #expect(try await writers.run(studio.project) { _ in 1 } == 1)
            await writers.close()
            await elsewhere.close()
        }
    }

    @Test func whatIsDoneStandsWhereTheConnectionIsLostAndIsDoneOnce() async throws {
        try await StudioFixture.with { studio in
            let writers = ProjectWriters(try Self.database(studio, connections: 1))
            let runs = Counter()
            let value = try await writers.run(studio.project) { connection in
                runs.add()
                #expect(throws: PostgresError.self) {
                    _ = try connection.query("SELECT pg_terminate_backend(pg_backend_pid())")
                }
                return 7
            }
            #expect(value == 7 && runs.value == 1)
            await expectRefusal(.conflict) {
                try await writers.run(studio.project) { _ in throw StudioError(.conflict, "no") }
            }
            // What is written with the connection is not kept.
            try await writers.run(studio.project) { connection in
                _ = try connection.execute("UPDATE projects SET title = 'x' WHERE id = $1", [.id(studio.project)])
            }
            #expect(try await studio.projects.get(studio.project)?.title == "Film")
            await writers.close()
        }
    }
}

@Suite struct WriterLineTests {
    private static func line(
        places: Int, waiting: Int = 8, forOne: Int = 8, clock: any Clock<Duration> = ContinuousClock()
    ) -> WriterLine {
        var bounds = WriterLine.Bounds()
        (bounds.waiting, bounds.waitingForOne) = (waiting, forOne)
        return WriterLine(places: places, bounds: bounds, clock: clock)
    }

    private static func waitUntil(_ count: Int, waitIn line: WriterLine) async throws {
        try await eventually("\(count) wait") { line.waiting == count }
    }

    @Test func thePlaceGoesToTheFirstWhoCanHaveIt() async throws {
        let line = Self.line(places: 2)
        let (film, other, third) = (ProjectID(), ProjectID(), ProjectID())
        try await line.enter(film)
        try await line.enter(other)
        let order = Watched<[String]>([])
        var tasks: [Task<Void, any Error>] = []
        for (index, (name, project)) in [("film", film), ("third", third), ("other", other)].enumerated() {
            tasks.append(
                Task {
                    try await line.enter(project)
                    order.update { $0.append(name) }
                })
            try await Self.waitUntil(index + 1, waitIn: line)
        }
        // The film is still written to, so the third goes first.
        line.leave(other)
        _ = try await order.wait("the third") { $0 == ["third"] ? true : nil }
        line.leave(film)
        _ = try await order.wait("the film") { $0 == ["third", "film"] ? true : nil }
        line.leave(third)
        _ = try await order.wait("the other") { $0 == ["third", "film", "other"] ? true : nil }
        for task in tasks { try await task.value }
    }

    @Test func soManyWaitAndNoMore() async throws {
        let line = Self.line(places: 1, waiting: 3, forOne: 2)
        let (film, other) = (ProjectID(), ProjectID())
        try await line.enter(film)
        var tasks = (0..<2).map { _ in Task { try await line.enter(film) } }
        try await Self.waitUntil(2, waitIn: line)
        await expectRefusal(.unavailable) { try await line.enter(film) }
        tasks.append(Task { try await line.enter(other) })
        try await Self.waitUntil(3, waitIn: line)
        await expectRefusal(.unavailable) { try await line.enter(other) }
        for project in [film, film, film, other] { line.leave(project) }
        for task in tasks { try await task.value }
        try await line.enter(film)
    }

    @Test func nobodyWaitsForEver() async throws {
        let clock = ManualClock()
        let line = Self.line(places: 1, clock: clock)
        let film = ProjectID()
        try await line.enter(film)
        let waiting = Task { try await line.enter(film) }
        try await Self.waitUntil(1, waitIn: line)
        try await clock.waitForSleepers()
        clock.advance(by: .seconds(30))
        await expectRefusal(.unavailable) { try await waiting.value }
        let cancelled = Task { try await line.enter(film) }
        try await Self.waitUntil(1, waitIn: line)
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        #expect(line.waiting == 0)
        line.leave(film)
        try await line.enter(film)
    }
}
