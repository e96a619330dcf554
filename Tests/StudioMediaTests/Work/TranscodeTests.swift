import StudioCore
import StudioMedia
import Testing

@Suite struct TranscodeTests {
    private static let picture = ["-f", "lavfi", "-i", "testsrc2=s=192x108:r=25:d=2"]
    private static let sound = ["-f", "lavfi", "-i", "sine=f=440:r=44100:d=2"]

    @Test("A clip of half a second survives whole, and its result is not taken for one that is cut off")
    func shortClip() throws {
        let scratch = try Scratch()
        try MockVideo(prompt: "short", seed: 1, width: 64, height: 48, frameRate: .film, frames: 12, quality: .low)
            .render(to: scratch.path("in.mp4"))
        try Transcode(input: scratch.path("in.mp4"), quality: .low, width: 32).render(to: scratch.path("out.mp4"))
        #expect(try MediaProbe.read(path: scratch.path("out.mp4")).video?.frameCount == 12)
    }

    @Test(arguments: [
        ("a.mkv", ["-c:v", "libx264", "-c:a", "flac"]),
        ("a.webm", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus"]),
        ("a.mov", ["-c:v", "prores_ks", "-c:a", "pcm_s16le"]), ("a.avi", ["-c:v", "mpeg4", "-c:a", "libmp3lame"]),
        ("a.ts", ["-c:v", "libx264", "-c:a", "aac"]),
        ("a.mp4", ["-c:v", "libx265", "-x265-params", "log-level=error", "-c:a", "aac"]),
    ])
    func anythingBecomesH264AndAACInSync(name: String, codecs: [String]) throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(Self.picture + Self.sound + ["-shortest"] + codecs + [scratch.path(name)])
        var reports: [MediaProgress] = []
        try Transcode(input: scratch.path(name), quality: .low).render(to: scratch.path("out.mp4")) {
            reports.append($0)
        }
        let judged = try Tool.ffprobe(scratch.path("out.mp4"))
        let (video, audio) = (try #require(judged.video), try #require(judged.audio))
        #expect((video.codec_name, video.pix_fmt, video.width, video.height) == ("h264", "yuv420p", 192, 108))
        #expect((audio.codec_name, audio.channels) == ("aac", 1))
        #expect(video.nb_read_frames == "50")
        let (times, before) = (try Tool.times(scratch.path("out.mp4")), try Tool.times(scratch.path(name)))
        let shifts = zip(times, before).map { $0 - $1 }
        #expect(times.count == before.count)
        #expect(try #require(shifts.max()) - #require(shifts.min()) <= 0.001, "every frame keeps its time")
        let source = try Tool.ffprobe(scratch.path(name))
        let offset = { (file: Judged) throws -> Double in
            let starts = (Double(file.video?.start_time ?? ""), Double(file.audio?.start_time ?? ""))
            return try #require(starts.0) - #require(starts.1)
        }
        #expect(abs(try offset(judged) - offset(source)) < 0.04, "what starts together stays together")
        let durations = (try #require(Double(video.duration ?? "")), try #require(Double(audio.duration ?? "")))
        #expect(abs(durations.0 - 2) < 0.041 && abs(durations.1 - 2) < 0.06, "\(durations)")
        expectHonest(reports, total: 50)
    }

    /// A flash and a beep at the same moment must still be at the same moment.
    @Test(arguments: ["a.mkv", "a.ts", "a.mp4"])
    func soundStaysWithThePicture(name: String) throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=black:s=64x64:r=25:d=4,drawbox=c=white:t=fill:enable='gte(t,2)'",
            "-f", "lavfi", "-i", "aevalsrc='if(gte(t,2),sin(2*PI*1000*t),0)':s=48000:d=4", "-c:a", "aac",
            scratch.path(name))
        try Transcode(input: scratch.path(name)).render(to: scratch.path("out.mp4"))
        let pixels = try Tool.pixels(scratch.path("out.mp4"), width: 1, height: 1)
        let flash = try #require((0..<pixels.count / 3).first { pixels[3 * $0] > 128 })
        let seen = try Tool.times(scratch.path("out.mp4"))[flash]
        try Tool.ffmpeg(
            "-i", scratch.path("out.mp4"), "-map", "0:a", "-ac", "1", "-af", "aresample=async=1:first_pts=0", "-f",
            "s16le",
            scratch.path("pcm"))
        let samples = try scratch.bytes("pcm")
        let beep = try #require(
            stride(from: 0, to: samples.count - 1, by: 2).first { index in
                abs(Int(Int16(truncatingIfNeeded: Int(samples[index]) | Int(samples[index + 1]) << 8))) > 8000
            })
        let heard = Double(beep / 2) / 48_000
        #expect(abs(seen - 2) < 0.03 && abs(seen - heard) < 0.01, "seen at \(seen), heard at \(heard)")
    }

    @Test func variableRateStaysVariable() throws {
        let scratch = try Scratch()
        // Frames 10 to 19 come at half speed.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=2", "-vf",
            "setpts='if(lt(N,10),N,if(lt(N,20),10+(N-10)*2.3,N+13))/25/TB'",
            "-vsync", "vfr", "-enc_time_base", "1/1000", scratch.path("a.mkv"))
        let before = try Tool.times(scratch.path("a.mkv"))
        try Transcode(input: scratch.path("a.mkv"), quality: .low).render(to: scratch.path("out.mp4"))
        let after = try Tool.times(scratch.path("out.mp4"))
        #expect(before.count == after.count)
        for (first, second) in zip(before, after) { #expect(abs(first - second) < 0.002) }
    }

    @Test func millisecondsBecomeExactTimesAgain() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=96x64:r=24000/1001:d=4", scratch.path("a.mkv"))
        try Transcode(input: scratch.path("a.mkv"), quality: .low).render(to: scratch.path("out.mp4"))
        #expect(try Tool.ffprobe(scratch.path("out.mp4")).video?.avg_frame_rate == "24000/1001")
        for (index, time) in try Tool.times(scratch.path("out.mp4")).enumerated() {
            #expect(abs(time - Double(index) * 1001 / 24_000) < 0.000_002)
        }
    }

    @Test func oddSidesLoseALine() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=101x67:r=25:d=1", "-pix_fmt", "yuv444p", "-c:v", "ffv1",
            scratch.path("a.mkv"))
        try Transcode(input: scratch.path("a.mkv")).render(to: scratch.path("out.mp4"))
        let video = try #require(try Tool.ffprobe(scratch.path("out.mp4")).video)
        #expect((video.width, video.height, video.nb_read_frames) == (100, 66, "25"))
    }

    @Test func soundAloneBecomesAAC() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "sine=r=96000:d=3", "-ac", "2", scratch.path("a.wav"))
        var reports: [MediaProgress] = []
        try Transcode(input: scratch.path("a.wav")).render(to: scratch.path("out.mp4")) { reports.append($0) }
        let judged = try Tool.ffprobe(scratch.path("out.mp4"))
        #expect(judged.video == nil)
        #expect((judged.audio?.codec_name, judged.audio?.sample_rate, judged.audio?.channels) == ("aac", "48000", 2))
        #expect(abs(try #require(Double(judged.audio?.duration ?? "")) - 3) < 0.03)
        expectHonest(reports, total: 141)
    }

    @Test func everySoundtrackIsKept() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:d=1", "-f", "lavfi", "-i", "sine=d=1", "-f", "lavfi", "-i",
            "anullsrc=cl=5.1:d=1", "-map", "0", "-map", "1", "-map", "2", "-c:a", "flac", scratch.path("a.mkv"))
        try Transcode(input: scratch.path("a.mkv"), quality: .low).render(to: scratch.path("out.mp4"))
        let channels = try Tool.ffprobe(scratch.path("out.mp4")).streams.compactMap(\.channels)
        #expect(channels == [1, 6])
    }

    @Test func tenBitsBecomeEightWithTheirTags() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=96x64:d=1", "-c:v", "libx265", "-x265-params", "log-level=error",
            "-pix_fmt",
            "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", "bt2020-10", "-colorspace", "bt2020nc",
            scratch.path("a.mkv"))
        try Transcode(input: scratch.path("a.mkv"), quality: .low).render(to: scratch.path("out.mp4"))
        let video = try #require(try Tool.ffprobe(scratch.path("out.mp4")).video)
        #expect(video.pix_fmt == "yuv420p")
        #expect((video.color_primaries, video.color_transfer, video.color_space) == ("bt2020", "bt2020-10", "bt2020nc"))
    }

    @Test func highDynamicRangeIsBroughtDown() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=gray:s=96x64:d=1", "-c:v", "libx265", "-x265-params", "log-level=error",
            "-pix_fmt",
            "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc",
            scratch.path("a.mkv"))
        try Transcode(input: scratch.path("a.mkv")).render(to: scratch.path("out.mp4"))
        let video = try #require(try Tool.ffprobe(scratch.path("out.mp4")).video)
        #expect((video.color_primaries, video.color_transfer, video.color_space) == ("bt709", "bt709", "bt709"))
        #expect((video.color_range, video.nb_read_frames) == ("tv", "25"))
        let pixel = try Tool.pixels(scratch.path("out.mp4"), width: 1, height: 1)
        #expect(pixel[0] > 140, "PQ's middle is about 92 cd/m², which is bright: \(pixel[0])")
    }

    @Test func fullRangeAndRGBKeepTheirColours() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=0x20C060:s=64x64:d=1", "-c:v", "png", "-pix_fmt", "rgb24", scratch.path("a.mov")
        )
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=0x20C060:s=64x64:d=1", "-c:v", "mjpeg", "-q:v", "1", scratch.path("b.avi"))
        for (name, height) in [("a.mov", nil), ("b.avi", nil), ("a.mov", 128)] as [(String, Int?)] {
            let width = height == nil ? nil : 64
            try Transcode(input: scratch.path(name), quality: .high, width: width, height: height)
                .render(to: scratch.path("out.mp4"))
            let pixels = try Tool.pixels(scratch.path("out.mp4"), width: 64, height: height ?? 64)
            let middle = 3 * ((height ?? 64) / 2 * 64 + 32)
            for (value, wanted) in zip(pixels[middle...], [0x20, 0xC0, 0x60]) {
                #expect(abs(Int(value) - wanted) < 8, "\(name) \(pixels[middle..<middle + 3])")
            }
            #expect(height == nil || pixels[32 * 3] < 16, "black above")
            #expect(try Tool.ffprobe(scratch.path("out.mp4")).video?.color_range == "tv")
        }
    }

    @Test(arguments: [(90, 64, 96), (180, 96, 64), (270, 64, 96)])
    func rotationIsApplied(degrees: Int, width: Int, height: Int) throws {
        let scratch = try Scratch()
        // White in the top left quarter.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=black:s=96x64:d=1,drawbox=w=48:h=32:c=white:t=fill", scratch.path("a.mp4"))
        try Tool.ffmpeg(
            "-i", scratch.path("a.mp4"), "-c", "copy", "-metadata:s:v", "rotate=\(degrees)", scratch.path("r.mp4"))
        #expect(
            try MediaProbe.read(path: scratch.path("r.mp4")).video?.rotation == 360 - degrees,
            "the tag counts the other way")
        try Transcode(input: scratch.path("r.mp4")).render(to: scratch.path("out.mp4"))
        let video = try #require(try Tool.ffprobe(scratch.path("out.mp4")).video)
        #expect((video.width, video.height) == (width, height))
        #expect(try MediaProbe.read(path: scratch.path("out.mp4")).video?.rotation == 0)
        let shown = try Tool.pixels(scratch.path("out.mp4"), width: 2, height: 2).prefix(12)
        let reference = try Tool.pixels(scratch.path("r.mp4"), width: 2, height: 2).prefix(12)
        #expect(difference(Array(shown), Array(reference)) < 6, "as the ffmpeg program turns it")
    }

    @Test func sizesAreMadeAsAsked() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "color=white:s=192x108:d=1", scratch.path("a.mp4"))
        for (width, height, size) in [
            (96, nil, [96, 54]), (nil, 54, [96, 54]), (101, 101, [100, 100]), (384, nil, [384, 216]),
        ] as [(Int?, Int?, [Int])] {
            try Transcode(input: scratch.path("a.mp4"), width: width, height: height).render(
                to: scratch.path("out.mp4"))
            let video = try #require(try Tool.ffprobe(scratch.path("out.mp4")).video)
            #expect([video.width, video.height] == size)
            if width == 101 {
                let pixels = try Tool.pixels(scratch.path("out.mp4"), width: 100, height: 100)
                #expect(pixels[3 * 50] < 20 && pixels[3 * (50 * 100 + 50)] > 240, "black above, white in the middle")
            }
        }
    }

    @Test func aLateSoundtrackStaysLate() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            Self.picture + ["-itsoffset", "0.7", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", scratch.path("a.mkv")])
        try Transcode(input: scratch.path("a.mkv"), quality: .low).render(to: scratch.path("out.mp4"))
        let judged = try Tool.ffprobe(scratch.path("out.mp4"))
        #expect(Double(judged.video?.start_time ?? "") == 0)
        #expect(abs(try #require(Double(judged.audio?.start_time ?? "")) - 0.7) < 0.05, "less the encoder's priming")
    }

    @Test func tiersDifferInSize() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(Self.picture + Self.sound + ["-c:v", "ffv1", "-c:a", "flac", scratch.path("a.mkv")])
        var sizes: [Int] = []
        for tier in QualityTier.allCases {
            try Transcode(input: scratch.path("a.mkv"), quality: tier).render(to: scratch.path("out.mp4"))
            sizes.append(try scratch.bytes("out.mp4").count)
        }
        #expect(sizes[0] < sizes[1] && sizes[1] < sizes[2], "\(sizes)")
    }
}

/// Progress starts at nothing, never falls, and ends at its total.
func expectHonest(_ reports: [MediaProgress], total: Int, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(reports.first?.framesDone == 0, sourceLocation: sourceLocation)
    for (earlier, later) in zip(reports, reports.dropFirst()) {
        #expect(
            earlier.framesDone <= later.framesDone && later.framesDone <= earlier.framesDone + 1,
            sourceLocation: sourceLocation)
    }
    for report in reports { #expect(report.framesDone <= report.framesTotal ?? 0, sourceLocation: sourceLocation) }
    #expect(reports.count > total, sourceLocation: sourceLocation)
    #expect(
        reports.last == MediaProgress(stage: .done, framesDone: total, framesTotal: total),
        sourceLocation: sourceLocation)
}
