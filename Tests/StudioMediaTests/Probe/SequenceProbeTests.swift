import StudioCore
import StudioMedia
import Testing

/// What is told of numbered sequences of picture files.
@Suite struct SequenceProbeTests {
    private static func make(_ scratch: Scratch, _ name: String, _ source: String, _ options: String...) throws
        -> String
    {
        try Tool.ffmpeg(
            ["-f", "lavfi", "-i", source, "-frames:v", "1"] + options + ["-update", "1", scratch.path(name)])
        return scratch.path(name)
    }

    @Test func numbersFormatsAndWhatDiffersAreTold() throws {
        let scratch = try Scratch()
        var frames: [String] = []
        for number in [8, 9, 10, 12, 15] {
            let name = "beauty.00\(number < 10 ? "0" : "")\(number).png"
            let size = number == 10 ? "64x48" : "97x65"
            frames.append(
                try Self.make(
                    scratch, name, "rgbtestsrc=s=\(size)", "-pix_fmt", number == 12 ? "rgb24" : "rgba64be"))
        }
        try scratch.cut("beauty.0009.png", to: 0.5, as: "beauty.0009.png")
        let probe = try SequenceProbe.read(frames: frames)
        let numbering = try #require(probe.numbering)
        #expect(
            (numbering.pattern, numbering.first, numbering.last, numbering.padding) == ("beauty.####.png", 8, 15, 4))
        #expect(probe.count == 5 && probe.missingCount == 3)
        #expect(probe.missing.map { [$0.first, $0.last] } == [[11, 11], [13, 14]])
        let picture = try #require(probe.picture)
        let judged = try #require(try Tool.ffprobe(frames[0]).video)
        #expect((picture.width, picture.height, picture.pixelFormat) == (97, 65, "rgba64be"))
        #expect((judged.width, judged.height, judged.pix_fmt) == (97, 65, "rgba64be"))
        #expect((picture.kind, picture.bitDepth, picture.hasAlpha, picture.light) == ("png", 16, true, .display))
        #expect(probe.mismatchCount == 2 && probe.mismatches.map(\.number) == [10, 12])
        #expect(probe.mismatches[0].differences == ["64×48 instead of 97×65"])
        #expect(probe.mismatches[1].differences.first == "rgb24 instead of rgba64be")
        #expect(probe.damagedCount == 1 && probe.damaged[0].file == "beauty.0009.png")
        #expect(!probe.damaged[0].reason.contains(scratch.folder))
    }

    /// A kind of file, and what is told of its pictures.
    struct Kind: Sendable, CustomTestStringConvertible {
        var name: String
        var options: [String]
        var kind: String
        var depth: Int
        var light: PictureLight
        var testDescription: String { "\(kind) of \(depth) bits" }
    }

    private static let kinds = [
        Kind(name: "a%d.jpg", options: [], kind: "jpeg", depth: 8, light: .display),
        Kind(name: "a%d.tif", options: ["-pix_fmt", "rgb48le"], kind: "tiff", depth: 16, light: .display),
        Kind(name: "a%d.dpx", options: ["-pix_fmt", "gbrp10le"], kind: "dpx", depth: 10, light: .display),
        Kind(name: "a%d.exr", options: ["-pix_fmt", "gbrpf32le"], kind: "exr", depth: 32, light: .linear),
        Kind(
            name: "a%d.webp", options: ["-lossless", "1", "-pix_fmt", "bgra"], kind: "webp", depth: 8, light: .display),
    ]

    @Test(arguments: kinds) func everyKindIsKnown(kind: Kind) throws {
        let scratch = try Scratch()
        let frames = try [7, 8].map { number in
            let name = kind.name.replacing("%d", with: "\(number)")
            try Tool.ffmpeg(
                ["-f", "lavfi", "-i", "testsrc2=s=66x34", "-frames:v", "1"] + kind.options
                    + ["-update", "1", scratch.path(name)])
            return scratch.path(name)
        }
        let probe = try SequenceProbe.read(frames: frames)
        let picture = try #require(probe.picture)
        #expect((picture.kind, picture.bitDepth, picture.light) == (kind.kind, kind.depth, kind.light))
        #expect((picture.width, picture.height) == (66, 34))
        #expect(probe.mismatchCount == 0 && probe.missingCount == 0 && probe.damagedCount == 0)
        #expect(probe.numbering?.padding == 1)
    }

    @Test func anotherKindAmongThemAndTurnedOnesAreTold() throws {
        let scratch = try Scratch()
        let frames = [
            try Self.make(scratch, "f1.png", "testsrc2=s=64x48"), try Self.make(scratch, "f2.jpg", "testsrc2=s=64x48"),
        ]
        let probe = try SequenceProbe.read(frames: frames)
        #expect(probe.numbering?.pattern == "f#.*")
        #expect(probe.mismatches.first?.differences.contains("jpeg instead of png") == true)
    }

    @Test func whatIsNoSequenceHasNoNumbers() throws {
        let scratch = try Scratch()
        let frames = [
            try Self.make(scratch, "sea.png", "testsrc2=s=64x48"),
            try Self.make(scratch, "sun.png", "testsrc2=s=64x48"),
        ]
        let probe = try SequenceProbe.read(frames: frames)
        #expect(probe.numbering == nil && probe.count == 2 && probe.missingCount == 0)
    }

    @Test func nothingAtAllIsAnError() throws {
        let scratch = try Scratch()
        try scratch.write("f1.png", Array("no".utf8))
        #expect(throws: MediaError.self) { try SequenceProbe.read(frames: []) }
        let error = try #require(throws: MediaError.self) { try SequenceProbe.read(frames: [scratch.path("f1.png")]) }
        #expect(error.code == .inputInvalid && error.message.contains("f1.png"))
    }

    @Test func longListsAreCountedToTheirEnd() throws {
        let scratch = try Scratch()
        var frames = [try Self.make(scratch, "f.0000.png", "testsrc2=s=16x16")]
        let bytes = try scratch.bytes("f.0000.png")
        for number in stride(from: 2, through: 602, by: 2) {
            let name = "f." + String(repeating: "0", count: 4 - String(number).count) + "\(number).png"
            try scratch.write(name, Array(bytes.prefix(bytes.count / 2)))
            frames.append(scratch.path(name))
        }
        let probe = try SequenceProbe.read(frames: frames)
        #expect(probe.missingCount == 301 && probe.missing.count == SequenceProbe.longestList)
        #expect(probe.damagedCount == 301 && probe.damaged.count == SequenceProbe.longestList)
    }

    @Test func anAssemblyTellsTheSame() throws {
        let scratch = try Scratch()
        let frames = try [3, 4, 7].map { number in
            try Self.make(scratch, "x_\(number).png", "testsrc2=s=\(number == 7 ? "32x32" : "64x48")")
        }
        let outcome = try Assembly(frames: frames, gaps: .held).render(to: scratch.path("a.mp4"))
        #expect(outcome.frames == 5)
        #expect(outcome.sequence == (try SequenceProbe.read(frames: frames)))
        let later = try Assembly(frames: frames, start: 4, gaps: .skipped).render(to: scratch.path("b.mp4"))
        #expect(later.sequence.numbering?.first == 4 && later.sequence.count == 2 && later.frames == 2)
    }
}
