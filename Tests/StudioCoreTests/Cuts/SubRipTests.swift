import StudioCore
import Testing

/// SubRip as programs write it, and WebVTT's text in other formats' words.
@Suite struct SubRipTests {
    @Test func cuesAreReadWithTheirMarkup() throws {
        let read = try WebVTT(
            readingSubRip:
                "\u{FEFF}7\r\n1:02:03,5 --> 1:02:04.25 X1:10 X2:20\r\n<B>a</B> < b & <font size=1>c</font>\r\n")
        #expect(
            read.cues == [
                WebVTT.Cue(start: 3_723_500, end: 3_724_250, text: "<b>a</b> &lt; b &amp; c")
            ])
        #expect(read.cues[0].plainText == "a < b & c" && read.cues[0].subRipText == "<b>a</b> < b & c")
        #expect(try WebVTT(reading: read.document()) == read, "what was read can be written")
    }

    @Test func textsMayHaveEmptyLinesAndNumbersMayBeMissing() throws {
        let read = try WebVTT(
            readingSubRip: """
                00:00:05,000 --> 00:00:06,000
                second
                2
                00:00:01,000 --> 00:00:02,000
                {\\an8}12 monkeys

                1984
                """)
        #expect(read.cues.map(\.text) == ["12 monkeys\n1984", "second"], "in order of time")
    }

    @Test(arguments: [
        ("", ""), ("no times at all", ""), ("1\n00:00:02,000 --> 00:00:01,000\nx", "line 2"),
        ("1\n00:00:01,000 --> soon\nx", "line 2"),
    ])
    func whatIsNoSubRipIsRefusedByItsLine(text: String, pointer: String) throws {
        let error = #expect(throws: StudioError.self) { try WebVTT(readingSubRip: text) }
        #expect(error?.findings.map(\.pointer) == [pointer])
    }

    @Test func theFormatIsToldByTheFirstWord() throws {
        #expect(try WebVTT(readingSubtitles: "WEBVTT\n\n00:01.000 --> 00:02.000\na\n").cues.count == 1)
        #expect(try WebVTT(readingSubtitles: "1\n00:00:01,000 --> 00:00:02,000\na\n").cues.count == 1)
        #expect(throws: StudioError.self) { try WebVTT(readingSubtitles: "WEBVTTX\n") }
    }

    @Test(arguments: [
        ("<c.red>x</c> <00:01.000>y", "x y", "x y"), ("1 &lt; 2 &amp;lt; 3", "1 < 2 &lt; 3", "1 < 2 &lt; 3"),
        ("<v Anna>hello</v> <i.quiet>there</i>", "hello there", "hello <i>there</i>"), ("a <b", "a <b", "a <b"),
        ("3 < 4 > 2", "3 < 4 > 2", "3 < 4 > 2"),
    ])
    func markupIsTakenOutOrTranslated(text: String, plain: String, subRip: String) {
        let cue = WebVTT.Cue(start: 0, end: 1, text: text)
        #expect(cue.plainText == plain && cue.subRipText == subRip)
    }
}
