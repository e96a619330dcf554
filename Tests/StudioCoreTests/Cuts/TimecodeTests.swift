import StudioCore
import Testing

@Suite("Exact time and timecode")
struct TimecodeTests {
    static let film = EditRate.film
    static let ntsc = EditRate(parsing: "29.97") ?? .film
    static let fast = EditRate(parsing: "60000/1001") ?? .film
    static let slow = EditRate(parsing: "23.976") ?? .film

    @Test(
        "A rate is the fraction that its decimal means",
        arguments: [
            ("23.976", "24000/1001"), ("23.98", "24000/1001"), ("23.976023976023978", "24000/1001"), ("24", "24/1"),
            ("24.0", "24/1"), ("29.97", "30000/1001"), ("59.94", "60000/1001"), ("12.5", "25/2"), ("48000", "48000/1"),
            ("50/2", "25/1"),
        ])
    func rates(text: String, fraction: String) {
        #expect(EditRate(parsing: text)?.description == fraction)
    }

    @Test("What is no rate", arguments: ["", "0", "-24", "x", "24/0", "1/2/3", "nan", "inf", "2000000"])
    func noRates(text: String) {
        #expect(EditRate(parsing: text) == nil)
    }

    /// The numbers of SMPTE ST 12-1, and the first and last frames around the ones that are left out.
    @Test(
        "Drop-frame timecode keeps up with the clock",
        arguments: [
            (0, "00:00:00;00"), (1799, "00:00:59;29"), (1800, "00:01:00;02"), (17_981, "00:09:59;29"),
            (17_982, "00:10:00;00"), (17_982 + 1800, "00:11:00;02"), (107_892, "01:00:00;00"),
            (2_589_407, "23:59:59;29"), (2_589_408, "00:00:00;00"),
        ])
    func dropFrame(frames: Int, text: String) {
        #expect(Timecode.text(frames, at: Self.ntsc, isDropFrame: true) == text)
        #expect(Timecode.frames(text, at: Self.ntsc) == frames % 2_589_408)
    }

    @Test("Every frame has its own timecode, read back as the same frame")
    func everyFrame() {
        for (rate, drops) in [(Self.ntsc, true), (Self.fast, true), (Self.slow, false)] {
            var before = ""
            for frame in stride(from: 0, to: rate.timecodeBase * 1300, by: 1) where frame % 397 == 0 || frame % 1800 < 3
            {
                let text = Timecode.text(frame, at: rate, isDropFrame: drops)
                #expect(text != before && Timecode.frames(text, at: rate) == frame)
                before = text
            }
        }
        #expect(Timecode.text(3600, at: Self.fast, isDropFrame: true) == "00:01:00;04")
        #expect(Timecode.text(86_400, at: Self.slow) == "01:00:00:00")
    }

    @Test(
        "What is no timecode of the rate",
        arguments: [
            "00:00:00:24", "24:00:00:00", "00:60:00:00", "00:00:00", "1:00:00:00", "00:00:00;00", "xx", "00:00:00:-1",
        ])
    func noTimecode(text: String) {
        #expect(Timecode.frames(text, at: Self.film) == nil)
    }

    @Test("Frame numbers that drop-frame leaves out are refused")
    func leftOut() {
        #expect(Timecode.frames("00:01:00;00", at: Self.ntsc) == nil)
        #expect(Timecode.frames("00:01:00:01", at: Self.ntsc, isDropFrame: true) == nil)
        #expect(Timecode.frames("00:10:00;01", at: Self.ntsc) == 17_983)
        #expect(Timecode.frames("00:01:00:00", at: Self.ntsc) == 1800)
    }

    @Test("An hour of frames and samples at unrelated rates adds up without drift")
    func sums() throws {
        let samples = try #require(EditRate(48_000))
        var sum = ExactSeconds.zero
        for _ in 0..<107_892 { sum = try #require(sum.adding(EditTime(1, at: Self.ntsc).seconds)) }
        #expect(sum == EditTime(107_892, at: Self.ntsc).seconds)
        #expect(sum.framesRounded(at: samples) == 172_799_827)
        #expect(sum.framesRounded(at: Self.ntsc) == 107_892)
        #expect(EditTime(-1, at: Self.film).seconds.framesRoundedDown(at: .film) == -1)
        #expect(ExactSeconds(-1, 48).framesRoundedDown(at: .film) == -1)
        #expect(ExactSeconds(-1, 48).framesRounded(at: .film) == 0)
        #expect(EditTime(12, at: .film).rescaled(to: samples).frames == 24_000)
    }
}
