import QueueProtocol
import StudioCore
import Testing

@Suite("Plans of films")
struct ConformPlanTests {
    /// Sources as `SampleCuts.film` names them, of 200 frames each.
    private func catalogue(_ rate: EditRate, frames: Int = 200, startTimecode: Int? = nil) -> ConformCatalogue {
        ConformCatalogue(
            ["SHOT-010", "SHOT-020", "SHOT-030"].map { name in
                ConformSource(
                    path: "03_Renders/\(name)/\(name)_v01_take01.mp4", names: ["take:\(name)", name],
                    pictures: .init(rate: rate, count: frames, startTimecode: startTimecode),
                    sound: EditTime(frames, at: rate).seconds)
            })
    }

    private func item(_ name: String, _ frames: Range<Int>, at rate: EditRate = .film) -> Cut.Item {
        .clip(Cut.Clip(name: name, source: .missing, range: EditRange(frames, at: rate)))
    }

    /// What each frame of a film shows, as `source:frame` or, in a dissolve, `from>to n/N`.
    private func frames(_ plan: ConformPlan) -> [String] {
        plan.pictures.flatMap { picture in
            picture.frames.map { frame in
                func text(_ layer: ConformPlan.Layer?) -> String {
                    guard let layer, let rate = plan.sources[layer.source].pictures?.rate else { return "black" }
                    let moment = layer.moment(at: frame, rate: plan.settings.rate)
                    return "\(layer.source):\(moment.framesRoundedDown(at: rate))"
                }
                guard let dissolve = picture.dissolve else { return text(picture.layer) }
                let part = "\(frame - dissolve.lowerBound + 1)/\(dissolve.count + 1)"
                return "\(text(picture.from))>\(text(picture.layer)) \(part)"
            }
        }
    }

    @Test("Every frame of a film with fades, a dissolve and a gap", arguments: ["24", "24000/1001", "30000/1001"])
    func film(text: String) throws {
        let rate = try #require(EditRate(parsing: text))
        let plan = try ConformPlan(
            SampleCuts.film(rate, isDropFrame: rate.hasDropFrame), from: catalogue(rate), settings: .init(rate: rate))
        var expected = (0..<8).map { "black>0:\(12 + $0) \($0 + 1)/9" }
        expected += (8..<42).map { "0:\(12 + $0)" }
        expected += (0..<12).map { "0:\(54 + $0)>1:\(18 + $0) \($0 + 1)/13" }
        expected += (54..<96).map { "1:\($0 - 24)" }
        expected += Array(repeating: "black", count: 10)
        expected += (0..<30).map { "2:\($0)" }
        expected += (0..<10).map { "2:\(30 + $0)>black \($0 + 1)/11" }
        #expect(frames(plan) == expected)
        #expect(plan.frameCount == 146)
        #expect(plan.chapters.map(\.title) == ["SHOT-010", "SHOT-020", "SHOT-030"])
        #expect(plan.chapters.map(\.frames) == [0..<48, 48..<96, 106..<146])
        #expect(plan.startTimecode == (rate.hasDropFrame ? "01:00:00;00" : "01:00:00:00"))
        #expect(plan.notes.count == 1)
        #expect(plan.notes[0].detail.contains("“SHOT-020” and “SHOT-030”"))
        // The sound track has its own cuts, without the dissolve.
        #expect(plan.sounds.map(\.samples.lowerBound) == [0, plan.sample(ofFrame: 48)])
        #expect(plan.sounds.map(\.channel) == [1, 1])
    }

