import StudioCore
import StudioMedia
import Testing

/// Sequences with numbers, and what is missing among them.
@Suite struct AssemblyGapsTests {
    private static let colours = ["red", "lime", "blue", "white"]

    /// Pictures of one colour each, numbered 8, 9, 11 and 14.
    private static func sequence(_ scratch: Scratch) throws -> [String] {
        try zip([8, 9, 11, 14], colours).map { number, colour in
            let path = scratch.path("shot.00\(number < 10 ? "0" : "")\(number).png")
            try Tool.ffmpeg("-f", "lavfi", "-i", "color=\(colour):s=32x32", "-frames:v", "1", path)
            return path
        }
    }

    /// The frames of a film by the first letters of their colours.
    private static func shown(_ path: String) throws -> String {
        let pixels = try Tool.pixels(path, width: 1, height: 1)
        return stride(from: 0, to: pixels.count, by: 3).map { index in
            switch (pixels[index] > 128, pixels[index + 1] > 128, pixels[index + 2] > 128) {
            case (true, false, false): "r"
            case (false, true, false): "l"
            case (false, false, true): "b"
            default: "w"
            }
        }.joined()
    }

    @Test(
        arguments: [
            (nil, .held, "rllbbbw"), (nil, .skipped, "rlbw"), (9, .held, "llbbbw"), (11, .skipped, "bw"),
        ] as [(Int?, FrameSequence.Gaps, String)])
    func gapsAreHeldOrSkipped(start: Int?, gaps: FrameSequence.Gaps, expected: String) throws {
        let scratch = try Scratch()
        try Assembly(frames: try Self.sequence(scratch), start: start, gaps: gaps).render(to: scratch.path("a.mp4"))
        #expect(try Self.shown(scratch.path("a.mp4")) == expected)
    }

    @Test(
        arguments: [
            (nil, .reported, "10, 12 to 13"), (7, .reported, "7, 10, 12 to 13"), (7, .held, "Frame 7"),
            (20, .skipped, "no frame 20"),
        ] as [(Int?, FrameSequence.Gaps, String)])
    func whatIsMissingIsNamed(start: Int?, gaps: FrameSequence.Gaps, words: String) throws {
        let scratch = try Scratch()
        let frames = try Self.sequence(scratch)
        let error = try #require(throws: MediaError.self) {
            try Assembly(frames: frames, start: start, gaps: gaps).render(to: scratch.path("a.mp4"))
        }
        #expect(error.code == .inputInvalid && error.message.contains(words), "\(error.message)")
        #expect(try !scratch.names.contains("a.mp4"))
    }
}
