import StudioCore
import StudioMedia
import Testing

/// Subtitles beside pictures, read back by the independent judge.
@Suite struct SubtitleTests {
    private static let subRip = """
        1
        00:00:00,500 --> 00:00:01,000
        {\\an8}<i>Grüße</i> & <font color="red">Tee</font>

        2
        00:00:00,800 --> 00:00:01,500
        Zweite Zeile,

        nach einer leeren

        3
        00:00:09,000 --> 00:00:10,000
        behind the film's end
        """
    private static let webVTT = """
        WEBVTT

        NOTE nothing

        first
        00:00.200 --> 00:00.900 line:0
        A <b.loud>bold</b> word &amp; more

        00:01.200 --> 00:09.000
        to the end
        """

    private static func make(_ scratch: Scratch) throws {
        try Tool.ffmpeg(
            "-f", "lavfi", "-i", "testsrc=s=64x64:r=25:d=2", "-f", "lavfi", "-i", "sine=d=2", "-c:v", "libx264", "-bf",
            "2", "-c:a", "aac", scratch.path("a.mp4"))
        // As Windows' programs write it.
        let lines = "\u{FEFF}" + Self.subRip.replacing("\n", with: "\r\n")
        try scratch.write("a.srt", Array(lines.utf8))
        try scratch.write("b.txt", Array(Self.webVTT.utf8))
    }

    /// What the judge reads out of a track: when, in milliseconds from the first picture on, and what.
    private static func read(_ path: String, track: Int) throws -> [String] {
        let scratch = try Scratch()
        try Tool.ffmpeg("-i", path, "-map", "0:s:\(track)", "-c:s", "srt", scratch.path("read.srt"))
        let text = String(decoding: try scratch.bytes("read.srt"), as: UTF8.self).replacing("\r\n", with: "\n")
        // Where sound begins early Matroska moves everything by as much, and the judge counts from the earliest.
        let times = try ["stream=start_time", "format=start_time"].map { try Tool.ask(path, $0)[0] }
        let shift = Int((((Double(times[0]) ?? 0) - (Double(times[1]) ?? 0)) * 1000).rounded())
        return try WebVTT(readingSubRip: text).cues.map { cue in
            // The judge says the track's own letters.
            "\(cue.start - shift) \(cue.end - shift) " + cue.subRipText.replacing("\n", with: "|")
        }
    }

    @Test(arguments: [("mp4", "mov_text"), ("mov", "mov_text"), ("mkv", "subrip"), ("webm", "webvtt")])
    func subtitlesAreReadBackFromEveryKindOfFile(container: String, codec: String) throws {
        let scratch = try Scratch()
        try Self.make(scratch)
        let out = scratch.path("out." + container)
        let outcome = try Mux(
            video: scratch.path("a.mp4"), subtitles: [scratch.path("a.srt"), scratch.path("b.txt")],
            subtitleLanguages: ["deu", "eng"], container: try #require(ContainerKind(rawValue: container))
        ).render(to: out)
        #expect(outcome.subtitles == 2 && outcome.frames == 50)
        #expect(try Tool.ask(out, "stream=codec_name", "-select_streams", "s") == [codec, codec])
        let german = container == "mov" ? "ger" : "deu"
        #expect(try Tool.ask(out, "stream_tags=language", "-select_streams", "s") == [german, "eng"])
        let first = try Self.read(out, track: 0)
        let second = try Self.read(out, track: 1)
        let both = "Zweite Zeile,|nach einer leeren"
        if codec == "mov_text" {
            // What is seen together is one text there.
            #expect(first == ["500 800 Grüße & Tee", "800 1000 Grüße & Tee|\(both)", "1000 1500 \(both)"])
            #expect(second == ["200 900 A bold word & more", "1200 2000 to the end"])
        } else {
            #expect(first == ["500 1000 <i>Grüße</i> & Tee", "800 1500 \(both)"])
            // The judge leaves out WebVTT's tags with a class.
            let bold = codec == "webvtt" ? "bold" : "<b>bold</b>"
            #expect(second == ["200 900 A \(bold) word & more", "1200 2000 to the end"], "no longer than the film")
        }
        let judged = try Tool.ffprobe(out)
        #expect(judged.video?.nb_read_frames == "50")
        #expect(abs(try #require(Double(judged.format.duration ?? "")) - 2) < 0.06)
    }

    @Test func whatIsNoSubtitlesIsNamed() throws {
        let scratch = try Scratch()
        try Self.make(scratch)
        try scratch.write("c.srt", Array("1\n00:00:02,000 --> 00:00:01,000\nno\n".utf8))
        try scratch.write("d.srt", [0x31, 0x0A, 0xE9, 0x0A])
        try scratch.write("e.srt", Array("nothing\n".utf8))
        for (name, words) in [("c.srt", "line 2"), ("d.srt", "UTF-8"), ("e.srt", "no cue"), ("f.srt", "f.srt")] {
            let error = try #require(throws: MediaError.self) {
                try Mux(video: scratch.path("a.mp4"), subtitles: [scratch.path(name)]).render(
                    to: scratch.path("no.mp4"))
            }
            #expect(error.message.contains(words) && error.message.contains(name), "\(error)")
        }
        #expect(throws: MediaError.self) {
            try Mux(video: scratch.path("a.mp4"), subtitles: [scratch.path("a.srt")], subtitleLanguages: ["e"])
                .render(to: scratch.path("no.mp4"))
        }
        #expect(try !scratch.names.contains("no.mp4"))
    }

    @Test func textsThatAreShownTogetherHaveABound() throws {
        let scratch = try Scratch()
        try Self.make(scratch)
        func mux(_ texts: Int, of bytes: Int, into name: String) throws {
            let text = String(repeating: "x", count: bytes)
            let cues = (0..<texts).map { number in
                "00:00.\(String(number + 1000).dropFirst()) --> 00:01.\(String(number + 1000).dropFirst())\n\(number) \(text)\n"
            }
            try scratch.write("many.vtt", Array("WEBVTT\n\n\(cues.joined(separator: "\n"))".utf8))
            try Mux(
                video: scratch.path("a.mp4"), subtitles: [scratch.path("many.vtt")],
                container: name.hasSuffix("mkv") ? .mkv : .mp4
            ).render(to: scratch.path(name))
        }
        try mux(64, of: 2000, into: "most.mp4")
        let longest = try Self.read(scratch.path("most.mp4"), track: 0).map(\.utf8.count).max() ?? 0
        #expect(longest > 60_000 && longest < 66_000, "what one sample cannot hold is left out")
        let error = #expect(throws: MediaError.self) { try mux(65, of: 1, into: "more.mp4") }
        #expect(error?.code == .inputInvalid && error?.message.contains("64 texts") == true, "\(error?.message ?? "")")
        #expect(try !scratch.names.contains("more.mp4"))
        try mux(900, of: 1, into: "more.mkv")
        #expect(try Self.read(scratch.path("more.mkv"), track: 0).count == 900, "Matroska says each once")
    }
}
