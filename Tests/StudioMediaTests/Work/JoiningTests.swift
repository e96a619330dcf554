import StudioCore
import StudioMedia
import Testing

/// Films one after the other, and pictures and sound of several files in one.
@Suite struct JoiningTests {
    private static let coding = ["-c:v", "libx264", "-bf", "2", "-crf", "5", "-c:a", "aac"]

    /// A film whose sound is silent but for a tone over its last ten frames.
    private static func film(_ path: String, rate: String = "25", first: Int, seconds: Double) throws {
        let tone = "aevalsrc='if(gte(t,\(seconds)-0.4),0.5*sin(2*PI*1000*t),0)':s=48000:d=\(seconds)"
        try Tool.ffmpeg(
            [
                "-f", "lavfi", "-i",
                "color=black:s=64x64:r=\(rate):d=\(seconds),format=yuv420p,geq=lum='16+4*(N+\(first))':cb=128:cr=128",
                "-f", "lavfi",
                "-i", tone,
            ] + coding + [path])
    }

    /// Where tones begin, in samples.
    private static func tones(_ path: String) throws -> [Int] {
        let samples = try NumberedFilm.samples(path)
        var found: [Int] = []
        var last = Int.min / 2
        for index in samples.indices where abs(Int(samples[index])) > 3000 {
            if index - last > 4800 { found.append(index) }
            last = index
        }
        return found
    }

    @Test func filmsOfOneFormatAreJoinedWithoutEncoding() throws {
        let scratch = try Scratch()
        try Self.film(scratch.path("a.mp4"), first: 0, seconds: 1)
        try Self.film(scratch.path("b.mp4"), first: 25, seconds: 0.8)
        let inputs = ["a.mp4", "b.mp4", "a.mp4"].map { scratch.path($0) }
        let outcome = try Concat(inputs: inputs, target: .browser()).render(to: scratch.path("out.mp4"))
        #expect((outcome.video, outcome.audio, outcome.frames) == (.copied, [.copied], 70))
        let expected = Array(0..<45) + Array(0..<25)
        #expect(try NumberedFilm.numbers(scratch.path("out.mp4")) == expected)
        let hashes = try inputs.flatMap { try Tool.frameHashes($0) }
        #expect(try Tool.frameHashes(scratch.path("out.mp4")) == hashes)
        for (index, time) in try Tool.times(scratch.path("out.mp4")).enumerated() {
            #expect(abs(time - Double(index) / 25) < 0.000_1)
        }
        let tones = try Self.tones(scratch.path("out.mp4"))
        #expect(tones.count == 3)
        for (tone, second) in zip(tones, [0.6, 1.4, 2.4]) {
            #expect(abs(Double(tone) / 48_000 - second) < 0.025, "\(tones)")
        }
    }

