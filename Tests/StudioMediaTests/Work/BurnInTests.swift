import StudioCore
import StudioMedia
import Testing

/// Text and timecode burnt into films.
@Suite struct BurnInTests {
    private static let size = (width: 320, height: 180)

    private static func film(_ scratch: Scratch, _ more: String...) throws -> String {
        try Tool.ffmpeg(
            ["-f", "lavfi", "-i", "color=0x404040:s=320x180:r=24:d=0.5", "-f", "lavfi", "-i", "sine=d=0.5"] + more
                + ["-c:a", "aac", "-pix_fmt", "yuv420p", scratch.path("film.mp4")])
        return scratch.path("film.mp4")
    }

    /// Burns lines in and returns the frames.
    private static func frames(_ scratch: Scratch, _ burnIn: BurnIn) throws -> [[UInt8]] {
        let target = try MediaTarget(video: VideoTarget(quality: .high, rate: .factor(4)), audio: AudioTarget())
        let outcome = try Transcode(
            input: try film(scratch), target: target, change: PictureChange(burnIn: burnIn), copies: true
        ).render(to: scratch.path("made.mp4"))
        #expect(outcome.video == .encoded && outcome.audio == [.copied])
        let pixels = try Tool.pixels(scratch.path("made.mp4"), width: size.width, height: size.height)
        let count = 3 * size.width * size.height
        #expect(pixels.count == 12 * count)
        return stride(from: 0, to: pixels.count, by: count).map { Array(pixels[$0..<min($0 + count, pixels.count)]) }
    }

    /// The thirds of a picture, left to right and down, in which something bright stands.
    private static func thirds(_ frame: [UInt8]) -> Set<Int> {
        var found: Set<Int> = []
        for y in 0..<size.height {
            for x in 0..<size.width where frame[3 * (y * size.width + x)] > 150 {
                found.insert(3 * y / size.height * 3 + 3 * x / size.width)
            }
        }
        return found
    }

    @Test(arguments: zip(BurnIn.Place.allCases, [0, 1, 2, 4, 6, 7, 8])) func textStandsInItsPlace(
        place: BurnIn.Place, third: Int
    ) throws {
        let line = BurnIn.Line(text: "SH 1", place: place, size: 0.1)
        let frames = try Self.frames(try Scratch(), BurnIn(lines: [line]))
        #expect(Self.thirds(frames[0]) == [third] && Self.thirds(frames[11]) == [third])
    }

    @Test func opacityLetsThePictureThrough() throws {
        let line = { BurnIn.Line(text: "III", place: .centre, opacity: $0, size: 0.4) }
        let bright = try [1, 0.5].map { try Self.frames(try Scratch(), BurnIn(lines: [line($0)]))[0].max() ?? 0 }
        #expect(bright[0] > 240 && (130...190).contains(bright[1]))
    }

    @Test(arguments: [
        "%{n} %{pts} %{localtime}", "it's 50%: a,b;c[d]=e", "\\n\\' \\\\ \"quoted\" #1", "':text=x:fontsize=90",
        "Größe ½ – Ω",
    ])
    func textMeansNothingButItself(text: String) throws {
        let frames = try Self.frames(
            try Scratch(), BurnIn(lines: [BurnIn.Line(text: text, place: .topLeft, size: 0.08)]))
        // What would be expanded differs from frame to frame; what ended the text would move it or change its size.
        #expect(difference(frames[1], frames[11]) < 0.2)
        #expect(!Self.thirds(frames[0]).isEmpty && Self.thirds(frames[0]).allSatisfy { $0 < 3 })
    }

    @Test(arguments: [("01:00:00:00", "01:00:00:07"), ("00:59:59:20", "01:00:00:03")])
    func theTimecodeRunsWithTheFrames(start: String, later: String) throws {
        func made(_ timecode: String) throws -> [[UInt8]] {
            let line = BurnIn.Line(text: "TC ", place: .bottom, size: 0.12, hasTimecode: true)
            return try Self.frames(try Scratch(), BurnIn(lines: [line], timecode: timecode))
        }
        let (first, second) = (try made(start), try made(later))
        #expect(peakSignalToNoise(first[7], second[0]) > 35, "seven frames later")
        #expect(peakSignalToNoise(first[6], second[0]) < peakSignalToNoise(first[7], second[0]) - 3)
    }

    @Test func theFilesOwnTimecodeIsTaken() throws {
        let line = BurnIn.Line(text: "", place: .bottom, size: 0.12, hasTimecode: true)
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-i", try Self.film(scratch), "-c", "copy", "-timecode", "10:20:30:05", scratch.path("coded.mov"))
        let target = try MediaTarget(video: VideoTarget(rate: .factor(4)), audio: nil)
        try Transcode(
            input: scratch.path("coded.mov"), target: target, change: PictureChange(burnIn: BurnIn(lines: [line]))
        ).render(to: scratch.path("own.mp4"))
        let named = try Self.frames(try Scratch(), BurnIn(lines: [line], timecode: "10:20:30:05"))
        let own = try Tool.pixels(scratch.path("own.mp4"), width: 320, height: 180)
        #expect(peakSignalToNoise(Array(own.prefix(named[0].count)), named[0]) > 35)
    }

    @Test(arguments: [
        BurnIn(lines: [], timecode: "1:2:3"),
        BurnIn(lines: [BurnIn.Line(text: "", place: .top, hasTimecode: true)], timecode: "00:00:00:24"),
        BurnIn(lines: [BurnIn.Line(text: "", place: .top, hasTimecode: true)], timecode: "00:00:00;02"),
        BurnIn(lines: [BurnIn.Line(text: "x", place: .top, opacity: 2)]),
        BurnIn(lines: [BurnIn.Line(text: "x", place: .top, size: 0)]),
    ])
    func whatCannotBeDrawnIsRefused(burnIn: BurnIn) throws {
        let scratch = try Scratch()
        let film = try Self.film(scratch)
        let error = try #require(throws: MediaError.self) {
            try Transcode(input: film, target: .browser(.standard), change: PictureChange(burnIn: burnIn))
                .render(to: scratch.path("made.mp4"))
        }
        #expect(error.code == .parametersInvalid)
        #expect(try scratch.names == ["film.mp4"])
    }
}
