import Foundation
import StudioCore
import StudioMedia
import Testing

/// Films taken apart into pictures, judged by `unzip` and `ffmpeg`, and put together again.
@Suite struct DisassemblyTests {
    private static func unpack(_ scratch: Scratch) throws -> [String] {
        try Tool.run("unzip", ["-q", "-o", scratch.path("a.zip"), "-d", scratch.path("frames")])
        return try FileManager.default.contentsOfDirectory(atPath: scratch.path("frames")).sorted()
    }

    /// The decoded frames of a file or a sequence in a format, as `ffmpeg` sees them; in JPEG files the matrix is always
    /// BT.601.
    private static func raw(
        _ scratch: Scratch, _ input: [String], _ format: String, matrix: String = "bt709"
    ) throws -> [UInt8] {
        try Tool.ffmpeg(
            input + [
                "-vf",
                "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp:in_color_matrix=\(matrix)",
                "-pix_fmt", format, "-vsync", "passthrough", "-f", "rawvideo", scratch.path("raw"),
            ])
        return try scratch.bytes("raw")
    }

    /// Lossless kinds hold exactly what `ffmpeg` decodes and converts; the others come close.
    @Test(
        arguments: [
            (StillFormat.png, "yuv420p", "rgb24", 0.0), (.png, "yuv422p10le", "rgb48le", 0),
            (.tif, "yuv420p", "rgb24", 0),
            (.tif, "yuv444p10le", "rgb48le", 0), (.dpx, "yuv422p10le", "gbrp10le", 0), (.dpx, "yuv420p", "rgb24", 0),
            (.webp, "yuv420p", "bgra", 0), (.jpg, "yuv420p", "rgb24", 3),
        ] as [(StillFormat, String, String, Double)])
    func everyFrameIsThereAsItWas(format: StillFormat, source: String, pixels: String, tolerance: Double) throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=66x38:r=24:d=0.5", "-vf", "scale=out_color_matrix=bt709", "-c:v", "ffv1",
            "-pix_fmt", source, "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
            "-color_range", "tv", scratch.path("film.mkv"))
        try Disassembly(input: scratch.path("film.mkv"), format: format, start: 99, quality: .high)
            .render(to: scratch.path("a.zip"))
        let names = try Self.unpack(scratch)
        #expect(names.count == 12)
        #expect(names.first == "film.0099.\(format.rawValue)" && names.last == "film.0110.\(format.rawValue)")
        let made = try Self.raw(
            scratch,
            ["-start_number", "99", "-i", scratch.path("frames/film.%04d.\(format.rawValue)")], pixels,
            matrix: format == .jpg ? "bt601" : "bt709")
        let truth = try Self.raw(scratch, ["-i", scratch.path("film.mkv")], pixels)
        #expect(made.count == truth.count)
        #expect(difference(made, truth) <= tolerance)
    }

    @Test(arguments: StillFormat.allCases) func whatIsTakenApartGoesTogetherAgain(format: StillFormat) throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "gradients=s=64x48:r=24:d=0.25:seed=3:speed=0.2", "-vf",
            "scale=out_color_matrix=bt709", "-c:v", "libx264", "-qp", "1", "-pix_fmt", "yuv420p", "-colorspace",
            "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", scratch.path("film.mp4"))
        try Disassembly(input: scratch.path("film.mp4"), format: format, quality: .high)
            .render(to: scratch.path("a.zip"))
        let frames = try Self.unpack(scratch).map { scratch.path("frames/\($0)") }
        try Assembly(frames: frames, quality: .high).render(to: scratch.path("again.mp4"))
        let first = try Tool.pixels(scratch.path("film.mp4"), width: 64, height: 48)
        let second = try Tool.pixels(scratch.path("again.mp4"), width: 64, height: 48)
        #expect(first.count == second.count)
        #expect(peakSignalToNoise(first, second) > 38)
    }

    @Test func lightIsLinearInOpenEXR() throws {
        let scratch = try Scratch()
        // 104 of 255 by BT.709's curve is 18 % of the light.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=0x686868:s=32x32:r=24:d=0.05,format=gbrp", "-c:v", "ffv1",
            scratch.path("film.mkv"))
        try Disassembly(input: scratch.path("film.mkv"), format: .exr).render(to: scratch.path("a.zip"))
        _ = try Self.unpack(scratch)
        try Tool.ffmpeg(
            "-i", scratch.path("frames/film.0001.exr"), "-pix_fmt", "gbrpf32le", "-f", "rawvideo", scratch.path("raw"))
        let value = try scratch.bytes("raw").withUnsafeBytes { $0.loadUnaligned(as: Float.self) }
        #expect(abs(value - 0.179) < 0.002)
    }

    @Test func transparencyAndTurningAreKept() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=red@0.5:s=64x32:r=24:d=0.1,format=yuva444p10le", "-c:v", "prores_ks",
            "-profile:v", "4444", scratch.path("plain.mov"))
        try Tool.ffmpeg(
            "-i", scratch.path("plain.mov"), "-c", "copy", "-metadata:s:v", "rotate=90", scratch.path("film.mov"))
        for format in [StillFormat.png, .tif, .dpx] {
            try Disassembly(input: scratch.path("film.mov"), format: format).render(to: scratch.path("a.zip"))
            let name = try #require(try Self.unpack(scratch).first { $0.hasSuffix(format.rawValue) })
            let video = try #require(try Tool.ffprobe(scratch.path("frames/\(name)")).video)
            #expect((video.width, video.height) == (32, 64))
            try Tool.ffmpeg(
                "-i", scratch.path("frames/\(name)"), "-vf", "alphaextract,format=gray", "-f", "rawvideo",
                scratch.path("raw"))
            #expect(abs(Int(try scratch.bytes("raw")[100]) - 128) <= 2, "\(format)")
        }
    }

    @Test func theSameFilmGivesTheSameBytes() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=32x32:r=24:d=0.2", scratch.path("film.mp4"))
        for name in ["a.zip", "b.zip"] {
            try Disassembly(input: scratch.path("film.mp4")).render(to: scratch.path(name))
        }
        #expect(try scratch.bytes("a.zip") == scratch.bytes("b.zip"))
        #expect(try StillArchive.countEntries(path: scratch.path("a.zip")) == 5)
        #expect(try StillArchive.countEntries(path: scratch.path("film.mp4")) == nil)
        try scratch.cut("a.zip", to: 0.5, as: "cut.zip")
        #expect(throws: MediaError.self) { try StillArchive.countEntries(path: scratch.path("cut.zip")) }
    }

    @Test func whatEndsEarlyLeavesNothing() throws {
        let scratch = try Scratch()
        struct Stop: Error {}
        try Tool.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=32x32:r=24:d=0.5", scratch.path("film.mkv"))
        #expect(throws: Stop.self) {
            try Disassembly(input: scratch.path("film.mkv")).render(to: scratch.path("a.zip")) {
                if $0.framesDone == 5 { throw Stop() }
            }
        }
        try scratch.cut("film.mkv", to: 0.5, as: "cut.mkv")
        #expect(throws: MediaError.self) {
            try Disassembly(input: scratch.path("cut.mkv")).render(to: scratch.path("a.zip"))
        }
        #expect(try scratch.names == ["cut.mkv", "film.mkv"])
    }
}