    @Test func otherFilmsAreBroughtToTheFirstOnes() throws {
        let scratch = try Scratch()
        try Self.film(scratch.path("a.mp4"), first: 0, seconds: 1)
        // Another rate, a size of other proportions, no sound; and ten bits with 5.1.
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=white:s=128x64:r=50:d=1", "-c:v", "ffv1", scratch.path("b.mkv"))
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "color=gray:s=64x64:r=24000/1001:d=1,format=yuv420p10le", "-f", "lavfi", "-i",
            "aevalsrc='if(gte(t,0.5),0.5*sin(2*PI*1000*t),0)':s=44100:d=3,pan=5.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0",
            "-c:v", "ffv1", "-c:a", "flac", scratch.path("c.mkv"))
        var reports: [MediaProgress] = []
        let outcome = try Concat(
            inputs: ["a.mp4", "b.mkv", "c.mkv", "a.mp4"].map { scratch.path($0) }, target: .browser(.high)
        ).render(to: scratch.path("out.mp4")) { reports.append($0) }
        #expect((outcome.video, outcome.audio) == (.encoded, [.encoded]))
        #expect(outcome.frames == 100)
        let judged = try Tool.ffprobe(scratch.path("out.mp4"))
        #expect((judged.video?.width, judged.video?.height, judged.video?.nb_read_frames) == (64, 64, "100"))
        #expect(judged.video?.avg_frame_rate == "25/1")
        let numbers = try NumberedFilm.numbers(scratch.path("out.mp4"))
        #expect(Array(numbers[..<25]) == Array(0..<25) && Array(numbers[75...]) == Array(0..<25), "\(numbers)")
        let pixels = try Tool.pixels(scratch.path("out.mp4"), width: 64, height: 64)
        let frame = 30 * 64 * 64 * 3
        #expect(pixels[frame + 3 * 32] < 20 && pixels[frame + 3 * (32 * 64 + 32)] > 240, "fitted inside, on black")
        let tones = try Self.tones(scratch.path("out.mp4"))
        #expect(tones.count == 3)
        for (tone, second) in zip(tones, [0.6, 2.5, 3.6]) {
            #expect(abs(Double(tone) / 48_000 - second) < 0.01, "\(tones)")
        }
        #expect(abs(try #require(Double(judged.audio?.duration ?? "")) - 4) < 0.06, "a block more or less")
        #expect(reports.last?.stage == .done)
    }

    @Test func joiningNamesTheFilmAtFault() throws {
        let scratch = try Scratch()
        try Self.film(scratch.path("a.mp4"), first: 0, seconds: 0.5)
        try Tool.ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", scratch.path("b.wav"))
        for (names, code, words) in [
            (["a.mp4"], MediaError.Code.parametersInvalid, "two films"), (["a.mp4", "b.wav"], .unsupported, "b.wav"),
            (["a.mp4", "c.mp4"], .inputUnreadable, "c.mp4"),
        ] {
            let error = try #require(throws: MediaError.self) {
                try Concat(inputs: names.map { scratch.path($0) }, target: .browser()).render(
                    to: scratch.path("out.mp4"))
            }
            #expect(error.code == code && error.message.contains(words), "\(error)")
        }
        #expect(try scratch.names == ["a.mp4", "b.wav"])
    }

    @Test func picturesAndSoundOfSeveralFilesComeTogether() throws {
        let scratch = try Scratch()
        try Self.film(scratch.path("a.mp4"), first: 0, seconds: 1)
        try Tool.ffmpeg("-f", "lavfi", "-i", "sine=f=500:d=1", "-c:a", "aac", scratch.path("b.m4a"))
        try Tool.ffmpeg("-f", "lavfi", "-i", "sine=f=900:r=48000:d=0.5", scratch.path("c.wav"))
        let mux = Mux(
            video: scratch.path("a.mp4"), audio: [scratch.path("b.m4a"), scratch.path("c.wav")],
            languages: ["eng", "fra"])
        let outcome = try mux.render(to: scratch.path("out.mp4"))
        #expect((outcome.video, outcome.audio, outcome.frames) == (.copied, [.copied, .encoded], 25))
        #expect(try Tool.frameHashes(scratch.path("out.mp4")) == Tool.frameHashes(scratch.path("a.mp4")))
        #expect(
            try Tool.packetHashes(scratch.path("out.mp4"), "0:a:0") == Tool.packetHashes(scratch.path("b.m4a"), "0:a:0")
        )
        #expect(
            try Tool.ask(scratch.path("out.mp4"), "stream_tags=language", "-select_streams", "a") == ["eng", "fra"])
        // Without other sound the film keeps its own; WebM can hold none of it as it is.
        let other = try Mux(video: scratch.path("a.mp4"), container: .webm).render(to: scratch.path("out.webm"))
        #expect((other.video, other.audio) == (.encoded, [.encoded]))
        let judged = try Tool.ffprobe(scratch.path("out.webm"))
        #expect((judged.video?.codec_name, judged.audio?.codec_name) == ("vp9", "opus"))
        for (broken, words) in [
            (Mux(video: scratch.path("c.wav")), "c.wav"),
            (Mux(video: scratch.path("a.mp4"), languages: ["english"]), "language"),
            (Mux(video: scratch.path("a.mp4"), container: .wav), "WAV"),
        ] {
            let error = try #require(throws: MediaError.self) { try broken.render(to: scratch.path("no.mp4")) }
            #expect(error.message.contains(words), "\(error)")
        }
        #expect(try !scratch.names.contains("no.mp4"))
    }
}
