import Foundation
import StudioMedia
import Testing

@Suite struct WaveformTests {
    /// What peaks.js reads.
    private struct Peaks: Decodable {
        var version, channels, sample_rate, samples_per_pixel, bits, length: Int
        var data: [Int]
    }

    private func peaks(_ scratch: Scratch, _ name: String = "peaks.json") throws -> Peaks {
        try JSONDecoder().decode(Peaks.self, from: Data(scratch.bytes(name)))
    }

    /// Half a second of nothing, then half a second at half of full scale on the left and a quarter on the right.
    private func stereo(_ scratch: Scratch) throws -> String {
        let step = "gte(t,0.5)*(2*lt(mod(t*100,1),0.5)-1)"
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "aevalsrc='0.5*\(step)|0.25*\(step)':s=48000:d=1", "-c:a", "pcm_s16le",
            scratch.path("a.wav"))
        return scratch.path("a.wav")
    }

    @Test func peaksAreThoseOfTheSamples() throws {
        let scratch = try Scratch()
        var waveform = try Waveform(input: stereo(scratch))
        waveform.channels = .separate
        waveform.samplesPerPixel = 480
        waveform.bits = 16
        let outcome = try waveform.render(to: scratch.path("a.png"), peaks: scratch.path("peaks.json"))
        let found = try peaks(scratch)
        #expect(found.version == 2 && found.channels == 2 && found.sample_rate == 48_000)
        #expect(found.samples_per_pixel == 480 && found.bits == 16 && found.length == 100)
        #expect(found.data.count == 400)
        #expect(Array(found.data[..<200]).allSatisfy { $0 == 0 }, "silence")
        for pixel in 51..<100 {
            let values = found.data[4 * pixel..<4 * pixel + 4].map { $0 }
            #expect(values == [-16_384, 16_384, -8192, 8192], "left and right, lowest and highest")
        }
        #expect(outcome.samples == 48_000 && outcome.peaks == 100 && abs(outcome.highest - 0.5) < 0.001)
    }

    @Test func eightBitsAndOneChannelAreTheUsual() throws {
        let scratch = try Scratch()
        try Waveform(input: stereo(scratch)).render(to: scratch.path("a.png"), peaks: scratch.path("peaks.json"))
        let found = try peaks(scratch)
        #expect(found.channels == 1 && found.bits == 8 && found.length == 188, "the last stretch is a short one")
        // The mean of a half and a quarter, in 128ths.
        #expect(found.data.max() == 48 && found.data.min() == -48)
    }

    @Test func thePictureShowsSilenceAsALineAndSoundAsABand() throws {
        let scratch = try Scratch()
        var waveform = try Waveform(input: stereo(scratch), foreground: "#ff0000", background: "#000000")
        (waveform.width, waveform.height, waveform.channels) = (100, 80, .separate)
        try waveform.render(to: scratch.path("a.png"))
        let judged = try Tool.ffprobe(scratch.path("a.png"))
        #expect(judged.video?.codec_name == "png" && judged.video?.pix_fmt == "rgba")
        let pixels = try Tool.pixels(scratch.path("a.png"), width: 100, height: 80)
        func red(_ column: Int, _ rows: Range<Int>) -> Int {
            rows.count { pixels[($0 * 100 + column) * 3] > 128 }
        }
        #expect(red(20, 0..<40) == 1 && red(20, 40..<80) == 1)
        #expect((19...22).contains(red(70, 0..<40)), "half of the left band")
        #expect((9...12).contains(red(70, 40..<80)), "a quarter of the right one")
    }

    @Test(arguments: ["a.mp3", "a.opus", "a.mkv"]) func anySoundIsRead(name: String) throws {
        let scratch = try Scratch()
        let picture = name == "a.mkv" ? ["-f", "lavfi", "-i", "testsrc2=s=64x64:d=2"] : []
        try Tool.ffmpeg(picture + ["-f", "lavfi", "-i", "sine=d=2:r=44100", scratch.path(name)])
        var reports: [MediaProgress] = []
        let outcome = try Waveform(input: scratch.path(name)).render(
            to: scratch.path("a.png"), peaks: scratch.path("p.json")
        ) { reports.append($0) }
        let rate = Double(outcome.sampleRate)
        #expect(abs(Double(outcome.samples) / rate - 2) < 0.06)
        #expect(try peaks(scratch, "p.json").length == (outcome.samples + 255) / 256)
        #expect(reports.last?.stage == .done)
    }

    @Test func filesWithoutSoundLeaveNothing() throws {
        let scratch = try Scratch()
        let input = try Scratch()
        try Tool.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", input.path("a.mp4"))
        let error = #expect(throws: MediaError.self) {
            try Waveform(input: input.path("a.mp4")).render(to: scratch.path("a.png"), peaks: scratch.path("p.json"))
        }
        #expect(error?.code == .unsupported)
        try Tool.ffmpeg("-f", "lavfi", "-i", "sine=d=20", input.path("a.flac"))
        try input.cut("a.flac", to: 0.5, as: "cut.flac")
        #expect(throws: MediaError.self) {
            try Waveform(input: input.path("cut.flac")).render(to: scratch.path("a.png"), peaks: scratch.path("p.json"))
        }
        #expect(throws: MediaError.self) { try Waveform(input: "", foreground: "blue") }
        #expect(try scratch.names.isEmpty)
    }
}
