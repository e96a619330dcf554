import StudioCore
import StudioMedia
import Testing

/// Every kind of file and codec, judged by programs that have no part in ours.
@Suite struct TranscodeTargetTests {
    /// Half a second in ten bits and 4:2:2, with stereo sound; large enough for DNxHR.
    private static func source(_ scratch: Scratch) throws -> String {
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=256x144:r=24:d=0.5", "-f", "lavfi", "-i",
            "sine=f=440:r=48000:d=0.5,pan=stereo|c0=c0|c1=c0", "-c:v", "ffv1", "-pix_fmt", "yuv422p10le",
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range",
            "tv", "-c:a",
            "flac", scratch.path("source.mkv"))
        return scratch.path("source.mkv")
    }

    struct Case: CustomTestStringConvertible {
        var container: ContainerKind
        var video: VideoTarget?
        var audio: AudioTarget?
        var codec: String
        var pixels = "yuv420p"
        var sound: String
        var testDescription: String { "\(container) \(codec) \(sound)" }
    }

    @Test(arguments: [
        Case(container: .mp4, video: VideoTarget(), audio: AudioTarget(), codec: "h264", sound: "aac"),
        Case(
            container: .mp4, video: VideoTarget(codec: .hevc, depth: .ten),
            audio: AudioTarget(codec: .opus),
            codec: "hevc", pixels: "yuv420p10le", sound: "opus"),
        Case(
            container: .mp4, video: VideoTarget(codec: .av1, depth: .ten),
            audio: AudioTarget(codec: .flac),
            codec: "av1",
            pixels: "yuv420p10le", sound: "flac"),
        Case(
            container: .mov, video: VideoTarget(codec: .prores), audio: AudioTarget(codec: .pcm24),
            codec: "prores",
            pixels: "yuv422p10le", sound: "pcm_s24le"),
        Case(
            container: .mov, video: VideoTarget(codec: .dnxhr, profile: .hqx),
            audio: AudioTarget(codec: .pcm16),
            codec: "dnxhd", pixels: "yuv422p10le", sound: "pcm_s16le"),
        Case(
            container: .mkv, video: VideoTarget(codec: .h264, depth: .ten, chroma: .half),
            audio: AudioTarget(codec: .flac), codec: "h264", pixels: "yuv422p10le", sound: "flac"),
        Case(
            container: .webm, video: VideoTarget(codec: .vp9, depth: .ten),
            audio: AudioTarget(codec: .opus), codec: "vp9", pixels: "yuv420p10le", sound: "opus"),
    ])
    func theFileHoldsWhatWasAskedFor(example: Case) throws {
        let scratch = try Scratch()
        let source = try Self.source(scratch)
        let output = scratch.path("out.\(example.container.rawValue)")
        let target = try MediaTarget(
            container: example.container, video: example.video, audio: example.audio)
        var reports: [MediaProgress] = []
        let outcome = try Transcode(input: source, target: target).render(to: output) {
            reports.append($0)
        }
        #expect((outcome.video, outcome.audio, outcome.frames) == (.encoded, [.encoded], 12))
        expectHonest(reports, total: 12)
        let judged = try Tool.ffprobe(output)
        let video = try #require(judged.video)
        #expect(
            (video.codec_name, video.pix_fmt, video.nb_read_frames) == (
                example.codec, example.pixels, "12"
            ))
        #expect((video.width, video.height, video.avg_frame_rate) == (256, 144, "24/1"))
        #expect(
            (video.color_primaries, video.color_transfer, video.color_space) == (
                "bt709", "bt709", "bt709"
            ))
        #expect((judged.audio?.codec_name, judged.audio?.channels) == (example.sound, 2))
        let likeness = try Tool.psnr(source, output)
        #expect(likeness > 30, "\(likeness) dB")
        let tracks = try Tool.mediainfo(output)
        #expect(tracks["Video"]?.count == 1 && tracks["Audio"]?.count == 1)
        #expect(tracks["Video"]?.first?["FrameCount"] ?? "12" == "12")
        #expect(try MediaProbe.read(path: output).video?.frameCount == 12)
    }

    @Test(arguments: [
        (ContainerKind.m4a, AudioCodec.aac, "aac"), (.flac, .flac, "flac"), (.wav, .pcm24, "pcm_s24le"),
        (.wav, .pcm16, "pcm_s16le"), (.opus, .opus, "opus"), (.ogg, .flac, "flac"),
    ])
    func soundGetsAFileOfItsOwn(container: ContainerKind, codec: AudioCodec, name: String) throws {
        let scratch = try Scratch()
        let source = try Self.source(scratch)
        let output = scratch.path("out.\(container.rawValue)")
        let target = try MediaTarget(container: container, video: nil, audio: AudioTarget(codec: codec))
        try Transcode(input: source, target: target).render(to: output)
        let judged = try Tool.ffprobe(output)
        #expect(judged.video == nil)
        #expect((judged.audio?.codec_name, judged.audio?.sample_rate) == (name, "48000"))
        #expect(abs(try #require(Double(judged.format.duration ?? "")) - 0.5) < 0.03)
        if codec.isLossless {
            #expect(try Self.samples(source) == Self.samples(output), "lossless is lossless")
        }
    }

    private static func samples(_ path: String) throws -> String {
        try Tool.run(
            "ffmpeg", ["-v", "error", "-i", path, "-map", "0:a:0", "-c:a", "pcm_s16le", "-f", "md5", "-"])
    }

    @Test(arguments: [
        (VideoCodec.prores, CodecProfile.proxy, "yuv422p10le", "422 Proxy"),
        (.prores, .lt, "yuv422p10le", "422 LT"),
        (.prores, .standard, "yuv422p10le", "422"), (.prores, .hq, "yuv422p10le", "422 HQ"),
        (.prores, .p4444, "yuv444p12le", "4444"), (.dnxhr, .lb, "yuv422p", "LB"),
        (.dnxhr, .sq, "yuv422p", "SQ"),
        (.dnxhr, .hq, "yuv422p", "HQ"), (.dnxhr, .hqx, "yuv422p10le", "HQX"),
        (.dnxhr, .p444, "yuv444p10le", "444"),
    ])
    func everyProfileIsTheOneThatWasAskedFor(
        codec: VideoCodec, profile: CodecProfile, pixels: String, title: String
    ) throws {
        let scratch = try Scratch()
        let output = scratch.path("out.mov")
        let target = try MediaTarget(
            container: .mov, video: VideoTarget(codec: codec, profile: profile), audio: nil)
        try Transcode(input: try Self.source(scratch), target: target).render(to: output)
        #expect(try Tool.ffprobe(output).video?.pix_fmt == pixels)
        let track = try #require(try Tool.mediainfo(output)["Video"]?.first)
        let profile = (track["Format_Profile"] ?? "") + " " + (track["Format_Level"] ?? "")
        #expect(profile.contains(title), "\(profile)")
    }

    @Test func depthIsKeptWhereTheCodecCan() throws {
        let scratch = try Scratch()
        let source = try Self.source(scratch)
        for (codec, pixels) in [(VideoCodec.hevc, "yuv420p10le"), (.h264, "yuv420p")] {
            let target = try MediaTarget(
                container: .mkv, video: VideoTarget(codec: codec, quality: .low), audio: nil)
            try Transcode(input: source, target: target, keepsDepth: true).render(
                to: scratch.path("out.mkv"))
            #expect(try Tool.ffprobe(scratch.path("out.mkv")).video?.pix_fmt == pixels)
        }
    }

    /// The left half is transparent.
    @Test(arguments: [
        (ContainerKind.mov, VideoTarget(codec: .prores, profile: .p4444), "yuva444p12le"),
        (.webm, VideoTarget(codec: .vp9, quality: .low), "yuva420p"), (.mp4, VideoTarget(), "yuv420p"),
    ])
    func transparencyIsKeptWhereItCanBe(container: ContainerKind, video: VideoTarget, pixels: String)
        throws
    {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i",
            "color=red:s=128x64:r=24:d=0.25,format=rgba,geq=r=255:g=0:b=0:a='if(lt(X,64),0,255)'",
            "-c:v", "png", scratch.path("a.mov"))
        let first = scratch.path("out.\(container.rawValue)")
        let target = try MediaTarget(container: container, video: video, audio: nil)
        try Transcode(input: scratch.path("a.mov"), target: target, keepsAlpha: true).render(to: first)
        // And again from what was made: the decoder sees it too.
        let again = scratch.path("again.\(container.rawValue)")
        try Transcode(input: first, target: target, keepsAlpha: true).render(to: again)
        for path in [first, again] {
            let decoder = container == .webm ? ["-c:v", "libvpx-vp9"] : []
            if container != .webm { #expect(try Tool.ffprobe(path).video?.pix_fmt == pixels) }
            guard pixels.contains("a4") else { continue }
            try Tool.ffmpeg(
                decoder + [
                    "-i", path, "-frames:v", "1", "-vf", "alphaextract,scale=2:1:flags=area,format=gray",
                    "-f",
                    "rawvideo", scratch.path("alpha"),
                ])
            let alpha = try scratch.bytes("alpha")
            #expect(alpha.count == 2 && alpha[0] < 10 && alpha[1] > 245, "\(alpha)")
        }
    }

    @Test func oneFrameIsEnough() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=97x65:r=24000/1001", "-frames:v", "1", "-c:v", "ffv1",
            scratch.path("a.mkv"))
        for (container, codec) in [
            (ContainerKind.mp4, VideoCodec.hevc), (.webm, .vp9), (.mp4, .av1), (.mov, .prores),
        ] {
            let output = scratch.path("out.\(container.rawValue)")
            let target = try MediaTarget(
                container: container, video: VideoTarget(codec: codec, quality: .low), audio: nil)
            try Transcode(input: scratch.path("a.mkv"), target: target).render(to: output)
            let video = try #require(try Tool.ffprobe(output).video)
            #expect((video.width, video.height, video.nb_read_frames) == (96, 64, "1"))
        }
    }

    /// With fewer pictures than x265 may reorder, the times of its packets are our own.
    @Test(arguments: [1, 2, 3, 4]) func shortFilmsInHEVCAreWhole(frames: Int) throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:r=25", "-frames:v", String(frames), "-c:v", "ffv1",
            scratch.path("a.mkv"))
        let target = try MediaTarget(
            container: .mp4, video: VideoTarget(codec: .hevc, quality: .low), audio: nil)
        try Transcode(input: scratch.path("a.mkv"), target: target).render(to: scratch.path("a.mp4"))
        let packets = try Tool.run(
            "ffprobe",
            ["-v", "error", "-show_entries", "packet=pts,dts", "-of", "csv=p=0", scratch.path("a.mp4")]
        ).split(separator: "\n").map { $0.split(separator: ",").compactMap { Int($0) } }
        let unit = (packets.map { $0[0] }.max() ?? 0) / max(1, frames - 1)
        #expect(packets.map { $0[0] }.sorted() == (0..<frames).map { $0 * unit })
        let decoded = packets.map { $0[1] }
        #expect(decoded == decoded.sorted() && Set(decoded).count == frames)
        #expect(packets.allSatisfy { $0[1] <= $0[0] && $0[1] >= -100 * max(unit, 1024) })
    }

    @Test func groupsAreClosedAndExactWhereAskedFor() throws {
        let scratch = try Scratch()
        // With a cut in the middle of a group, which must not get a key frame.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:r=24:d=1", "-f", "lavfi", "-i",
            "mandelbrot=s=96x64:r=24:end_pts=1",
            "-filter_complex", "[1]trim=duration=1[b];[0][b]concat", "-pix_fmt", "yuv420p", "-c:v",
            "ffv1",
            scratch.path("a.mkv"))
        for (codec, container) in [
            (VideoCodec.h264, ContainerKind.mp4), (.hevc, .mp4), (.vp9, .webm), (.av1, .mp4),
            (.prores, .mov),
        ] {
            let output = scratch.path("out.\(container.rawValue)")
            let video = VideoTarget(codec: codec, quality: .low, keyFrames: .every(frames: 10))
            try Transcode(
                input: scratch.path("a.mkv"),
                target: try MediaTarget(container: container, video: video, audio: nil)
            ).render(to: output)
            let keys = try Tool.ask(output, "frame=key_frame", "-select_streams", "v").enumerated()
                .filter { $0.element.hasPrefix("1") }.map(\.offset)
            let all = Array(0..<48)
            #expect(keys == (codec == .prores ? all : all.filter { $0 % 10 == 0 }), "\(codec)")
        }
    }

    @Test func bitRatesAreMet() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=192x108:r=25:d=3,noise=alls=20:allf=t", "-f", "lavfi", "-i",
            "anoisesrc=d=3:a=0.3", "-c:v", "ffv1", "-c:a", "flac", scratch.path("a.mkv"))
        for codec in [VideoCodec.h264, .hevc] {
            let target = try MediaTarget(
                video: VideoTarget(codec: codec, quality: .low, rate: .bits(300_000)),
                audio: AudioTarget(bitRate: 96_000))
            try Transcode(input: scratch.path("a.mkv"), target: target).render(
                to: scratch.path("out.mp4"))
            let rates = try Tool.ask(scratch.path("out.mp4"), "stream=bit_rate").compactMap { Double($0) }
            #expect(
                rates.count == 2 && abs(rates[0] / 300_000 - 1) < 0.25 && abs(rates[1] / 96_000 - 1) < 0.2,
                "\(rates)")
        }
    }
}
