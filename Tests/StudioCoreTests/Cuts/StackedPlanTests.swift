import StudioCore
import Testing

@Suite("Plans of films with several tracks of pictures") struct StackedPlanTests {
    private func item(_ name: String, _ frames: Range<Int>) -> Cut.Item {
        .clip(Cut.Clip(name: name, source: .missing, range: EditRange(frames, at: .film)))
    }

    /// A film of one track above another, both with sound but for `SILENT`: what lies where is the test's.
    private func stacked(_ upper: [Cut.Item], over lower: [Cut.Item], fps: EditRate = .film) throws -> ConformPlan {
        let second = EditTime(1000, at: fps).seconds
        let catalogue = ConformCatalogue([
            ConformSource(path: "low.mov", pictures: .init(rate: fps, count: 1000), sound: second),
            ConformSource(path: "high.mov", pictures: .init(rate: fps, count: 1000), sound: second),
            ConformSource(path: "SILENT.mov", pictures: .init(rate: fps, count: 1000), sound: nil),
        ])
        let cut = Cut(name: "x", rate: fps, tracks: [Cut.Track(.video, lower), Cut.Track(.video, upper)])
        return try ConformPlan(cut, from: catalogue, settings: .init(rate: fps))
    }

    private func fade(_ before: Int, _ after: Int) -> Cut.Item {
        .transition(Cut.Transition(before: EditTime(before, at: .film), after: EditTime(after, at: .film)))
    }

    private func gap(_ frames: Int) -> Cut.Item { .gap(Cut.Gap(EditTime(frames, at: .film))) }

    private func black(_ frames: Int) -> Cut.Item {
        .clip(Cut.Clip(name: "BL", source: .black, range: EditRange(0..<frames, at: .film)))
    }

    @Test("An upper track that fades is seen over the lower one, and over black where black was put there")
    func fadesOverLowerTracks() throws {
        // In over 10..<16, out over 36..<40, which is the track's end.
        let over = try stacked([gap(10), fade(0, 6), item("high", 0..<30), fade(4, 0)], over: [item("low", 0..<60)])
        let fades = over.pictures.filter { $0.dissolve != nil }
        #expect(fades.map(\.frames) == [10..<16, 36..<40])
        #expect(fades.allSatisfy { $0.beneath.map { $0.layer?.source } == [0] })
        #expect(over.pictures.filter { $0.dissolve == nil }.allSatisfy { $0.beneath.isEmpty })
        #expect(over.notes.isEmpty)
        // Where the lower track has its cut below the fade, each side of it is seen in turn.
        let cut = try stacked(
            [gap(10), fade(0, 6), item("high", 0..<30)], over: [item("low", 0..<13), item("low", 100..<160)])
        #expect(cut.pictures.filter { $0.dissolve != nil }.map(\.frames) == [10..<13, 13..<16])
        #expect(cut.pictures.flatMap(\.beneath).map { $0.layer?.frame } == [0, 13])
        let fromBlack = try stacked(
            [gap(4), black(6), fade(0, 6), item("high", 0..<30), fade(5, 0), black(9)], over: [item("low", 0..<60)])
        #expect(fromBlack.pictures.allSatisfy { $0.beneath.isEmpty })
        // Black itself may come slowly over a picture.
        let toBlack = try stacked([gap(10), fade(0, 6), black(20)], over: [item("low", 0..<60)])
        let first = try #require(toBlack.pictures.first { $0.dissolve != nil })
        #expect(first.beneath.count == 1 && first.layer == nil && first.isMeant && !first.isFromMeant)
    }

