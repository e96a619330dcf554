import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

/// The judge is the real `opentimelineio` of PyPI with its CMX3600 adapter.
@Suite("Cuts and the real OpenTimelineIO")
struct OpenTimelineIOTests {
    static let rates = ["24", "25", "24000/1001", "30000/1001"]

    private func rate(_ text: String) throws -> EditRate { try #require(EditRate(parsing: text)) }

    private func split(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    @Test("What we write, OpenTimelineIO reads; what it writes of it, we read", arguments: rates)
    func otio(text: String) async throws {
        let cut = SampleCuts.film(try rate(text), isDropFrame: text == "30000/1001")
        let folder = try TemporaryDirectory("otio")
        let file = try folder.write(cut.otioFile(), to: "ours.otio")
        let output = try await SampleCuts.python(
            """
            timeline = otio.adapters.read_from_file(arguments[0])
            lines(timeline)
            start = timeline.global_start_time
            print(timeline.name, text(start), timeline.tracks.markers[0].name, timeline.tracks[0][1].markers[0].color)
            print(timeline.tracks[0][1].media_reference.target_url, text(timeline.duration()))
            otio.adapters.write_to_file(timeline, arguments[1])
            """, [file, folder.path("theirs.otio")])
        let thousandths = Int((cut.rate.framesPerSecond * 1000).rounded())
        let start = try #require(cut.globalStart).frames
        #expect(
            split(output) == SampleCuts.lines(cut) + [
                "Three shots \(start)@\(thousandths) Act 1 RED",
                "03_Renders/SHOT-010/SHOT-010_v01_take01.mp4 146@\(thousandths)",
            ])
        let back = try Cut(readingOTIO: Data(contentsOf: URL(filePath: folder.path("theirs.otio"))))
        #expect(SampleCuts.lines(back) == SampleCuts.lines(cut))
        #expect(back.rate == cut.rate && back.globalStart == cut.globalStart && back.isDropFrame == cut.isDropFrame)
        #expect(back.tracks[1].channel == 1)
        #expect(back.tracks.flatMap(\.items).map(\.duration) == cut.tracks.flatMap(\.items).map(\.duration))
    }

    @Test("Our EDL means to its adapter what it means to us", arguments: rates)
    func ourEDL(text: String) async throws {
        let rate = try rate(text)
        let cut = SampleCuts.film(rate, isDropFrame: rate.hasDropFrame, isAfterBlack: true)
        let edl = try cut.edl()
        #expect(edl.contains("01:00:00;00") == rate.hasDropFrame)
        let ours = try Cut(readingEDL: edl, rate: rate)
        let theirs = try await SampleCuts.python(
            "lines(otio.adapters.read_from_string(arguments[0], 'cmx_3600', rate=float(arguments[1])))",
            [edl, String(rate.framesPerSecond)])
        #expect(SampleCuts.lines(ours) == split(theirs))
        // Read and written again, nothing moves.
        #expect(SampleCuts.lines(try Cut(readingEDL: ours.edl(), rate: rate)) == SampleCuts.lines(ours))
        #expect(ours.globalStart == cut.globalStart)
    }

    @Test("The EDL and the OTIO that its adapter makes of our cut are ours too", arguments: rates)
    func theirEDL(text: String) async throws {
        let rate = try rate(text)
        var cut = SampleCuts.film(rate, isAfterBlack: true)
        cut.tracks.removeLast()
        let folder = try TemporaryDirectory("edl")
        let file = try folder.write(cut.otioFile(), to: "ours.otio")
        let theirs = try await SampleCuts.python(
            """
            timeline = otio.adapters.read_from_file(arguments[0])
            edl = otio.adapters.write_to_string(timeline, "cmx_3600")
            open(arguments[1], "w").write(edl)
            again = otio.adapters.read_from_string(edl, "cmx_3600", rate=float(arguments[3]))
            otio.adapters.write_to_file(again, arguments[2])
            lines(again)
            """, [file, folder.path("a.edl"), folder.path("a.otio"), String(rate.framesPerSecond)])
        let edl = try String(contentsOf: URL(filePath: folder.path("a.edl")), encoding: .utf8)
        #expect(SampleCuts.lines(try Cut(readingEDL: edl, rate: rate)) == split(theirs))
        let otio = try Cut(readingOTIO: Data(contentsOf: URL(filePath: folder.path("a.otio"))))
        #expect(SampleCuts.lines(otio) == split(theirs))
        let thousandths = Int((rate.framesPerSecond * 1000).rounded())
        #expect(split(theirs).contains("clip SHOT-020 18@\(thousandths) 54@\(thousandths)"))
    }
}
