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
        for second in [0, 1, 2] { #expect(table.touch("a", now: start + .seconds(second))) }
        #expect(table.touch("b", now: start + .seconds(1)))
        #expect(table.takeSettled(now: start + .seconds(2)) == [])
        #expect(table.next == start + .seconds(3))
        #expect(table.takeSettled(now: start + .seconds(3)) == ["b"])
        #expect(table.takeSettled(now: start + .seconds(9)) == ["a"])
        #expect(table.count == 0)
    }

    @Test func beyondItsLimitItSaysSo() {
        var table = table(limit: 2)
        #expect(table.touch("a", now: start) && table.touch("b", now: start))
        #expect(!table.touch("c", now: start))
        #expect(table.touch("a", now: start + .seconds(1)), "what it holds may change again")
        #expect(table.takeSettled(now: start + .seconds(3)) == ["b", "a"])
        table.putBack("a", now: start + .seconds(3))
        #expect(table.takeSettled(now: start + .seconds(5)) == ["a"])
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