    @Test(
        "What is seen is heard, with the weights it is seen with; a picture without sound lets the one below be heard")
    func soundOfStackedTracks() throws {
        let plan = try stacked([gap(10), fade(0, 6), item("high", 0..<30), fade(4, 0)], over: [item("low", 0..<60)])
        func gains(_ plan: ConformPlan, _ frame: Int) -> (low: Float, high: Float) {
            let sample = plan.sample(ofFrame: frame) + 7
            func sum(_ path: String) -> Float {
                plan.sounds.filter { plan.sources[$0.source].path == path && $0.samples.contains(sample) }
                    .map { $0.gain(at: sample) }.reduce(0, +)
            }
            return (sum("low.mov"), sum("high.mov"))
        }
        for frame in 0..<60 {
            let (low, high) = gains(plan, frame)
            #expect(abs(low + high - 1) < 1e-5, "frame \(frame): \(low), \(high)")
            if frame < 10 || frame >= 40 { #expect(low == 1) }
            if (16..<36).contains(frame) { #expect(high == 1) }
        }
        #expect(abs(gains(plan, 13).high - 0.5) < 0.01 && abs(gains(plan, 38).high - 0.5) < 0.01)
        // The lower sound goes on where it would have been, to the sample.
        let pieces = plan.sounds.filter { $0.source == 0 }
        #expect(pieces.map(\.samples) == [0..<plan.sample(ofFrame: 16), plan.sample(ofFrame: 36)..<plan.sampleCount])
        #expect(
            pieces.map { $0.moment == EditTime($0.samples.lowerBound, at: EditRate(48_000) ?? .film).seconds } == [
                true, true,
            ])
        // A picture without sound, and black.
        for upper in [item("SILENT", 0..<30), black(30)] {
            let silent = try stacked([gap(10), upper], over: [item("low", 0..<60)])
            #expect(silent.sounds.map(\.samples) == [0..<silent.sampleCount])
            #expect(silent.sounds.allSatisfy { $0.covers.isEmpty })
        }
        // A dissolve from a picture with sound into one without gives the lower one its sound back.
        let mixed = try stacked(
            [item("high", 0..<20), fade(4, 4), item("SILENT", 10..<40)], over: [item("low", 0..<50)])
        #expect(abs(gains(mixed, 20).low - 0.5) < 0.01 && gains(mixed, 30).low == 1 && gains(mixed, 5).low == 0)
        // Sound tracks win.
        let withSound = try ConformPlan(
            Cut(
                name: "x", rate: .film,
                tracks: [
                    Cut.Track(.video, [item("high", 0..<20)]), Cut.Track(.audio, [item("low", 0..<20)]),
                ]),
            from: ConformCatalogue([
                ConformSource(path: "low.mov", pictures: nil, sound: EditTime(90, at: .film).seconds),
                ConformSource(
                    path: "high.mov", pictures: .init(rate: .film, count: 90), sound: EditTime(90, at: .film).seconds),
            ]), settings: .init(rate: .film))
        #expect(withSound.sounds.map { withSound.sources[$0.source].path } == ["low.mov"])
    }

    @Test("A hundred tracks that fade over each other are planned, and more are refused before any is")
    func manyTracks() throws {
        func cut(_ count: Int, disabled: Int = 0) throws -> Cut {
            let fading: [Cut.Item] = (0..<40).flatMap { _ in [gap(2), fade(0, 2), item("high", 0..<6), fade(2, 0)] }
            var tracks = (0..<count).map { _ in Cut.Track(.video, fading) }
            for index in 0..<disabled { tracks[index].isEnabled = false }
            return Cut(name: "x", rate: .film, tracks: tracks)
        }
        let length = EditTime(1000, at: .film).seconds
        let catalogue = ConformCatalogue([
            ConformSource(path: "high.mov", pictures: .init(rate: .film, count: 1000), sound: length)
        ])
        let plan = try ConformPlan(cut(100), from: catalogue, settings: .init(rate: .film))
        #expect(plan.frameCount == 320)
        #expect(plan.pictures.map(\.layers.count).max() == 100)
        _ = try ConformPlan(cut(101, disabled: 1), from: catalogue, settings: .init(rate: .film))
        let error = #expect(throws: StudioError.self) {
            try ConformPlan(cut(5000, disabled: 1), from: catalogue, settings: .init(rate: .film))
        }
        #expect(error?.findings.map(\.pointer) == ["/tracks/101"] && error?.findings.first?.code == "too-large")
    }
}
