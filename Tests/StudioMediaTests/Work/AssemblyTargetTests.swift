import StudioCore
import StudioMedia
import Testing

/// Sequences made into what is asked for: kinds of file, codecs, depth, transparency, size, sound.
@Suite struct AssemblyTargetTests {
    /// Pictures of growing brightness, with numbers.
    private static func sequence(
        _ scratch: Scratch, count: Int, size: String = "96x64", format: String = "rgb24", kind: String = "png"
    ) throws -> [String] {
        try Tool.ffmpeg(
            "-f", "lavfi", "-i",
            "color=black:s=\(size):r=25,format=gbrp,geq=r='8*N':g='8*N':b='8*N',format=\(format)", "-frames:v",
            "\(count)",
            "-start_number", "1", scratch.path("f.%04d.\(kind)"))
        return (1...count).map { scratch.path("f.\($0 < 10 ? "000" : "00")\($0).\(kind)") }
    }

    /// A kind of file and a codec, and what `ffprobe` says of them.
    struct Kind: Sendable, CustomTestStringConvertible {
        var container: ContainerKind
        var target: VideoTarget
        var codec: String
        var format: String
        var testDescription: String { "\(container) \(codec) \(format)" }
    }

    private static let kinds = [
        Kind(container: .mp4, target: VideoTarget(), codec: "h264", format: "yuv420p"),
        Kind(container: .mp4, target: VideoTarget(codec: .hevc), codec: "hevc", format: "yuv420p10le"),
        Kind(
            container: .mov, target: VideoTarget(codec: .prores, profile: .lt), codec: "prores", format: "yuv422p10le"),
        Kind(container: .mkv, target: VideoTarget(codec: .vp9), codec: "vp9", format: "yuv420p10le"),
        Kind(container: .webm, target: VideoTarget(codec: .av1, quality: .low), codec: "av1", format: "yuv420p10le"),
        Kind(
            container: .webm, target: VideoTarget(codec: .vp9, chroma: .full), codec: "vp9", format: "yuv444p10le"),
    ]

