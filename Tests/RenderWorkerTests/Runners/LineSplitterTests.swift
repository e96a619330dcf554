import Testing

@testable import RenderWorker

@Suite struct LineSplitterTests {
    private func lines(_ chunks: [String], bound: Int = 100) -> [String] {
        var splitter = LineSplitter(bound: bound)
        var lines: [String] = []
        for chunk in chunks { splitter.feed(Array(chunk.utf8)) { lines.append($0) } }
        splitter.finish { lines.append($0) }
        return lines
    }

    @Test func linesAreWholeHoweverTheyArrive() {
        #expect(lines(["a", "b\nc", "d\n\ne"]) == ["ab", "cd", "", "e"])
        #expect(lines(["windows\r\nunix\n"]) == ["windows", "unix"])
    }

    @Test func aLineWithoutAnEndCostsNoMoreThanItsBound() {
        let flood = String(repeating: "x", count: 1000)
        #expect(lines([flood, flood, "\nnext\n"], bound: 10) == [String(repeating: "x", count: 10), "next"])
    }

    @Test func brokenTextIsRepaired() {
        var splitter = LineSplitter(bound: 10)
        var lines: [String] = []
        splitter.feed([0xff, 0x41, 0x0a]) { lines.append($0) }
        #expect(lines == ["\u{FFFD}A"])
    }
}
