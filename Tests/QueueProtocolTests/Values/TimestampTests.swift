import FoundationEssentials
import QueueProtocol
import Testing

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "known times",
        arguments: [
            (0.0, "1970-01-01T00:00:00.000Z"), (-0.001, "1969-12-31T23:59:59.999Z"),
            (951_782_400.0, "2000-02-29T00:00:00.000Z"), (1_709_164_800.0, "2024-02-29T00:00:00.000Z"),
            (4_107_542_400.0, "2100-03-01T00:00:00.000Z"), (-62_167_219_200.0, "0000-01-01T00:00:00.000Z"),
            (253_402_300_799.999, "9999-12-31T23:59:59.999Z"),
        ])
    func known(seconds: Double, text: String) {
        #expect(Timestamp.text(Date(timeIntervalSince1970: seconds)) == text)
        #expect(Timestamp.parse(text) == Date(timeIntervalSince1970: seconds))
    }

    @Test func everyMillisecondSurvives() throws {
        for millisecond in 0..<1000 {
            let digits = String(1000 + millisecond).dropFirst()
            let text = "2026-11-21T08:03:34.\(digits)Z"
            #expect(Timestamp.text(try #require(Timestamp.parse(text))) == text)
        }
    }

    @Test func finerThanAMillisecondIsCut() throws {
        #expect(Timestamp.text(try #require(Timestamp.parse("2026-11-21T08:03:34.999999Z"))).hasSuffix("34.999Z"))
    }

    @Test(
        "spellings of one time",
        arguments: [
            "2026-11-21T08:03:34Z", "2026-11-21t08:03:34z", "2026-11-21 08:03:34+00:00", "2026-11-21 08:03:34+00",
            "2026-11-21T10:03:34+02:00", "2026-11-21T02:33:34-05:30", "2026-11-21T02:33:34-0530",
            "2026-11-21T08:03:34.000000000Z", "2026-11-22T00:03:34+16:00",
        ])
    func spellings(text: String) {
        #expect(Timestamp.parse(text) == Date(timeIntervalSince1970: 1_795_248_214))
    }

    @Test(
        "what is no time",
        arguments: [
            "", "2026", "2026-11-21", "2026-11-21T08:03:34", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
            "2026-11-21T24:00:00Z", "2026-11-21T08:60:00Z", "2026-11-21T08:03:61Z", "2026-11-21T08:03:34.Z",
            "2026-11-21T08:03:34.1234567890Z", "2026-11-21T08:03:34+24:00", "2026-11-21T08:03:34+1",
            "20x6-11-21T08:03:34Z",
            "2026-11-21T08:03:34Zz", "2026-11-21T08:03:34+00:60", "-026-11-21T08:03:34Z",
        ])
    func invalid(text: String) {
        #expect(Timestamp.parse(text) == nil)
    }
}
