import FoundationEssentials
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
            await feed.run(clock: clock, show: { _ in }) { report in sent.update { $0.append(report) } }
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
        let running = Task {
            await feed.run(clock: clock, show: { _ in }) { report in sent.update { $0.append(report.progress) } }
        }
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

    @Test func picturesAreShownOnceASecondAndNoReportTakesTheirPlace() async throws {
        let feed = ProgressFeed(AttemptKey(job: JobID(), attempt: 1), project: ProjectID())
        let clock = ManualClock()
        let shown = Watched<[ProgressPicture]>([])
        let sent = Watched<[Int?]>([])
        let pictures = try (0..<3).map { try #require(ProgressPicture(Data([0xFF, 0xD8, 0xFF, $0]))) }
        feed.report(RunProgress(fraction: 0.1, stage: "x", preview: pictures[0]))
        feed.report(RunProgress(fraction: 0.2, stage: "x"))
        let running = Task {
            await feed.run(
                clock: clock, show: { picture in shown.update { $0.append(picture) } },
                publish: { report in sent.update { $0.append(report.preview) } })
        }
        defer { running.cancel() }
        for (picture, pause) in [(pictures[1], Duration.milliseconds(100)), (pictures[2], .milliseconds(900))] {
            try await clock.waitForSleepers()
            clock.advance(by: pause)
            let before = sent.value.count
            feed.report(RunProgress(fraction: 0.3, stage: "x", preview: picture))
            try await sent.wait("the next report") { $0.count > before ? () : nil }
        }
        #expect(shown.value == [pictures[0], pictures[2]])
        #expect(sent.value == [1, 1, 2])
    }

    @Test func whatIsNoSmallPictureIsNotShown() {
        #expect(ProgressPicture(Data("<svg/>".utf8)) == nil && ProgressPicture(Data()) == nil)
        let large = Data([0x89, 0x50, 0x4E, 0x47]) + Data(count: ProgressPicture.limit)
        #expect(ProgressPicture(large) == nil && ProgressPicture(large.dropLast(4))?.mediaType == "image/png")
        #expect(ProgressPicture(Data("RIFF0000WEBPVP8 ".utf8))?.mediaType == "image/webp")
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