    @Test(arguments: kinds) func everyKindIsMade(kind: Kind) throws {
        let scratch = try Scratch()
        let frames = try Self.sequence(scratch, count: 12, format: "rgb48be")
        let outcome = try Assembly(
            frames: frames, frameRate: try FrameRate(25), container: kind.container, target: kind.target,
            keepsDepth: true
        ).render(to: scratch.path("made"))
        #expect(outcome.frames == 12 && !outcome.hasSound)
        let judged = try Tool.ffprobe(scratch.path("made"))
        let video = try #require(judged.video)
        #expect(judged.audio == nil)
        #expect((video.codec_name, video.pix_fmt, video.nb_read_frames) == (kind.codec, kind.format, "12"))
        #expect((video.color_space, video.color_range) == ("bt709", "tv"))
        let pixels = try Tool.pixels(scratch.path("made"), width: 1, height: 1)
        for frame in 0..<12 { #expect(abs(Int(pixels[3 * frame]) - 8 * frame) < 5, "frame \(frame)") }
    }

    @Test(arguments: [VideoRate.factor(10), .factor(45), .bits(60_000)]) func theRateIsMet(rate: VideoRate) throws {
        let scratch = try Scratch()
        for number in 1...24 {
            try MockImage(prompt: "sea", seed: UInt64(number), width: 96, height: 64)
                .render(to: scratch.path("f.\(number).png"))
        }
        let frames = (1...24).map { scratch.path("f.\($0).png") }
        func size(_ rate: VideoRate) throws -> Int {
            try Assembly(frames: frames, target: VideoTarget(rate: rate)).render(to: scratch.path("made.mp4"))
            return try scratch.bytes("made.mp4").count
        }
        let (usual, asked) = (try size(.tier), try size(rate))
        switch rate {
        case .factor(let factor): #expect(factor < 20 ? asked > usual : asked < usual, "\(asked) of \(usual)")
        default: #expect((3000...16_000).contains(asked), "60 kbit in a second: \(asked)")
        }
    }

    private static let alphaKinds = [
        Kind(
            container: .mov, target: VideoTarget(codec: .prores, profile: .p4444, alpha: true), codec: "prores",
            format: "yuva444p12le"),
        Kind(
            container: .webm, target: VideoTarget(codec: .vp9, rate: .factor(4), alpha: true), codec: "vp9",
            format: "yuva420p"),
    ]

    @Test(arguments: alphaKinds) func transparencyIsKeptWhereItIsAskedFor(kind: Kind) throws {
        let scratch = try Scratch()
        // Half transparent red; the second picture is narrower, with nothing beside it.
        for (number, size) in [(1, "97x65"), (2, "49x65")] {
            try Tool.ffmpeg(
                "-f", "lavfi", "-i", "color=red@0.5:s=\(size),format=rgba", "-frames:v", "1",
                scratch.path("f.\(number).png"))
        }
        let frames = [1, 2].map { scratch.path("f.\($0).png") }
        try Assembly(frames: frames, container: kind.container, target: kind.target).render(to: scratch.path("made"))
        let decoder = kind.container == .webm ? ["-c:v", "libvpx-vp9"] : []
        try Tool.ffmpeg(
            decoder + ["-i", scratch.path("made"), "-pix_fmt", "rgba", "-f", "rawvideo", scratch.path("raw")])
        let pixels = try scratch.bytes("raw")
        #expect(pixels.count == 2 * 96 * 64 * 4)
        func pixel(_ frame: Int, _ x: Int, _ y: Int) -> [Int] {
            let place = (frame * 64 + y) * 96 + x
            return pixels[(4 * place)..<(4 * place + 4)].map { Int($0) }
        }
        for frame in 0...1 {
            let middle = pixel(frame, 48, 32)
            #expect(abs(middle[3] - 128) < 4 && middle[0] > 245 && middle[1] < 12, "\(middle)")
        }
        #expect(pixel(1, 4, 32)[3] < 4 && pixel(0, 4, 32)[3] > 120, "nothing beside the narrow one")
        let probe = try MediaProbe.read(path: scratch.path("made"))
        #expect(probe.video?.hasAlpha == true)
        try Assembly(frames: frames).render(to: scratch.path("flat.mp4"))
        let flat = try Tool.pixels(scratch.path("flat.mp4"), width: 1, height: 1)
        #expect(abs(Int(flat[0]) - 128) < 6, "on black where it is not asked for")
    }

    private static let impossible = [
        Kind(container: .mp4, target: VideoTarget(alpha: true), codec: "", format: ""),
        Kind(container: .mov, target: VideoTarget(codec: .prores, alpha: true), codec: "", format: ""),
        Kind(container: .mp4, target: VideoTarget(codec: .vp9, alpha: true), codec: "", format: ""),
        Kind(container: .webm, target: VideoTarget(codec: .vp9, depth: .ten, alpha: true), codec: "", format: ""),
        Kind(container: .webm, target: VideoTarget(), codec: "", format: ""),
        Kind(container: .mov, target: VideoTarget(codec: .prores, rate: .factor(3)), codec: "", format: ""),
    ]

    @Test(arguments: impossible) func whatDoesNotGoTogetherIsRefused(kind: Kind) throws {
        let scratch = try Scratch()
        let frames = try Self.sequence(scratch, count: 1)
        let error = try #require(throws: MediaError.self) {
            try Assembly(frames: frames, container: kind.container, target: kind.target).render(
                to: scratch.path("made"))
        }
        #expect(error.code == .parametersInvalid && error.message.contains(kind.target.codec.title), "\(error.message)")
        #expect(try scratch.names == ["f.0001.png"])
    }

    @Test(arguments: [("97x65", 32, 48, 32), ("97x65", 100, 96, 64), ("1000x30", 16, 532, 16), ("31x333", 64, 6, 64)])
    func tallPicturesAreMadeSmaller(size: String, height: Int, wide: Int, high: Int) throws {
        let scratch = try Scratch()
        let frames = try Self.sequence(scratch, count: 2, size: size)
        try Assembly(frames: frames, maxHeight: height).render(to: scratch.path("made.mp4"))
        let video = try #require(try Tool.ffprobe(scratch.path("made.mp4")).video)
        #expect((video.width, video.height) == (wide, high))
        // No black at the sides: the second picture is 8 of 255 all over.
        let pixels = try Tool.pixels(scratch.path("made.mp4"), width: wide, height: high).suffix(3 * wide * high)
        #expect(pixels.allSatisfy { (4...13).contains($0) })
    }

    @Test func theSameWorkGivesWhatItGaveBefore() throws {
        let scratch = try Scratch()
        let frames = try Self.sequence(scratch, count: 5)
        try Assembly(frames: frames).render(to: scratch.path("a.mp4"))
        try Assembly(frames: frames, container: .mp4, target: VideoTarget(quality: .standard), keepsDepth: true)
            .render(to: scratch.path("b.mp4"))
        #expect(try scratch.bytes("a.mp4") == scratch.bytes("b.mp4"))
    }
}
