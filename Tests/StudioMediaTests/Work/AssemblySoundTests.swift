import StudioCore
import StudioMedia
import Testing

/// Sound laid under sequences: in sync to the sample, as long as the pictures.
@Suite struct AssemblySoundTests {
    /// Black pictures with a white one at every full second but the first.
    private static func flashes(_ scratch: Scratch, count: Int, rate: Int = 25) throws -> [String] {
        try Tool.ffmpeg(
            "-f", "lavfi", "-i",
            "color=black:s=64x64:r=\(rate),drawbox=c=white:t=fill:enable='gt(n,0)*eq(mod(n,\(rate)),0)'", "-frames:v",
            "\(count)", scratch.path("f.%04d.png"))
        return (1...count).map { number in
            scratch.path("f." + String(repeating: "0", count: 4 - String(number).count) + "\(number).png")
        }
    }

    /// A beep at every full second but the first.
    private static func beeps(_ scratch: Scratch, _ name: String, seconds: Double, _ options: [String]) throws -> String
    {
        try Tool.ffmpeg(
            [
                "-f", "lavfi", "-i",
                "aevalsrc='0.5*gte(t,0.99)*lt(mod(t+1e-6,1),0.04)*cos(2*PI*1000*mod(t,1))':s=48000:d=\(seconds)",
            ]
                + options + [scratch.path(name)])
        return scratch.path(name)
    }

    /// A kind of file with a codec of sound.
    struct Kind: Sendable, CustomTestStringConvertible {
        var container: ContainerKind
        var video: VideoTarget
        var audio: AudioTarget?
        var codec: String
        var testDescription: String { "\(codec) in \(container)" }
    }

    private static let kinds = [
        Kind(container: .mp4, video: VideoTarget(), codec: "aac"),
        Kind(container: .mp4, video: VideoTarget(), audio: AudioTarget(codec: .opus), codec: "opus"),
        Kind(container: .mov, video: VideoTarget(codec: .prores), codec: "pcm_s24le"),
        Kind(container: .mkv, video: VideoTarget(), codec: "flac"),
        Kind(container: .mkv, video: VideoTarget(), audio: AudioTarget(codec: .opus), codec: "opus"),
        Kind(container: .webm, video: VideoTarget(codec: .vp9, quality: .low), codec: "opus"),
    ]

    @Test(arguments: kinds) func everyFlashHasItsBeep(kind: Kind) throws {
        let scratch = try Scratch()
        let frames = try Self.flashes(scratch, count: 100)
        let sound = try Self.beeps(scratch, "s.wav", seconds: 6, ["-c:a", "pcm_s16le"])
        let outcome = try Assembly(
            frames: frames, frameRate: try FrameRate(25), container: kind.container, target: kind.video, sound: sound,
            audio: kind.audio
        ).render(to: scratch.path("made"))
        #expect(outcome.hasSound && outcome.frames == 100)
        let judged = try Tool.ffprobe(scratch.path("made"))
        #expect(judged.audio?.codec_name == kind.codec && judged.video?.nb_read_frames == "100")
        let offsets = try FlashAndBeep.offsets(scratch.path("made"))
        // To the sample, but for the millisecond that Matroska counts in.
        let tolerance = [.mkv, .webm].contains(kind.container) ? 0.000_55 : 0.000_03
        #expect(offsets.count == 3 && offsets.allSatisfy { abs($0) <= tolerance }, "\(offsets)")
        // Pictures begin at zero whatever the sound's encoder looks ahead.
        #expect(try Tool.times(scratch.path("made")).first == 0)
        // Cut to the pictures' four seconds: ISO media says so, of others the decoded samples tell.
        if let duration = judged.audio?.duration {
            #expect(duration == "4.000000")
        } else {
            let count = try Tool.samples(scratch.path("made")).count
            #expect(abs(count - 4 * 48_000) <= 336, "\(count)")
        }
    }

