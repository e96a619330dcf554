import QueueProtocol
import StudioCore
import Testing

@Suite("Lists of shots")
struct ShotListTests {
    private let sources = ["a", "b"].map { name in
        ConformSource(path: "03_Renders/\(name).mp4", pictures: .init(rate: .film, count: 40), sound: nil)
    }

    @Test("A list becomes a cut with a fade in, a dissolve and a fade out")
    func cut() throws {
        let take = TakeID()
        let list = try ShotList(
            [
                ["take": .string("\(take)"), "in": 4, "out": 20, "dissolve": 6],
                ["file": "03_Renders/b.mp4", "dissolve": 8, "fadeOut": 10],
            ], pointer: "/cut")
        #expect(list.entries.map(\.source) == [.take(take), .file("03_Renders/b.mp4")])
        let cut = try list.cut(name: "x", rate: .film, sources: sources, pointer: "/cut")
        #expect(
            SampleCuts.lines(cut) == [
                "track Video", "transition 0@24000 6@24000", "clip a 4@24000 16@24000", "transition 0@24000 8@24000",
                "clip b 0@24000 40@24000", "transition 10@24000 0@24000",
            ])
        let plan = try ConformPlan(cut, from: ConformCatalogue(sources), settings: .init(rate: .film))
        #expect(plan.frameCount == 56)
    }

    @Test("Everything wrong with a list is said at once, with its place")
    func problems() {
        let error = #expect(throws: StudioError.self) {
            try ShotList(
                [
                    ["take": "x"], ["file": "a", "shot": "A"], ["shot": "nope"], ["file": "a", "in": 9, "out": 9],
                    ["file": "a", "dissolve": -1], ["file": "a", "fadeOut": 3], ["file": "a", "speed": 2], "a",
                ], pointer: "/cut")
        }
        #expect(
            error?.findings.map(\.pointer) == [
                "/cut/0/take", "/cut/1", "/cut/2/shot", "/cut/3/out", "/cut/4/dissolve", "/cut/5/fadeOut",
                "/cut/6/speed", "/cut/7",
            ])
        #expect(throws: StudioError.self) { try ShotList([], pointer: "/cut") }
    }

    @Test("A shot of a file that nobody looked into needs its end")
    func unknownLength() throws {
        let list = try ShotList([["file": "a.mov"]], pointer: "/cut")
        let error = #expect(throws: StudioError.self) {
            try list.cut(name: "x", rate: .film, sources: [ConformSource(unprobed: "a.mov")], pointer: "/cut")
        }
        #expect(error?.findings.map(\.pointer) == ["/cut/0/out"])
    }
}
