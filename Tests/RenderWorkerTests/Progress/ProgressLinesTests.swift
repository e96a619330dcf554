import QueueProtocol
import Testing

@testable import RenderWorker

@Suite("A worker's lines about progress") struct ProgressLinesTests {
    private func report(_ fraction: Double, _ stage: String = "painting") -> ProgressReport {
        ProgressReport(job: JobID(), project: ProjectID(), attempt: 1, progress: fraction, stage: stage, message: "")
    }

    @Test("A line each ten seconds at most, and only for news")
    func lines() {
        var lines = ProgressLines()
        #expect(lines.line(for: report(0.5), at: .seconds(9)) == nil, "a short job has none")
        #expect(lines.line(for: report(0.29), at: .seconds(10)) == "job at 29 %")
        #expect(lines.line(for: report(0.9), at: .seconds(19)) == nil)
        #expect(lines.line(for: report(0.3), at: .seconds(60)) == nil)
        #expect(lines.line(for: report(0.31, "encoding"), at: .seconds(61)) == "job at 31 %")
        #expect(lines.line(for: report(0.42, "encoding"), at: .seconds(80)) == "job at 42 %")
    }

    @Test(
        "Durations in few characters",
        arguments: [
            (Duration.milliseconds(12), "12ms"), (.milliseconds(3250), "3.2s"), (.seconds(247), "4m07s"),
            (.seconds(7500), "2h05m"), (.zero, "0ms"),
        ])
    func durations(_ duration: Duration, _ text: String) { #expect(duration.short == text) }
}
