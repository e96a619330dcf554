import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// How the queues went, minute by minute.
@Suite struct QueueHistoryTests {
    /// A minute of the past hour's future: no job of the test ends by itself at such times.
    private static let noon = Date(timeIntervalSince1970: 1_900_000_800)

    private static func minute(_ number: Int, second: Double = 0) -> Date {
        noon.addingTimeInterval(Double(number) * 60 + second)
    }

    /// Ends a job as if at a time.
    private static func end(_ job: JobID, _ studio: StudioFixture, at time: Date) async throws {
        _ = try await studio.jobs.cancel(job)
        _ = try await studio.database.withConnection {
            try $0.execute("UPDATE jobs SET finished_at = $2 WHERE id = $1", [.id(job), .date(time)])
        }
    }

    @Test func `The first look of a minute counts, and every minute has what ended in it`() async throws {
        try await StudioFixture.with { studio in
            let history = QueueHistory(studio.database)
            let jobs = [try await studio.submit(), try await studio.submit(), try await studio.submit()]
            _ = try await studio.database.withConnection {
                try $0.execute("UPDATE jobs SET queued_at = $1", [.date(Self.minute(-1))])
            }
            try await studio.claim(jobs[0])
            #expect(try await history.look(at: Self.minute(0, second: 30)))
            // Another gateway, or the same: once in a minute.
            #expect(try await !history.look(at: Self.minute(0, second: 45)))
            try await Self.end(jobs[1], studio, at: Self.minute(0, second: 50))
            try await Self.end(jobs[2], studio, at: Self.minute(1, second: 5))
            // A minute later another job has ended, in the minute before: that is counted too.
            #expect(try await history.look(at: Self.minute(1, second: 30)))
            // Nobody looked in the second minute; in the third there is what ended since, and nothing more waits.
            let late = try await studio.submit()
            try await Self.end(late, studio, at: Self.minute(2, second: 10))
            #expect(try await history.look(at: Self.minute(3, second: 10)))
            let read = try await history.read(of: studio.tenant, at: Self.minute(3, second: 20))
            #expect(
                read == [
                    QueueMinute(
                        queue: "studio.render", minute: Self.minute(0), queued: 2, running: 1, oldestSeconds: 90,
                        cancelled: 1),
                    QueueMinute(queue: "studio.render", minute: Self.minute(1), queued: 0, running: 1, cancelled: 1),
                    QueueMinute(queue: "studio.render", minute: Self.minute(2), cancelled: 1),
                    QueueMinute(queue: "studio.render", minute: Self.minute(3), queued: 0, running: 1),
                ])
            #expect(try await history.read(at: Self.minute(3)) == read)
            #expect(try await history.read(of: TenantID(), at: Self.minute(3)).isEmpty)
        }
    }

    @Test func `A queue that is empty in between has a minute of nothing, and old minutes go`() async throws {
        try await StudioFixture.with { studio in
            let history = QueueHistory(studio.database)
            let first = try await studio.submit()
            try await history.look(at: Self.minute(0))
            try await Self.end(first, studio, at: Self.minute(0, second: 20))
            try await history.look(at: Self.minute(1))
            try await history.look(at: Self.minute(2))
            let read = try await history.read(at: Self.minute(2))
            #expect(read.map(\.queued) == [1, 0, 0] && read.map(\.cancelled) == [1, 0, 0])
            #expect(try await history.read(at: Self.minute(60)).count == 0)
            #expect(try await history.purge(at: Self.minute(119)) == 0)
            #expect(try await history.purge(at: Self.minute(121)) == 1)
        }
    }

    @Test func `The first look ever tells what ended in the hour before`() async throws {
        try await StudioFixture.with { studio in
            for minute in [-70, -40, -40, -3] {
                try await Self.end(try await studio.submit(), studio, at: Self.minute(minute))
            }
            try await QueueHistory(studio.database).look(at: Self.minute(0))
            let read = try await QueueHistory(studio.database).read(at: Self.minute(0))
            #expect(read.filter { $0.cancelled > 0 }.map(\.minute) == [Self.minute(-40), Self.minute(-3)])
            #expect(read.filter { $0.cancelled > 0 }.map(\.cancelled) == [2, 1])
            #expect(read.filter { $0.queued != nil }.map(\.minute) == [Self.minute(0)])
        }
    }

    @Test func `Gateways that look at once write one minute`() async throws {
        try await StudioFixture.with { studio in
            _ = try await studio.submit()
            let history = QueueHistory(studio.database)
            let looks = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<6 { group.addTask { try await history.look(at: Self.minute(0)) } }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(looks == 1)
            #expect(try await history.read(at: Self.minute(0)).map(\.queued) == [1])
        }
    }
}
