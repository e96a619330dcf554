import QueueProtocol
import StudioTestKit
import Testing

@testable import RenderWorker

@Suite struct ProgressFeedTests {
    @Test func theNewestWinsAndTheRestIsSkipped() async throws {
        let feed = ProgressFeed(AttemptKey(job: JobID(), attempt: 3), project: ProjectID())
        let clock = ManualClock()
        let sent = Watched<[ProgressReport]>([])
        let running = Task {
            await feed.run(clock: clock) { report in sent.update { $0.append(report) } }
        }
        defer { running.cancel() }
        feed.report(RunProgress(fraction: 0.1, stage: "encoding"))
        try await sent.wait("the first report") { $0.count == 1 ? () : nil }
        try await clock.waitForSleepers()
        for step in 11...50 { feed.report(RunProgress(fraction: Double(step) / 100, stage: "encoding")) }
        #expect(sent.value.count == 1, "nothing goes out before the interval is over")
        clock.advance(by: ProgressFeed.interval)
        try await sent.wait("the second report") { $0.count == 2 ? () : nil }
        #expect(sent.value[1].progress == 0.5)
        #expect(sent.value[1].attempt == 3)
    }

    @Test func progressNeverFalls() async throws {
        let feed = ProgressFeed(AttemptKey(job: JobID(), attempt: 1), project: ProjectID())
        let clock = ManualClock()
        let sent = Watched<[Double]>([])
        let running = Task { await feed.run(clock: clock) { report in sent.update { $0.append(report.progress) } } }
        defer { running.cancel() }
        for fraction in [0.9, nil, 0.2] {
            let before = sent.value.count
            feed.report(RunProgress(fraction: fraction, stage: "x"))
            try await sent.wait("a report") { $0.count > before ? () : nil }
            try await clock.waitForSleepers()
            clock.advance(by: ProgressFeed.interval)
        }
        #expect(sent.value == [0.9, 0.9, 0.9])
    }

    @Test func theTimeLeftFollowsTheStagesPace() {
        var left = TimeLeft()
        func at(_ second: Int, _ fraction: Double, _ stage: String = "encoding") -> Double? {
            left.seconds(after: RunProgress(fraction: fraction, stage: stage), at: .seconds(second))
        }
        #expect(at(0, 0) == nil)
        #expect(at(10, 0.25) == 30)
        #expect(at(20, 0.5) == 20)
        #expect(at(21, 0.5, "finishing") == nil, "another stage has another pace")
        #expect(at(31, 0.75, "finishing") == 10)
    }
}
