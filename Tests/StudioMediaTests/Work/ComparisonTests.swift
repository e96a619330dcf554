import Foundation
import StudioCore
import StudioMedia
import Testing

/// Comparisons, judged by `ffmpeg`'s own run of the measures.
@Suite struct ComparisonTests {
    private static func film(_ scratch: Scratch, _ name: String, _ quantiser: Int, seconds: Double = 0.5) throws {
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:r=24:d=\(seconds)", "-c:v", "libx264", "-qp", "\(quantiser)",
            "-pix_fmt", "yuv420p", "-color_range", "tv", "-colorspace", "bt709", scratch.path(name))
    }

    /// What `ffmpeg` measures over all frames: the number behind a word in its last line.
    private static func judged(_ scratch: Scratch, _ filter: String, _ word: String) throws -> Double {
        let text = try Tool.run(
            "ffmpeg",
            [
                "-nostdin", "-i", scratch.path("b.mp4"), "-i", scratch.path("a.mp4"), "-lavfi", "[0][1]\(filter)", "-f",
                "null", "-",
            ])
        let line = try #require(text.split(separator: "\n").last { $0.contains("Parsed_\(filter)") })
        let value = try #require(line.split(separator: " ").first { $0.hasPrefix(word + ":") })
        return try #require(Double(value.dropFirst(word.count + 1)))
    }

    @Test func theNumbersAreThoseOfTheJudge() throws {
        let scratch = try Scratch()
        try Self.film(scratch, "a.mp4", 5)
        try Self.film(scratch, "b.mp4", 35)
        let result = try Comparison(reference: scratch.path("a.mp4"), candidate: scratch.path("b.mp4"))
            .render(to: scratch.path("d.mp4"))
        #expect(result.frames.count == 12 && result.referenceFrames == 12 && result.candidateFrames == 12)
        let psnr = try #require(result.psnr)
        #expect(abs(psnr - (try Self.judged(scratch, "psnr", "average"))) < 0.02)
        #expect(abs(result.ssim - (try Self.judged(scratch, "ssim", "All"))) < 0.001)
        let worst = try #require(result.worstFrame)
        #expect(result.frames[worst].psnr == result.frames.compactMap(\.psnr).min())
        let video = try #require(try Tool.ffprobe(scratch.path("d.mp4")).video)
        #expect((video.width, video.height, video.nb_read_frames) == (96, 64, "12"))
        try result.write(to: scratch.path("m.json"))
        let read = try JSONDecoder().decode(ComparisonReport.self, from: Data(try scratch.bytes("m.json")))
        #expect(read.psnr == result.psnr && read.frames == result.frames)
    }

    @Test func whatIsTheSameHasNoNoiseAndABlackDifference() throws {
        let scratch = try Scratch()
        try Self.film(scratch, "a.mp4", 20)
        let result = try Comparison(
            reference: scratch.path("a.mp4"), candidate: scratch.path("a.mp4"), gain: 64, isPicture: true
        ).render(to: scratch.path("d.png"))
        #expect(result.psnr == nil && result.worstFrame == nil && result.ssim == 1)
        #expect(result.frames.allSatisfy { $0.psnr == nil })
        #expect(try Tool.pixels(scratch.path("d.png"), width: 96, height: 64).allSatisfy { $0 == 0 })
    }

    @Test func theDifferenceStandsWhereItIs() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "color=gray:s=97x65,format=rgb24", "-frames:v", "1", scratch.path("a.png"))
        try Tool.ffmpeg(
            "-i", scratch.path("a.png"), "-vf", "drawbox=x=60:y=40:w=20:h=20:c=0x8A8080:t=fill", "-frames:v", "1",
            scratch.path("b.png"))
        let result = try Comparison(
            reference: scratch.path("a.png"), candidate: scratch.path("b.png"), gain: 8, isPicture: true
        ).render(to: scratch.path("d.png"))
        #expect(result.worstFrame == 0)
        let pixels = try Tool.pixels(scratch.path("d.png"), width: 97, height: 65)
        #expect(pixels[3 * (10 * 97 + 10)] == 0 && abs(Int(pixels[3 * (50 * 97 + 70)]) - 80) <= 1)
    }

    @Test func anotherSizeIsBroughtToTheReferencesAndMissingFramesAreTold() throws {
        let scratch = try Scratch()
        try Self.film(scratch, "a.mp4", 10)
        try Self.film(scratch, "long.mp4", 10, seconds: 0.75)
        try Tool.ffmpeg("-i", scratch.path("long.mp4"), "-vf", "scale=192:128", "-qp", "5", scratch.path("b.mp4"))
        let result = try Comparison(reference: scratch.path("a.mp4"), candidate: scratch.path("b.mp4"))
            .render(to: scratch.path("d.mp4"))
        #expect((result.frames.count, result.referenceFrames, result.candidateFrames) == (12, 12, 18))
        #expect(try #require(result.psnr) > 25)
    }

    @Test func tenBitsAreComparedInTenBits() throws {
        let scratch = try Scratch()
        // A step of one in ten bits would vanish in eight.
        for (name, level) in [("a.mkv", 512), ("b.mkv", 513)] {
            try Tool.ffmpeg(
                "-f", "lavfi", "-i", "color=gray:s=64x64:r=24:d=0.1,format=yuv420p10le,lutyuv=y=\(level)", "-c:v",
                "ffv1",
                scratch.path(name))
        }
        let result = try Comparison(reference: scratch.path("a.mkv"), candidate: scratch.path("b.mkv"))
            .render(to: scratch.path("d.mp4"))
        // A mean squared error of 2/3 (luma alone of 4:2:0) of a peak of 1023.
        #expect(abs(try #require(result.psnr) - 61.96) < 0.02)
    }

    @Test func soundIsNothingToCompare() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "sine=d=1", scratch.path("a.wav"))
        let error = try #require(throws: MediaError.self) {
            try Comparison(reference: scratch.path("a.wav"), candidate: scratch.path("a.wav"))
                .render(to: scratch.path("d.mp4"))
        }
        #expect(error.code == .unsupported)
        #expect(try scratch.names == ["a.wav"])
    }
}
