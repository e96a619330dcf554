import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

@Suite struct JobListTests {
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
