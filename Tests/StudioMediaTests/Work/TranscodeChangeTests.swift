import StudioCore
import StudioMedia
import Testing

/// What is done to pictures on their way, and what is left as it is.
@Suite struct TranscodeChangeTests {
    /// Every frame's brightness tells its number: 16 and four more for each.
    private static func numbered(_ scratch: Scratch, _ name: String, rate: String, frames: Int) throws {
        try Tool.ffmpeg(
            "-f", "lavfi", "-i",
            "color=black:s=64x64:r=\(rate),format=yuv420p,geq=lum='16+4*N':cb=128:cr=128",
            "-frames:v", String(frames), "-c:v", "ffv1", scratch.path(name))
    }

    private static func numbers(_ path: String) throws -> [Int] {
        let pixels = try scratchGray(path)
        return pixels.map { Int((Double($0) - 16) / 4 + 0.5) }
    }

    private static func scratchGray(_ path: String) throws -> [UInt8] {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-i", path, "-vsync", "passthrough", "-vf", "extractplanes=y,scale=1:1:flags=area", "-f",
            "rawvideo",
            scratch.path("raw"))
        return try scratch.bytes("raw")
    }

    @Test func sizesAreFittedFilledOrStretched() throws {
        let scratch = try Scratch()
        // Black, with a white square of 60 in the middle.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=black:s=192x108:d=0.2,drawbox=x=66:y=24:w=60:h=60:c=white:t=fill",
            scratch.path("a.mp4"))
        for (fit, extent) in [
            (PictureChange.Fit.fit, (31, 31)), (.fill, (56, 56)), (.stretch, (31, 56)),
        ] {
            let change = PictureChange(width: 100, height: 100, fit: fit)
            try Transcode(input: scratch.path("a.mp4"), target: .browser(), change: change)
                .render(to: scratch.path("out.mp4"))
            let pixels = try Tool.pixels(scratch.path("out.mp4"), width: 100, height: 100)
            let across = (0..<100).count { pixels[3 * (50 * 100 + $0)] > 128 }
            let down = (0..<100).count { pixels[3 * ($0 * 100 + 50)] > 128 }
            #expect(abs(across - extent.0) <= 1 && abs(down - extent.1) <= 1, "\(fit): \(across)×\(down)")
        }
    }

    @Test func aCropIsTakenFromThePictureAsItIsSeen() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:d=0.2", "-c:v", "ffv1", scratch.path("a.mkv"))
        let crop = PictureChange.Crop(left: 16, top: 8, right: 32, bottom: 24)
        try Transcode(
            input: scratch.path("a.mkv"), target: .browser(.high), change: PictureChange(crop: crop)
        )
        .render(to: scratch.path("out.mp4"))
        try Tool.ffmpeg(
            "-i", scratch.path("a.mkv"), "-vf", "crop=48:32:16:8", "-c:v", "ffv1", scratch.path("b.mkv"))
        #expect(try Tool.psnr(scratch.path("out.mp4"), scratch.path("b.mkv")) > 30)
        let error = try #require(throws: MediaError.self) {
            try Transcode(
                input: scratch.path("a.mkv"), target: .browser(),
                change: PictureChange(crop: .init(left: 96))
            ).render(to: scratch.path("c.mp4"))
        }
        #expect(error.code == .parametersInvalid)
        #expect(try !scratch.names.contains("c.mp4"))
    }

    /// A film graded in PQ keeps its curve, its tags and what it says of its display, or becomes BT.709 whole.
    @Test func highDynamicRangeIsKeptWithItsSideData() throws {
        let scratch = try Scratch()
        let display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:d=0.5", "-c:v", "libx265", "-x265-params",
            "log-level=error:master-display=\(display):max-cll=1000,400", "-pix_fmt", "yuv420p10le",
            "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc",
            scratch.path("a.mkv"))
        for container in [ContainerKind.mp4, .mkv] {
            let output = scratch.path("out.\(container.rawValue)")
            let target = try MediaTarget(
                container: container, video: VideoTarget(codec: .hevc), audio: nil)
            try Transcode(input: scratch.path("a.mkv"), target: target, keepsDepth: true).render(
                to: output)
            let video = try #require(try Tool.ffprobe(output).video)
            #expect((video.color_primaries, video.color_transfer) == ("bt2020", "smpte2084"))
            #expect((video.color_space, video.pix_fmt) == ("bt2020nc", "yuv420p10le"))
            let track = try #require(try Tool.mediainfo(output)["Video"]?.first)
            #expect(track["MasteringDisplay_Luminance"]?.contains("max: 1000 cd/m2") == true, "\(track)")
            #expect(
                track["MaxCLL"]?.hasPrefix("1000") == true && track["MaxFALL"]?.hasPrefix("400") == true)
            #expect(try Tool.psnr(scratch.path("a.mkv"), output) > 30)
        }
        let target = try MediaTarget(
            container: .mp4, video: VideoTarget(codec: .hevc, depth: .ten), audio: nil)
        try Transcode(input: scratch.path("a.mkv"), target: target, toneMaps: true).render(
            to: scratch.path("sdr.mp4"))
        let video = try #require(try Tool.ffprobe(scratch.path("sdr.mp4")).video)
        #expect((video.color_transfer, video.pix_fmt) == ("bt709", "yuv420p10le"))
        #expect(try Tool.mediainfo(scratch.path("sdr.mp4"))["Video"]?.first?["MaxCLL"] == nil)
    }

    @Test(arguments: ["a.mkv", "a.mp4", "a.ts"])
    func whatIsAsAskedForIsCopied(name: String) throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:r=30000/1001:d=1", "-f", "lavfi", "-i", "sine=d=1",
            "-c:v",
            "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", scratch.path(name))
        let input = scratch.path(name)
        let outcome = try Transcode(input: input, target: .browser(), copies: true).render(
            to: scratch.path("out.mp4"))
        #expect((outcome.video, outcome.audio, outcome.frames) == (.copied, [.copied], 30))
        #expect(try Tool.frameHashes(input) == Tool.frameHashes(scratch.path("out.mp4")))
        #expect(
            try Tool.packetHashes(input, "0:a:0").count
                == Tool.packetHashes(scratch.path("out.mp4"), "0:a:0").count)
        let (before, after) = (try Tool.times(input), try Tool.times(scratch.path("out.mp4")))
        let shifts = zip(before, after).map { $0 - $1 }
        #expect(try #require(shifts.max()) - #require(shifts.min()) < 0.002, "\(before) \(after)")
        // Any change means encoding; the sound stays as it is.
        let small = try Transcode(
            input: input, target: .browser(), change: PictureChange(width: 48), copies: true
        ).render(to: scratch.path("small.mp4"))
        #expect((small.video, small.audio) == (.encoded, [.copied]))
        let other = try Transcode(input: input, target: .browser()).render(
            to: scratch.path("other.mp4"))
        #expect(
            (other.video, other.audio) == (.encoded, [.encoded]),
            "unless it is asked for nothing is copied")
    }

    @Test func aCopyKeepsVariableRatesAndRotation() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=1", "-vf",
            "setpts='if(lt(N,10),N,N*1.7)/25/TB'", "-vsync",
            "vfr", "-pix_fmt", "yuv420p", "-bf", "2", scratch.path("v.mp4"))
        try Tool.ffmpeg(
            "-i", scratch.path("v.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90", scratch.path("r.mp4")
        )
        let outcome = try Transcode(input: scratch.path("r.mp4"), target: .browser(), copies: true)
            .render(to: scratch.path("out.mp4"))
        #expect(outcome.video == .copied)
        #expect(try MediaProbe.read(path: scratch.path("out.mp4")).video?.rotation == 270)
        let (before, after) = (
            try Tool.times(scratch.path("r.mp4")), try Tool.times(scratch.path("out.mp4"))
        )
        #expect(before.count == after.count && zip(before, after).allSatisfy { abs($0 - $1) < 0.001 })
    }

    @Test func manySoundtracksKeepTheirLayoutsAndLanguages() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:d=0.5", "-f", "lavfi", "-i", "sine=d=0.5", "-f",
            "lavfi", "-i",
            "sine=d=0.5,pan=5.1(side)|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0", "-map", "0", "-map", "1",
            "-map", "2",
            "-map",
            "1", "-c:a", "flac", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu",
            "-metadata:s:a:2",
            "language=fra", scratch.path("a.mkv"))
        for (container, codec, layouts) in [
            (ContainerKind.mkv, AudioCodec.flac, ["mono", "5.1(side)", "mono"]),
            (.mov, .pcm24, ["mono", "5.1(side)", "mono"]), (.mp4, .aac, ["mono", "5.1", "mono"]),
            (.webm, .opus, ["mono", "5.1", "mono"]), (.flac, .flac, ["mono"]),
        ] {
            let output = scratch.path("out.\(container.rawValue)")
            let target = try MediaTarget(
                container: container, video: nil, audio: AudioTarget(codec: codec))
            let outcome = try Transcode(input: scratch.path("a.mkv"), target: target).render(to: output)
            #expect(outcome.audio.count == layouts.count)
            let streams = try Tool.ffprobe(output).streams
            #expect(streams.compactMap { $0.channel_layout ?? "mono" } == layouts, "\(container)")
            guard container != .flac else { continue }
            let languages = try Tool.ask(output, "stream_tags=language")
            #expect(
                languages == ["eng", container == .mov ? "ger" : "deu", "fra"], "\(languages)")
        }
        let target = try MediaTarget(
            video: nil, audio: AudioTarget(sampleRate: 48_000, channels: .stereo))
        try Transcode(input: scratch.path("a.mkv"), target: target).render(
            to: scratch.path("stereo.mp4"))
        #expect(try Tool.ffprobe(scratch.path("stereo.mp4")).streams.map(\.channels) == [2, 2, 2])
        #expect(
            try Tool.ffprobe(scratch.path("stereo.mp4")).streams.allSatisfy { $0.sample_rate == "48000" })
    }

    @Test func wordsChaptersAndTimecodeComeAlong() throws {
        let scratch = try Scratch()
        let chapters =
            ";FFMETADATA1\ntitle=Film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=One\n"
            + "[CHAPTER]\nTIMEBASE=1/1000\nSTART=400\nEND=1000\ntitle=Two\n"
        try scratch.write("words.txt", Array(chapters.utf8))
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:r=30000/1001:d=1", "-i", scratch.path("words.txt"),
            "-map", "0",
            "-map_metadata", "1", "-timecode", "01:00:00;00", "-c:v", "prores_ks", scratch.path("a.mov"))
        for (container, rate, timecode) in [
            (ContainerKind.mov, nil, "01:00:00;00"), (.mp4, nil, "01:00:00;00"),
            (.mkv, nil, "01:00:00;00"),
            (.mp4, "25", "01:00:00:00"),
        ] as [(ContainerKind, String?, String)] {
            let output = scratch.path("out.\(container.rawValue)")
            let target = try MediaTarget(
                container: container, video: VideoTarget(quality: .low), audio: nil)
            let change = PictureChange(frameRate: try rate.map { try FrameRate(parsing: $0) })
            try Transcode(input: scratch.path("a.mov"), target: target, change: change).render(to: output)
            #expect(try Tool.ask(output, "format_tags=title") == ["Film"])
            #expect(try Tool.ask(output, "chapter_tags=title") == ["One", "Two"])
            let tags =
                try Tool.ask(output, "stream_tags=timecode") + Tool.ask(output, "format_tags=timecode")
            #expect(tags.contains(timecode), "\(container): \(tags)")
        }
    }

    @Test func soundIntoAFileOfPicturesAloneIsRefused() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", scratch.path("a.wav"))
        let target = try MediaTarget(video: VideoTarget(), audio: nil)
        let error = try #require(throws: MediaError.self) {
            try Transcode(input: scratch.path("a.wav"), target: target).render(
                to: scratch.path("out.mp4"))
        }
        #expect(error.code == .unsupported)
        #expect(try scratch.names == ["a.wav"])
    }
}
