import StudioMedia
import Testing

@Suite struct NormalizeAudioTests {
    /// Sound whose loudness the `ffmpeg` program's meter tells: noise, quiet and loud by turns.
    private func film(_ scratch: Scratch, _ name: String, seconds: Int = 12, volume: String, encoding: [String]) throws
        -> String
    {
        try Tool.ffmpeg(
            ["-f", "lavfi", "-i", "testsrc2=s=64x64:d=\(seconds)"]
                + ["-f", "lavfi", "-i", "anoisesrc=d=\(seconds):c=pink:r=48000:seed=1,volume='\(volume)':eval=frame"]
                + encoding
                + [scratch.path(name)])
        return scratch.path(name)
    }

    private static let steady = "0.05"

    @Test(arguments: [-23.0, -16, -30]) func aSteadySoundtrackGetsOneGain(target: Double) throws {
        let scratch = try Scratch()
        let input = try film(
            scratch, "a.mov", volume: Self.steady, encoding: ["-c:v", "libx264", "-c:a", "pcm_s16le"])
        var work = NormalizeAudio(input: input, container: .mov)
        work.target.integrated = target
        let tracks = try work.render(to: scratch.path("out.mov"))
        #expect(tracks.map(\.method) == [.gain])
        let judged = try Tool.loudness(scratch.path("out.mov"))
        #expect(abs(judged.integrated - target) <= 0.2, "\(judged)")
        #expect(abs(judged.integrated - (tracks.first?.after.integrated ?? 0)) <= 0.1, "we measure what they measure")
        let before = try Tool.loudness(input)
        #expect(abs(before.integrated - (tracks.first?.before.integrated ?? 0)) <= 0.1)
        #expect(abs(before.range - (tracks.first?.before.range ?? 99)) <= 0.2)
        #expect(abs(before.peak - (tracks.first?.before.truePeak ?? 99)) <= 0.2)
    }

    @Test func aWideSoundtrackIsBroughtIn() throws {
        let scratch = try Scratch()
        // Eight seconds each: quiet, loud, quiet; far too wide for a range of 7 LU.
        let input = try film(
            scratch, "a.mkv", seconds: 24, volume: "if(between(t,8,16),0.9,0.12)",
            encoding: ["-c:v", "libx264", "-c:a", "flac"])
        var work = NormalizeAudio(input: input, container: .mkv)
        work.target = NormalizeAudio.Target(integrated: -16, truePeak: -2, range: 7)
        let track = try #require(try work.render(to: scratch.path("out.mkv")).first)
        #expect(track.method == .dynamic && track.before.range > 10)
        let judged = try Tool.loudness(scratch.path("out.mkv"))
        #expect(abs(judged.integrated - -16) <= 1, "\(judged)")
        #expect(judged.peak <= -1.8, "\(judged)")
        #expect(judged.range < track.before.range - 5, "\(judged)")
    }

    @Test func picturesAreTheVerySame() throws {
        let scratch = try Scratch()
        let input = try film(scratch, "a.mp4", volume: Self.steady, encoding: ["-c:v", "libx264", "-bf", "2"])
        var reports: [MediaProgress] = []
        try NormalizeAudio(input: input).render(to: scratch.path("out.mp4")) { reports.append($0) }
        func packets(_ path: String) throws -> String {
            try Tool.run("ffmpeg", ["-v", "error", "-i", path, "-map", "0:v", "-c", "copy", "-f", "hash", "-"])
        }
        #expect(try packets(input) == packets(scratch.path("out.mp4")))
        #expect(try Tool.times(input) == Tool.times(scratch.path("out.mp4")))
        #expect(reports.last?.stage == .done && reports.last?.framesDone == reports.last?.framesTotal)
    }

    @Test func soundStaysWithThePicture() throws {
        let scratch = try Scratch()
        try FlashAndBeep.make(scratch.path("a.mp4"), encoding: ["-c:v", "libx264", "-c:a", "aac"])
        try NormalizeAudio(input: scratch.path("a.mp4")).render(to: scratch.path("out.mp4"))
        let offsets = try FlashAndBeep.offsets(scratch.path("out.mp4"))
        #expect(offsets.count == 3)
        for offset in offsets { #expect(abs(offset) <= 0.001, "\(offsets)") }
    }

    @Test func everySoundtrackHasItsOwnLoudnessAndSilenceStays() throws {
        let scratch = try Scratch()
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "anoisesrc=d=4:c=pink:a=0.5:seed=1", "-f", "lavfi", "-i",
            "anoisesrc=d=4:c=pink:a=0.02:seed=2", "-f", "lavfi", "-i", "anullsrc=d=4", "-map", "0", "-map", "1", "-map",
            "2", "-t", "4", "-c:a", "flac", scratch.path("a.mkv"))
        let tracks = try NormalizeAudio(input: scratch.path("a.mkv"), container: .mkv).render(to: scratch.path("o.mkv"))
        #expect(tracks.map(\.method) == [.gain, .gain, .none])
        for track in 0..<2 {
            let judged = try Tool.loudness(scratch.path("o.mkv"), track: track)
            #expect(abs(judged.integrated - -23) <= 0.5, "\(judged)")
        }
    }

    @Test func whatCannotBeDoneLeavesNothing() throws {
        let scratch = try Scratch()
        let input = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "anullsrc=d=1", input.path("silent.wav"))
        try Tool.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", input.path("mute.mp4"))
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", "-f", "lavfi", "-i", "sine=d=1", "-c:v", "mpeg4",
            input.path("old.avi"))
        let output = scratch.path("out")
        for (name, container, code) in [
            ("silent.wav", ContainerKind.wav, MediaError.Code.unsupported), ("mute.mp4", .mp4, .unsupported),
            ("old.avi", .mp4, .parametersInvalid),
        ] {
            let error = #expect(throws: MediaError.self, "\(name)") {
                try NormalizeAudio(input: input.path(name), container: container).render(to: output)
            }
            #expect(error?.code == code, "\(name)")
        }
        var work = NormalizeAudio(input: input.path("old.avi"))
        work.target.integrated = 0
        let error = #expect(throws: MediaError.self) { try work.render(to: output) }
        #expect(error?.code == .parametersInvalid)
        #expect(try scratch.names.isEmpty)
    }
}
