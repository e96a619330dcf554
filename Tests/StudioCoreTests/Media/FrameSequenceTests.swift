import StudioCore
import Testing

@Suite struct FrameSequenceTests {
    struct Case: Sendable {
        var names: [String]
        var start: Int?
        var gaps: FrameSequence.Gaps = .reported
        var shown: [Int]
        var missing: [ClosedRange<Int>] = []
    }

    @Test(arguments: [
        Case(names: ["a.0099.exr", "a.0100.exr", "a.0101.exr"], shown: [0, 1, 2]),
        Case(names: ["f7.png", "f9.png", "f12.png"], shown: [0, 1, 2], missing: [8...8, 10...11]),
        Case(
            names: ["f7.png", "f9.png", "f12.png"], gaps: .held, shown: [0, 0, 1, 1, 1, 2], missing: [8...8, 10...11]),
        Case(names: ["f7.png", "f9.png"], gaps: .skipped, shown: [0, 1], missing: [8...8]),
        Case(names: ["f1.png", "f2.png", "f3.png"], start: 2, shown: [1, 2]),
        Case(names: ["f3.png", "f4.png"], start: 1, gaps: .held, shown: [0, 1], missing: [1...2]),
        Case(names: ["f1.png"], start: 5, shown: []),
        // Other extensions belong to it, another kind of name does not.
        Case(names: ["f1.png", "f3.jpg"], shown: [0, 1], missing: [2...2]),
        Case(names: ["f1.png", "g3.png"], shown: [0, 1]),
        Case(names: ["f1_left.png", "f4_right.png"], shown: [0, 1]),
        Case(names: ["f1_left.png", "f4_left.png"], shown: [0, 1], missing: [2...3]),
        // The last number counts; a version in front does not.
        Case(names: ["v2_1.png", "v2_3.png"], shown: [0, 1], missing: [2...2]),
        Case(names: ["frame.0001", "frame.0003"], shown: [0, 1], missing: [2...2]),
        // Takes, names without numbers, a falling or repeated order, numbers beyond reason: as given.
        Case(names: ["SHOT-010_v01_take01.png", "SHOT-010_v01_take05.png"], shown: [0, 1]),
        Case(names: ["sea.png", "sky.png"], shown: [0, 1]),
        Case(names: ["f5.png", "f1.png"], shown: [0, 1]),
        Case(names: ["f1.png", "f1.png", "f9.png"], shown: [0, 1, 2]),
        Case(names: ["f1.png", "f99999999999999999999.png"], shown: [0, 1]),
        Case(names: [], shown: []),
    ]) func aSequenceSaysWhatItHolds(one: Case) {
        let sequence = FrameSequence(names: one.names, start: one.start, gaps: one.gaps)
        #expect(sequence.shown == one.shown)
        #expect(sequence.missing == one.missing)
    }

    @Test func holdingIsBounded() {
        let sequence = FrameSequence(names: ["f1.png", "f999999999999999999.png"], gaps: .held, longest: 100)
        #expect(sequence.shown.count == 101)
    }

    @Test func whatIsMissingIsToldInAFewWords() {
        let few = FrameSequence(names: ["f1", "f3", "f7"])
        #expect(few.missingText == "2, 4 to 6")
        let many = FrameSequence(names: (0..<20).map { "f\(2 * $0)" })
        #expect(many.missingText == "1, 3, 5, 7, 9, 11, 13, 15 and 11 more gaps")
    }

    @Test(
        arguments: [
            (["a.0099.exr", "a.0100.exr"], "a.####.exr", 4), (["f9.png", "f10.png"], "f#.png", 1),
            (["f1000.png", "f1001.png"], "f####.png", 4), (["f09.png", "f010.png"], "f#.png", nil),
            (["f1.png", "f2.jpg"], "f#.*", 1), (["x_01_left.tif"], "x_##_left.tif", 2), (["frame.007"], "frame.###", 3),
        ] as [([String], String, Int?)]) func namesHaveAPattern(names: [String], pattern: String, padding: Int?) throws
    {
        let numbering = try #require(FrameSequence(names: names).numbering)
        #expect(numbering.pattern == pattern && numbering.padding == padding)
    }

    @Test func namesWithoutNumbersHaveNoPattern() {
        #expect(FrameSequence(names: ["sea.png", "sky.png"]).numbering == nil)
        #expect(FrameSequence(names: []).numbering == nil)
    }
}
