import Foundation
import StudioCore
import StudioMedia
import Testing

/// Films whose frames last differently: brought to a rate by a stated rule, and left as they are where none is asked for.
@Suite struct VariableRateTests {
    /// When each frame is due, in milliseconds: at 30 a second, then at 10, then a picture that stands for a second.
    private static let times = (0..<12).map { $0 * 100 / 3 } + (0..<6).map { 400 + 100 * $0 } + [2000, 2040, 2080]

    /// A film whose frames tell their number by their brightness. Matroska counts milliseconds, MP4 here 90,000ths.
    private static func film(_ scratch: Scratch, _ name: String) throws -> String {
        let due = times.enumerated().map { "\($1 * 90)*eq(N,\($0))" }.joined(separator: "+")
        try Tool.ffmpeg(
            "-f", "lavfi", "-i",
            "color=black:s=64x64:r=25,format=yuv420p,geq=lum='16+4*N':cb=128:cr=128,settb=1/90000,setpts='\(due)'",
            "-frames:v", "\(times.count)", "-vsync", "passthrough", "-enc_time_base", "-1", "-c:v",
            name.hasSuffix("mkv") ? "ffv1" : "libx264", "-video_track_timescale", "90000", "-qp", "0",
            scratch.path(name))
        let made = try Tool.times(scratch.path(name))
        #expect(made.count == times.count, "the film is as it was meant")
        for (found, meant) in zip(made, times) { #expect(abs(found - Double(meant) / 1000) < 0.0011) }
        #expect(try MediaProbe.read(path: scratch.path(name)).video?.steadyFrameRate == nil)
        return scratch.path(name)
    }

    @Test(arguments: ["a.mkv", "a.mp4"], ["24", "25", "30000/1001", "60"])
    func aConstantRateShowsWhatIsDueInEachFramesTime(name: String, text: String) throws {
        let scratch = try Scratch()
        let rate = try FrameRate(parsing: text)
        try Transcode(
            input: try Self.film(scratch, name), target: .browser(.high), change: PictureChange(frameRate: rate)
        ).render(to: scratch.path("out.mp4"))
        let source = try Tool.times(scratch.path(name))
        let (numbers, times) = (
            try NumberedFilm.numbers(scratch.path("out.mp4")), try Tool.times(scratch.path("out.mp4"))
        )
        let video = try #require(try Tool.ffprobe(scratch.path("out.mp4")).video)
        #expect((video.avg_frame_rate, video.r_frame_rate) == (rate.description, rate.description))
        #expect(try MediaProbe.read(path: scratch.path("out.mp4")).video?.steadyFrameRate == rate.description)
        for (index, time) in times.enumerated() {
            #expect(abs(time - Double(index) / rate.framesPerSecond) < 0.000_02, "frame \(index) is due at \(time)")
            // What is due while the frame is shown; a millisecond either side of its borders is what Matroska counts in.
            let begin = Double(index) / rate.framesPerSecond - 0.0011
            let end = Double(index + 1) / rate.framesPerSecond + 0.0011
            let first = source.lastIndex { $0 <= begin } ?? 0
            let last = source.lastIndex { $0 <= end } ?? 0
            #expect((first...last).contains(numbers[index]), "frame \(index) shows \(numbers[index])")
        }
        #expect(
            Set(numbers).isSuperset(of: [0, 12, 17]) && numbers == numbers.sorted(), "long ones are all shown, in order"
        )
        // As long as the film, to a frame.
        let length = Double(times.count) / rate.framesPerSecond
        #expect(abs(length - 2.12) <= 1 / rate.framesPerSecond + 0.001, "\(length) s")
    }

    @Test(arguments: ["a.mkv", "a.mp4"], [ContainerKind.mp4, .mov, .mkv, .webm])
    func everyFrameKeepsItsTimeWhereNoRateIsAskedFor(name: String, container: ContainerKind) throws {
        let scratch = try Scratch()
        let codec: VideoCodec = container == .webm ? .vp9 : .h264
        let target = try MediaTarget(
            container: container, video: VideoTarget(codec: codec, quality: .low, rate: .factor(4)), audio: nil)
        try Transcode(input: try Self.film(scratch, name), target: target).render(to: scratch.path("out"))
        let (before, after) = (try Tool.times(scratch.path(name)), try Tool.times(scratch.path("out")))
        #expect(after.count == before.count)
        // Matroska counts milliseconds, and rounds them once more on the way out.
        let isCoarse = name.hasSuffix("mkv") || [.mkv, .webm].contains(container)
        let tick = isCoarse ? 0.0011 : 0.000_02
        for (first, second) in zip(before, after) { #expect(abs(first - second) <= tick, "\(first) became \(second)") }
        #expect(try NumberedFilm.numbers(scratch.path("out")) == Array(0..<Self.times.count))
        #expect(try MediaProbe.read(path: scratch.path("out")).video?.steadyFrameRate == nil)
    }

    @Test func soundStaysWithThePicturesAtAnyRate() throws {
        let scratch = try Scratch()
        // A flash and a beep at 1 s, among frames of 40 and of 20 ms.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i",
            "color=black:s=64x64:r=50:d=2,drawbox=c=white:t=fill:enable='between(n,50,51)',"
                + "select='lt(n,40)*not(mod(n,2))+gte(n,40)'",
            "-f", "lavfi", "-i", "aevalsrc='0.5*between(t,1-1e-6,1.04-1e-6)*cos(2*PI*1000*(t-1))':s=48000:d=2",
            "-vsync",
            "passthrough", "-c:v", "libx264", "-c:a", "pcm_s16le", scratch.path("a.mov"))
        for rate in [nil, try FrameRate(25), try FrameRate(50)] {
            try Transcode(
                input: scratch.path("a.mov"), target: .browser(.low), change: PictureChange(frameRate: rate)
            ).render(to: scratch.path("out.mp4"))
            let offsets = try FlashAndBeep.offsets(scratch.path("out.mp4"))
            #expect(offsets.count == 1 && abs(offsets[0]) < 0.000_1, "\(rate?.description ?? "own"): \(offsets)")
        }
    }
}