    @Test("Without sound tracks the sound follows the picture, and crosses where pictures dissolve")
    func soundOfPictures() throws {
        var cut = SampleCuts.film(.film)
        cut.tracks.removeLast()
        let plan = try ConformPlan(cut, from: catalogue(.film), settings: .init(rate: .film))
        #expect(plan.sounds.map(\.samples) == [0..<108_000, 84_000..<192_000, 212_000..<292_000])
        #expect(plan.sounds.map(\.fadeIn) == [0..<16_000, 84_000..<108_000, nil])
        #expect(plan.sounds.map(\.fadeOut) == [84_000..<108_000, nil, 272_000..<292_000])
        #expect(plan.sounds.map(\.moment.approximate) == [0.5, 0.75, 0])
        let (old, new) = (plan.sounds[0], plan.sounds[1])
        for sample in [84_000, 90_000, 107_999] { #expect(abs(old.gain(at: sample) + new.gain(at: sample) - 1) < 1e-6) }
        #expect(old.gain(at: 20_000) == 1 && old.gain(at: 0) > 0 && old.gain(at: 0) < 0.001)
    }

    @Test("Everything against a film is said at once, by the clip's name")
    func problems() throws {
        let fade = Cut.Item.transition(
            Cut.Transition(before: EditTime(6, at: .film), after: EditTime(6, at: .film)))
        let cut = Cut(
            name: "x", rate: .film,
            tracks: [
                Cut.Track(
                    .video,
                    [
                        item("SHOT-010", 190..<210), item("NOWHERE", 0..<10), fade, item("SHOT-020", 3..<40),
                        item("SHOT-030", 0..<4), fade, item("SHOT-010", 10..<200), fade, item("SHOT-020", 50..<60),
                    ])
            ])
        let error = #expect(throws: StudioError.self) {
            try ConformPlan(cut, from: catalogue(.film), settings: .init(rate: .film))
        }
        let told = error?.findings.map { "\($0.pointer) \($0.code)" } ?? []
        #expect(
            told == [
                "/tracks/0/items/1 missing", "/tracks/0/items/0 too-short", "/tracks/0/items/3 too-short",
                "/tracks/0/items/4 transition", "/tracks/0/items/6 too-short",
            ])
        let details = error?.findings.map(\.detail) ?? []
        #expect(details.first { $0.contains("NOWHERE") } != nil)
        #expect(details.first { $0.contains("frames up to 209 of 03_Renders/SHOT-010") } != nil)
        #expect(details.first { $0.contains("SHOT-020") && $0.contains("3 frames before") } != nil)
    }

    @Test("Gaps are refused where that is asked for, each with its timecode")
    func gaps() throws {
        let settings = ConformPlan.Settings(rate: .film, refusesGaps: true)
        let error = #expect(throws: StudioError.self) {
            try ConformPlan(SampleCuts.film(.film), from: catalogue(.film), settings: settings)
        }
        #expect(error?.findings.map(\.code) == ["gap"])
        #expect(error?.findings.first?.detail.contains("01:00:04:00") == true)
        let black = Cut.Clip(name: "BL", source: .black, range: EditRange(0..<10, at: .film))
        let meant = Cut(name: "x", rate: .film, tracks: [Cut.Track(.video, [.clip(black), item("SHOT-010", 0..<4)])])
        #expect(try ConformPlan(meant, from: catalogue(.film), settings: settings).notes.isEmpty)
    }

    @Test("Upper tracks cover lower ones, and a shot that goes on after is a chapter of its own")
    func covering() throws {
        let gap = Cut.Item.gap(Cut.Gap(EditTime(5, at: .film)))
        let cut = Cut(
            name: "x", rate: .film,
            tracks: [
                Cut.Track(.video, [item("SHOT-010", 0..<20)]), Cut.Track(.video, [gap, item("SHOT-020", 7..<12)]),
            ])
        let plan = try ConformPlan(cut, from: catalogue(.film), settings: .init(rate: .film))
        #expect(frames(plan) == (0..<5).map { "0:\($0)" } + (7..<12).map { "1:\($0)" } + (10..<20).map { "0:\($0)" })
        #expect(plan.chapters.map(\.title) == ["SHOT-010", "SHOT-020", "SHOT-010"])
        #expect(plan.notes.isEmpty)
    }

    @Test("Sources at other rates show the frame that is due, and cuts stay where the clock has them")
    func mixedRates() throws {
        let pal = try #require(EditRate(25))
        let catalogue = ConformCatalogue([
            ConformSource(path: "a.mov", pictures: .init(rate: pal, count: 50), sound: nil),
            ConformSource(path: "b.mov", pictures: .init(rate: .film, count: 50), sound: nil),
        ])
        let cut = Cut(
            name: "x", rate: .film,
            tracks: [Cut.Track(.video, [item("a", 0..<33, at: pal), item("b", 10..<20)])])
        let plan = try ConformPlan(cut, from: catalogue, settings: .init(rate: .film))
        // 33 frames at 25 last 31.68 at 24: the cut is at the frame nearest to it.
        #expect(plan.frameCount == 42 && plan.pictures[0].frames == 0..<32)
        #expect(frames(plan)[30...32] == ["0:31", "0:32", "1:10"])
        #expect(frames(plan).last == "1:19")
    }

    @Test("In-points may count from the source's timecode, in drop-frame too")
    func timecode() throws {
        let ntsc = try #require(EditRate(parsing: "29.97"))
        let start = try #require(Timecode.frames("00:59:59;28", at: ntsc))
        let edl = """
            TITLE: x
            FCM: DROP FRAME
            001  SHOT-010 V C 01:00:00;10 01:00:01;00 00:00:00;00 00:00:00;20
            * FROM CLIP NAME: SHOT-010_v01_take01.mp4
            002  SHOT-020 V C 00:00:00;03 00:00:00;13 00:00:00;20 00:00:01;00
            * FROM CLIP NAME: SHOT-020_v01_take01
            """
        let cut = try Cut(readingEDL: edl, rate: ntsc)
        let plan = try ConformPlan(cut, from: catalogue(ntsc, startTimecode: start), settings: .init(rate: ntsc))
        #expect(frames(plan) == (12..<32).map { "0:\($0)" } + (3..<13).map { "1:\($0)" })
        // An EDL at 24 whose tape runs at 24000/1001 counts the tape's own frames.
        let slow = try #require(EditRate(parsing: "23.976"))
        let tape = try Cut(readingEDL: "001 SHOT-010 V C 10:00:00:05 10:00:01:05 00:00:00:00 00:00:01:00", rate: .film)
        let tapes = catalogue(slow, startTimecode: 864_000)
        let shown = try ConformPlan(
            Cut(name: "x", rate: .film, tracks: [Self.named("SHOT-010_v01_take01", tape)]), from: tapes,
            settings: .init(rate: .film))
        #expect(frames(shown).first == "0:5")
    }

    private static func named(_ name: String, _ cut: Cut) -> Cut.Track {
        guard case .clip(var clip) = cut.tracks[0].items[0] else { return cut.tracks[0] }
        clip.name = name
        return Cut.Track(.video, [.clip(clip)])
    }

    @Test("After an hour of odd cuts the sound is where the picture is, to the sample")
    func noDrift() throws {
        let ntsc = try #require(EditRate(parsing: "29.97"))
        let long = ConformCatalogue([
            ConformSource(
                path: "a.mov", pictures: .init(rate: ntsc, count: 200_000), sound: EditTime(200_000, at: ntsc).seconds)
        ])
        let clips = (0..<15_413).map { item("a", $0..<($0 + 7), at: ntsc) }
        let plan = try ConformPlan(
            Cut(name: "x", rate: ntsc, tracks: [Cut.Track(.video, clips)]), from: long,
            settings: .init(rate: ntsc, sampleRate: 44_100))
        let last = try #require(plan.sounds.last)
        #expect(plan.frameCount == 107_891)
        #expect(last.samples.lowerBound == Int((Double(107_884) * 1001 / 30_000 * 44_100).rounded()))
        #expect(last.samples.upperBound == plan.sampleCount)
        #expect(zip(plan.sounds, plan.sounds.dropFirst()).allSatisfy { $0.samples.upperBound == $1.samples.lowerBound })
    }

    @Test(
        "A clip finds its source however its reference is written",
        arguments: [
            "take:SHOT-010", "03_Renders/SHOT-010/SHOT-010_v01_take01.mp4",
            "file:///mnt/film%20x/03_Renders/SHOT-010/SHOT-010_v01_take01.mp4",
            #"P:\film\03_Renders\SHOT-010\SHOT-010_v01_take01.mp4"#, "shot-010_v01_take01.MOV", "SHOT-010_v01_take01",
        ])
    func references(written: String) {
        let clip = Cut.Clip(name: "x", source: .reference(written), range: nil)
        #expect(catalogue(.film).source(of: clip) == .source(0))
    }

    @Test("A name of two files is ambiguous, and says of which")
    func ambiguous() {
        let sources = ["a/x.mov", "b/x.mov"].map { ConformSource(path: $0, pictures: nil, sound: nil) }
        let clip = Cut.Clip(name: "x", source: .missing, range: nil)
        #expect(ConformCatalogue(sources).source(of: clip) == .several([0, 1]))
    }
}
