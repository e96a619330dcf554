import QueueProtocol
import StudioTestKit
import Testing

@testable import RenderWorker

/// What a model writes, as progress and log.
@Suite("News of a Cog model") struct CogNewsTests {
    private let lines = Watched<[String]>([])
    private let reports = Watched<[RunProgress]>([])

    private var news: CogNews {
        CogNews(
            progress: { [reports] report in reports.update { $0.append(report) } },
            log: { [lines] line in lines.update { $0.append(line) } })
    }

    @Test("A log that comes whole again and again is heard once, whatever its length then")
    func whole() {
        let news = news
        for text in ["one\ntw", "one\ntwo\nthrée", "", "one\ntwo\nthrée\nfour"] { news.hear(whole: text) }
        news.finish()
        news.finish()
        #expect(lines.value == ["one", "two", "thrée", "four"])
    }

    @Test("Metrics, JSON lines and progress bars are progress; all else is the log")
    func progress() {
        let news = news
        news.hear(next: "loading\r 25%|##5       | 1/4 [00:01<00:03,  1.00s/it]\rdenoising: 100%|####| 4/4")
        news.hear(next: " [00:04<00:00]\n{\"progress\": 0.5, \"stage\": \"upscaling\", \"message\": \"tile 3\"}\n")
        news.hear(next: "{\"loss\": 1}\n50% of it\n{\"progress\": 7}\n")
        news.hear(metrics: ["progress": 0.75, "images": 1])
        news.hear(metrics: ["progress": 0.75])
        news.hear(metrics: ["percent": 80])
        #expect(lines.value == ["loading", "{\"loss\": 1}", "50% of it"])
        #expect(
            reports.value.map { "\($0.fraction ?? -1) \($0.stage) \($0.message)" } == [
                "0.25 running 1/4 [00:01<00:03,  1.00s/it]", "1.0 denoising 4/4 [00:04<00:00]",
                "0.5 upscaling tile 3", "1.0 running ", "0.75 running ", "0.8 running ",
            ])
    }

    @Test("A line without an end costs no more than its bound")
    func bound() {
        let news = news
        for _ in 0..<100 { news.hear(next: String(repeating: "x", count: 1000)) }
        #expect(lines.value.allSatisfy { $0.utf8.count <= 17 << 10 })
        #expect(lines.value.count >= 5)
    }
}
