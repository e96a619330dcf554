import QueueProtocol
import StudioCore
import Testing

@Suite("CMX3600 edit decision lists")
struct EDLTests {
    @Test("Cuts, dissolves, fades, black, channels and comments")
    func reading() throws {
        let text = """
            TITLE: The film
            FCM: NON-DROP FRAME

            001  BL       V     C        00:00:00:00 00:00:00:00 01:00:00:00 01:00:00:00
            001  TAPE1    V     D    012 10:00:00:00 10:00:02:00 01:00:00:00 01:00:02:00
            * TO CLIP NAME: One
            * SOURCE FILE: one.mov
            002  TAPE1    V     C        10:00:02:00 10:00:02:00 01:00:02:00 01:00:02:00
            002  TAPE2    V     D 024    00:00:10:00 00:00:14:00 01:00:02:00 01:00:06:00
            * FROM CLIP NAME: One
            * SOURCE FILE: one.mov
            * TO CLIP NAME: Two
            * SOURCE FILE: dir/two.mov
            * LOC: 00:00:11:00 RED HERE
            * a word of the editor
            003  TAPE3    AA/V  C        00:00:00:00 00:00:01:00 01:00:07:00 01:00:08:00
            004  TAPE3    NONE  C        00:00:00:00 00:00:01:00 01:00:08:00 01:00:09:00
            AUD  3    4
            005  TAPE3    V     C        00:00:01:00 00:00:01:00 01:00:08:00 01:00:08:00
            005  BL       V     D 012    00:00:00:00 00:00:00:12 01:00:08:00 01:00:08:12
            """
        let cut = try Cut(readingEDL: text.replacing("\n", with: "\r\n"), rate: .film)
        #expect(
            SampleCuts.lines(cut) == [
                "track Video", "transition 0@24000 12@24000", "clip One 864000@24000 48@24000",
                "transition 0@24000 24@24000", "clip Two 240@24000 96@24000", "gap 24@24000",
                "clip TAPE3 0@24000 24@24000", "transition 0@24000 12@24000", "gap 12@24000",
                "track Audio", "gap 168@24000", "clip TAPE3 0@24000 24@24000",
                "track Audio", "gap 168@24000", "clip TAPE3 0@24000 24@24000",
                "track Audio", "gap 192@24000", "clip TAPE3 0@24000 24@24000",
                "track Audio", "gap 192@24000", "clip TAPE3 0@24000 24@24000",
            ])
        #expect(cut.tracks.map(\.channel) == [nil, 1, 2, 3, 4])
        #expect(cut.name == "The film" && cut.globalStart == EditTime(86_400, at: .film))
        guard case .clip(let one) = cut.tracks[0].items[1], case .clip(let two) = cut.tracks[0].items[3] else { return }
        #expect(one.source == .reference("one.mov") && one.reel == "TAPE1")
        #expect(two.source == .reference("dir/two.mov") && two.markers.map(\.name) == ["HERE"])
        let comments = two.others.own["metadata"]?["cmx_3600"]?["comments"]?.arrayValue?.map(\.stringValue)
        #expect(comments == ["a word of the editor"])
    }

    @Test("Everything wrong is said at once, each with its line")
    func problems() {
        let text = """
            TITLE: x
            FCM: DROP FRAME
            001  A  V  W001 012 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00
            002  A  V  C  00:00:00:00 00:00:01:00 00:00:01:00 00:00:02:00
            M2   A  048.0  00:00:00:00
            * * FREEZE FRAME
            003  A  V  C  00:00:00:00 00:00:01:00 00:00:01:12 00:00:02:12
            004  A  V  C  00:00:00:00 00:00:01:30 00:00:03:00 00:00:04:00
            005  A  X  C  00:00:00:00 00:00:01:00 00:00:04:00 00:00:05:00
            006  A  V  C  00:00:00:00 00:00:02:00 00:00:05:00 00:00:06:00
            007  A  V  D  00:00:00:00 00:00:01:00 00:00:07:00 00:00:08:00
            008 what is this
            009  A  V  K  00:00:00:00 00:00:01:00 00:00:09:00 00:00:10:00
            """
        let error = #expect(throws: StudioError.self) { try Cut(readingEDL: text, rate: .film) }
        let places = Set(error?.findings.map(\.pointer) ?? [])
        #expect(places == Set([2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13].map { "line \($0)" }))
    }

    @Test("Without edits, or too long, nothing is read")
    func limits() {
        for text in ["", "TITLE: nothing\n", "001 " + String(repeating: "x", count: 10_000)] {
            #expect(throws: StudioError.self) { try Cut(readingEDL: text, rate: .film) }
        }
    }

    @Test("What an EDL cannot say is refused by name")
    func unwritable() throws {
        let rate = try #require(EditRate(25))
        let clip = Cut.Clip(name: "Other", source: .missing, range: EditRange(0..<10, at: rate))
        let cut = Cut(
            name: "x", rate: .film, tracks: [Cut.Track(.video, [.clip(clip)]), Cut.Track(.video, [], name: "V2")])
        let error = #expect(throws: StudioError.self) { try cut.edl() }
        #expect(error?.findings.map(\.code) == ["unsupported", "unsupported"])
    }

    @Test("Every source has its own reel of eight characters")
    func reels() throws {
        let clips = ["SHOT-010_v01_take01", "SHOT-010_v01_take02", "SHOT-010_v01_take01"].map { name in
            Cut.Item.clip(Cut.Clip(name: name, source: .reference("\(name).mp4"), range: EditRange(0..<10, at: .film)))
        }
        let text = try Cut(name: "x", rate: .film, tracks: [Cut.Track(.video, clips)]).edl()
        let reels = text.split(whereSeparator: \.isNewline).filter { $0.first?.isNumber == true }.map { line in
            line.split(separator: " ")[1]
        }
        #expect(reels == ["SHOT010V", "SHOT0101", "SHOT010V"])
    }
}
