import StudioCore
import Testing

@Suite struct SettleTableTests {
    private let start = ContinuousClock.now

    private func table(limit: Int = 10) -> SettleTable<String, ContinuousClock.Instant> {
        SettleTable(settle: .seconds(2), limit: limit)
    }

    @Test func whatChangesAgainIsLookedAtOnceAndLater() {
        var table = table()
        #expect(table.next == nil)
        var noted = [0, 1, 2].map { table.touch("a", now: start + .seconds($0)) }
        noted.append(table.touch("b", now: start + .seconds(1)))
        #expect(noted == [true, true, true, true])
        let early = table.takeSettled(now: start + .seconds(2))
        #expect(early == [])
        #expect(table.next == start + .seconds(3))
        let taken = [3, 9].map { table.takeSettled(now: start + .seconds($0)) }
        #expect(taken == [["b"], ["a"]])
        #expect(table.count == 0)
    }

    @Test func beyondItsLimitItSaysSo() {
        var table = table(limit: 2)
        let noted = ["a", "b", "c"].map { table.touch($0, now: start) }
        #expect(noted == [true, true, false])
        let isNotedAgain = table.touch("a", now: start + .seconds(1))
        #expect(isNotedAgain, "what it holds may change again")
        let settled = table.takeSettled(now: start + .seconds(3))
        #expect(settled == ["b", "a"])
        table.putBack("a", now: start + .seconds(3))
        let settledAfterAll = table.takeSettled(now: start + .seconds(5))
        #expect(settledAfterAll == ["a"])
    }

    @Test(arguments: [
        ("01_Assets/a.MOV", [AssetDerivative.probe, .thumbnail, .proxy]), ("b.png", [.probe, .thumbnail]),
        ("c.wav", [.probe, .waveform]), ("notes.txt", []), ("none", []),
    ])
    func whatIsMadeFollowsFromTheName(_ name: String, _ made: [AssetDerivative]) {
        let kind: FunctionManifest.Port.Kind? =
            switch name.split(separator: ".").last?.lowercased() {
            case "mov": .video
            case "png": .image
            case "wav": .audio
            case "txt": .text
            default: nil
            }
        #expect(AssetDerivative.all(of: kind) == made)
        let sha = String(repeating: "ab", count: 32)
        for derivative in made { #expect(derivative.place(of: sha).hasPrefix("05_Cache/")) }
    }
}
