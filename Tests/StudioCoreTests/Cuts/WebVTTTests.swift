import StudioCore
import Testing

@Suite("WebVTT")
struct WebVTTTests {
    @Test("A written document is read back as it was, and reads as the specification says")
    func roundTrip() throws {
        var document = WebVTT(
            cues: [
                WebVTT.Cue(start: 0, end: 1000, text: "sheet.jpg#xywh=0,0,160,90"),
                WebVTT.Cue(
                    start: 3_600_000 * 101 + 61_001, end: 3_600_000 * 101 + 62_000, text: "Über\nalles",
                    identifier: "chapter 2", settings: "line:0 align:start"),
            ], header: "Sprites")
        document.blocks.insert(.other("NOTE\nmade by hand"), at: 1)
        let text = try document.document()
        #expect(
            text == """
                WEBVTT Sprites

                00:00:00.000 --> 00:00:01.000
                sheet.jpg#xywh=0,0,160,90

                NOTE
                made by hand

                chapter 2
                101:01:01.001 --> 101:01:02.000 line:0 align:start
                Über
                alles

                """)
        #expect(try WebVTT(reading: text) == document)
        #expect(try WebVTT(reading: text.replacing("\n", with: "\r\n")) == document)
        #expect(try WebVTT(reading: text.replacing("\n", with: "\r")) == document)
        #expect(WebVTT.escaped("<b> & c") == "&lt;b&gt; &amp; c")
    }

    @Test("What other programs write is read: no hours, a byte order mark, no text, many empty lines")
    func leniency() throws {
        let text = "\u{FEFF}WEBVTT\tx\nKind: chapters\n\n\n\n01:02.003 --> 01:03.000\n\n\n\n"
        let document = try WebVTT(reading: text)
        #expect(document.header == "x\nKind: chapters")
        #expect(document.cues == [WebVTT.Cue(start: 62_003, end: 63_000, text: "")])
        #expect(try WebVTT(reading: document.document()) == document)
        #expect(try WebVTT(reading: "WEBVTT").cues.isEmpty)
    }

    @Test("Everything wrong is said at once, each with its line")
    func problems() {
        let text = """
            WEBVTT

            00:00:02.000 --> 00:00:01.000
            backwards

            lost its times

            1
            00:00:01,000 --> 00:00:02,000
            commas

            one
            two
            00:00:01.000 --> 00:00:02.000

            00:61:00.000 --> 00:62:00.000
            minutes
            """
        let error = #expect(throws: StudioError.self) { try WebVTT(reading: text) }
        #expect(error?.findings.map(\.pointer) == ["line 3", "line 6", "line 9", "line 14", "line 16"])
        for bad in ["", "WEBVTTX", "\n\nWEBVTT", "1\n00:00:01.000 --> 00:00:02.000"] {
            let error = #expect(throws: StudioError.self) { try WebVTT(reading: bad) }
            #expect(error?.findings.map(\.code) == ["signature"], "\(bad)")
        }
        let long = "WEBVTT\n\nNOTE " + String(repeating: "x", count: WebVTT.longestDocument)
        #expect(throws: StudioError.self) { try WebVTT(reading: long) }
    }

    @Test(
        "A cue that WebVTT cannot say is not written",
        arguments: [
            (WebVTT.Cue(start: -1, end: 5, text: "x"), "/cues/0/start"),
            (WebVTT.Cue(start: 5, end: 5, text: "x"), "/cues/0/end"),
            (WebVTT.Cue(start: 0, end: 5, text: "a\n\nb"), "/cues/0/text"),
            (WebVTT.Cue(start: 0, end: 5, text: "a --> b"), "/cues/0/text"),
            (WebVTT.Cue(start: 0, end: 5, text: "a", identifier: "a\nb"), "/cues/0/identifier"),
            (WebVTT.Cue(start: 0, end: 5, text: "a", identifier: "NOTE x"), "/cues/0/identifier"),
        ])
    func unwritable(cue: WebVTT.Cue, pointer: String) {
        let error = #expect(throws: StudioError.self) { try WebVTT(cues: [cue]).document() }
        #expect(error?.findings.map(\.pointer) == [pointer])
    }
}
