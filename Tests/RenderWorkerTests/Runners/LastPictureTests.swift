import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioMedia
import StudioTestKit
import Testing

@testable import RenderWorker

/// The newest picture of running media work: how often it is made, and its way from the child to the worker.
@Suite(.timeLimit(.minutes(10))) struct LastPictureTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory("picture") }

    /// The last frame is shown too, while the encoder empties itself: 260 ms a frame make 4 pictures.
    /// The pictures and other reports that a job of ten frames gives when each takes as long as told.
    private func reports(everyFrame step: Duration) throws -> [MediaJobReport] {
        let clock = ManualClock()
        var pace = ReportPace(clock: clock)
        var reports: [MediaJobReport] = []
        try MockVideo(
            prompt: "dusk", seed: 1, width: 640, height: 360, frameRate: try FrameRate(10), frames: 10, quality: .low
        ).render(to: folder.path("a.mp4")) { progress in
            reports += pace.reports(of: progress)
            clock.advance(by: step)
        }
        return reports
    }

    private static func pictures(_ reports: [MediaJobReport]) -> [Data] {
        reports.compactMap { if case .picture(let bytes) = $0 { bytes } else { nil } }
    }

    @Test(arguments: [
        (Duration.milliseconds(10), 1), (.milliseconds(260), 4), (.seconds(1), 10), (.seconds(5), 10),
    ]) func aPictureIsMadeOnceASecondAtMost(step: Duration, expected: Int) throws {
        let pictures = Self.pictures(try reports(everyFrame: step))
        #expect(pictures.count == expected)
        #expect(pictures.allSatisfy { ProgressPicture($0)?.mediaType == "image/jpeg" })
        // Frames differ, and so do their pictures: the newest is shown, not always the first.
        #expect(Set(pictures).count == pictures.count)
        try pictures.last.map { try $0.write(to: URL(filePath: folder.path("p.jpg"))) }
        let probe = try MediaProbe.read(path: folder.path("p.jpg")).video
        #expect((probe?.width, probe?.height) == (320, 180))
    }

    @Test func aReportWithAPictureSurvivesItsLine() throws {
        let report = MediaJobReport.picture(Data([0xFF, 0xD8, 0xFF] + [UInt8](repeating: 7, count: 65_533)))
        #expect(MediaJobReport(line: report.line()) == report)
        #expect(!report.line().contains("\n"))
    }

    @Test func theWorkerHearsOfItFromTheChild() async throws {
        let child = MediaChild(program: try ProgramUnderTest.worker.path(), environment: ["MALLOC_ARENA_MAX": "2"])
        let request = MediaJobRequest(
            operation: .mockVideo, inputs: [:], output: folder.path("out.mp4"),
            parameters: ["prompt": "dusk", "seconds": 1, "width": 320, "height": 180], quality: .low, seed: 1,
            limits: MediaJobLimits(memory: 8 << 30, processorSeconds: 60))
        let seen = Watched<[RunProgress]>([])
        _ = try await child.perform(
            request, timeout: .seconds(60), progress: { progress in seen.update { $0.append(progress) } }, log: { _ in }
        )
        let shown = seen.value.filter { $0.preview != nil }
        #expect(shown.count >= 1)
        #expect(shown.allSatisfy { $0.stage == "encoding" && $0.preview?.mediaType == "image/jpeg" })
    }
}
