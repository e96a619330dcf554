import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

@Suite struct DispatchTests {
    @Test func whatIsOwedIsTakenOnceInOrder() async throws {
        try await StudioFixture.with { studio in
            let low = try await studio.admit(studio.newJob(priority: 1))
            let high = try await studio.admit(studio.newJob(priority: 9))
            let middle = try await studio.admit(studio.newJob(priority: 5))
            _ = try await studio.admit(studio.newJob(notBefore: Date(timeIntervalSinceNow: 3600)))
            #expect(try await studio.jobs.takeUnpushed(limit: 10, olderThan: .seconds(60)).isEmpty)
            let first = try await studio.jobs.takeUnpushed(limit: 2)
            #expect(first.map(\.id) == [high.id, middle.id])
            #expect(first.first?.queue == "studio.render" && first.first?.requestID == "r-1")
            #expect(try await studio.jobs.takeUnpushed(limit: 2).map(\.id) == [low.id])
            #expect(try await studio.jobs.takeUnpushed(limit: 2).isEmpty)
            #expect(try await Set(studio.jobs.onRunway(limit: 10)) == [low.id, middle.id, high.id])
            #expect(try await studio.jobs.onRunway(limit: 10, after: low.id).count == 2)

            #expect(try await studio.jobs.forgetStaleRunway(olderThan: .seconds(60), queues: ["studio.render"]) == 0)
            _ = try await studio.database.withConnection {
                try $0.execute("UPDATE jobs SET pushed_at = now() - interval '2 minutes' WHERE id = $1", [.id(low.id)])
            }
            #expect(try await studio.jobs.forgetStaleRunway(olderThan: .seconds(60), queues: ["other"]) == 0)
            #expect(try await studio.jobs.forgetStaleRunway(olderThan: .seconds(60), queues: ["studio.render"]) == 1)
            #expect(try await studio.jobs.takeUnpushed(limit: 10).map(\.id) == [low.id])
            #expect(try await studio.jobs.forgetRunway() == 3)
            #expect(try await studio.jobs.takeUnpushed(limit: 10).count == 3)
        }
    }

    @Test func dispatchersAtOnceTakeEachJobOnce() async throws {
        try await StudioFixture.with(credits: 10_000) { studio in
            for _ in 0..<40 { _ = try await studio.submit() }
            let taken = try await withThrowingTaskGroup(of: [RunwayJob].self) { group in
                for _ in 0..<8 { group.addTask { try await studio.jobs.takeUnpushed(limit: 10) } }
                return try await group.reduce(into: [RunwayJob]()) { $0 += $1 }
            }
            #expect(Set(taken.map(\.id)).count == taken.count)
            let rest = try await studio.jobs.takeUnpushed(limit: 100)
            #expect(taken.count + rest.count == 40)
        }
    }

    @Test func aLateNoteOfAPushHidesNothing() async throws {
        try await StudioFixture.with { studio in
            let job = try await studio.submit()
            let pushed = try #require(try await studio.jobs.takeUnpushed(limit: 1).first)
            _ = try await studio.jobs.forgetRunway()
            // Claimed, given back, and only then the note of the first push arrives.
            _ = try await studio.jobs.release(studio.claim(job))
            try await studio.jobs.markPushed([pushed])
            let owed = try #require(try await studio.jobs.takeUnpushed(limit: 1).first)
            #expect(owed.id == job && owed.attempt == 1)
            _ = try await studio.jobs.forgetRunway()
            try await studio.jobs.markPushed([owed])
            #expect(try await studio.jobs.takeUnpushed(limit: 1).isEmpty)
            // Cancelled and retried: another round.
            _ = try await studio.jobs.cancel(job)
            _ = try await studio.jobs.retry(job)
            try await studio.jobs.markPushed([owed])
            #expect(try await studio.jobs.takeUnpushed(limit: 1).map(\.round) == [1])
        }
    }

    @Test func whatAWorkerQueuedIsTakenAtAnyAge() async throws {
        try await StudioFixture.with { studio in
            let job = try await studio.submit()
            _ = try await studio.jobs.takeUnpushed(limit: 1)
            _ = try await studio.jobs.release(studio.claim(job))
            // Admitted a moment ago: its gateway pushes it.
            _ = try await studio.submit()
            #expect(try await studio.jobs.takeUnpushed(limit: 10, olderThan: .seconds(60)).map(\.id) == [job])
        }
    }

    @Test func pagesStayStableWhileJobsCome() async throws {
        try await StudioFixture.with { studio in
            var jobs: [JobID] = []
            for number in 0..<7 {
                jobs.append(
                    try await studio.admit(
                        studio.newJob(credits: 0, shot: number.isMultiple(of: 2) ? "SHOT-010" : "SHOT-020")
                    ).id)
            }
            let newestFirst = jobs.sorted { $0 > $1 }
            var read: [JobID] = []
            while true {
                let page = try await studio.jobs.list(project: studio.project, limit: 3, before: read.last)
                read += page.map(\.id)
                if page.count < 3 { break }
                _ = try await studio.submit(credits: 0)
            }
            #expect(read == newestFirst)
            let filter = JobFilter(states: [.queued], shot: "SHOT-020", function: "mock-video")
            #expect(try await studio.jobs.list(project: studio.project, filter: filter).count == 3)
            #expect(try await studio.jobs.list(project: studio.project, filter: JobFilter(states: [.failed])).isEmpty)
            let later = JobFilter(since: Date(timeIntervalSinceNow: 60))
            #expect(try await studio.jobs.list(project: studio.project, filter: later).isEmpty)
            #expect(try await studio.jobs.list(project: ProjectID()).isEmpty)
        }
    }
}