    @Test(
        arguments: [
            (.webm, VideoTarget(codec: .vp9, quality: .low)), (.mkv, VideoTarget()),
        ] as [(ContainerKind, VideoTarget)])
    func opusBeginsWithItsFirstSample(container: ContainerKind, video: VideoTarget) throws {
        let scratch = try Scratch()
        let frames = try Self.flashes(scratch, count: 75)
        let sound = try Self.beeps(scratch, "s.wav", seconds: 3, [])
        try Assembly(
            frames: frames, frameRate: try FrameRate(25), container: container, target: video, sound: sound,
            audio: AudioTarget(codec: .opus)
        ).render(to: scratch.path("made"))
        // As it is decoded, whatever the timestamps say: exactly three seconds, the look-ahead dropped and the end cut.
        try Tool.ffmpeg("-i", scratch.path("made"), "-map", "0:a", "-f", "f32le", scratch.path("raw"))
        #expect(try scratch.bytes("raw").count == 4 * 3 * 48_000)
        // And by the timestamps: pictures and sound begin at zero together.
        #expect(try Tool.ask(scratch.path("made"), "stream=start_time", "-select_streams", "v") == ["0.000000"])
        #expect(try Tool.ask(scratch.path("made"), "frame=pts_time", "-select_streams", "a").first == "0.000000")
        #expect(try MediaProbe.read(path: scratch.path("made")).startSeconds == 0)
        // Made into something else it still is in sync, on the same frames.
        try Transcode(input: scratch.path("made"), quality: .low).render(to: scratch.path("again.mp4"))
        #expect(try Tool.times(scratch.path("again.mp4")) == (0..<75).map { Double($0) / 25 })
        let offsets = try FlashAndBeep.offsets(scratch.path("again.mp4"))
        #expect(offsets.count == 2 && offsets.allSatisfy { abs($0) <= 0.000_55 }, "\(offsets)")
        // And copied too.
        try Mux(video: scratch.path("made"), container: .mkv).render(to: scratch.path("copied.mkv"))
        #expect(
            try Tool.packetHashes(scratch.path("copied.mkv"), "0:a:0")
                == Tool.packetHashes(scratch.path("made"), "0:a:0"))
        let copied = try FlashAndBeep.offsets(scratch.path("copied.mkv"))
        #expect(copied.count == 2 && copied.allSatisfy { abs($0) <= 0.001 }, "\(copied)")
        #expect(try Tool.times(scratch.path("copied.mkv")).first == 0)
    }

    @Test(arguments: [1.3, 2]) func shortSoundIsFilledWithSilence(seconds: Double) throws {
        let scratch = try Scratch()
        let frames = try Self.flashes(scratch, count: 72, rate: 24)
        let sound = try Self.beeps(scratch, "s.flac", seconds: seconds, [])
        try Assembly(
            frames: frames, container: .mov, target: VideoTarget(codec: .prores), sound: sound,
            audio: AudioTarget(codec: .pcm16)
        ).render(to: scratch.path("made.mov"))
        let samples = try Tool.samples(scratch.path("made.mov"))
        #expect(samples.count == 3 * 48_000)
        #expect(samples[Int(seconds * 48_000)...].allSatisfy { $0 == 0 })
        #expect(samples[48_000..<48_000 + 1920].contains { $0 > 0.4 })
    }

    @Test func aFilmsSoundKeepsItsPlaceAndPicturesOfAnyRateTheirLength() throws {
        let scratch = try Scratch()
        // Sound that begins a half second into its film, at another rate, in stereo.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=black:s=64x64:r=25:d=3", "-itsoffset", "0.5", "-f", "lavfi", "-i",
            "aevalsrc='0.5|-0.25':s=44100:d=2", "-c:v", "libx264", "-c:a", "pcm_s16le", scratch.path("film.mkv"))
        let frames = try Self.flashes(scratch, count: 50)
        let rate = try FrameRate(30_000, 1001)
        try Assembly(
            frames: frames, frameRate: rate, container: .mov, target: VideoTarget(codec: .prores),
            sound: scratch.path("film.mkv"), audio: AudioTarget(codec: .pcm16)
        ).render(to: scratch.path("made.mov"))
        let judged = try Tool.ffprobe(scratch.path("made.mov"))
        #expect((judged.audio?.sample_rate, judged.audio?.channels) == ("44100", 2))
        let samples = try Tool.samples(scratch.path("made.mov"), rate: 44_100, channels: 2)
        // 50 frames of 1001/30000 s are 73573.5 samples.
        #expect([73_573, 73_574].contains(samples.count / 2), "\(samples.count / 2)")
        let begin = 22_050
        #expect(samples[..<(2 * (begin - 50))].allSatisfy { abs($0) < 0.001 })
        #expect(abs(samples[2 * (begin + 100)] - 0.5) < 0.001 && abs(samples[2 * (begin + 100) + 1] + 0.25) < 0.001)
    }

    @Test func whatHasNoSoundOrIsDamagedIsRefusedByName() throws {
        let scratch = try Scratch()
        let frames = try Self.flashes(scratch, count: 60)
        let whole = try Self.beeps(scratch, "s.m4a", seconds: 3, ["-c:a", "aac", "-movflags", "+faststart"])
        #expect(whole.hasSuffix("s.m4a"))
        try scratch.cut("s.m4a", to: 0.4, as: "cut.m4a")
        try scratch.write("text.wav", Array("not sound".utf8))
        for (name, code) in [
            ("f.0001.png", MediaError.Code.unsupported), ("text.wav", .inputInvalid), ("cut.m4a", .inputInvalid),
            ("missing.wav", .inputUnreadable),
        ] {
            let error = try #require(throws: MediaError.self) {
                try Assembly(frames: frames, sound: scratch.path(name)).render(to: scratch.path("made.mp4"))
            }
            #expect(error.code == code && error.message.contains(name), "\(error.message)")
            #expect(try !scratch.names.contains("made.mp4"))
        }
    }
}
