import Testing

@testable import RenderWorker

@Suite struct LogBufferTests {
    @Test func aPieceStaysUntilItIsConfirmed() {
        var buffer = LogBuffer()
        buffer.append("one")
        let first = buffer.nextPiece()
        buffer.append("two")
        let again = buffer.nextPiece()
        #expect(first?.sequence == 0 && first?.lines == "one\n")
        #expect(again?.sequence == 0 && again?.lines == "one\n")
        buffer.confirm()
        let second = buffer.nextPiece()
        #expect(second?.sequence == 1 && second?.lines == "two\n")
        buffer.confirm()
        let nothing = buffer.nextPiece()
        #expect(nothing == nil)
    }

    @Test func piecesAreWholeLinesWithinTheirBound() {
        var buffer = LogBuffer()
        let line = String(repeating: "é", count: 500)
        for _ in 0..<200 { buffer.append(line) }
        var text = ""
        while let piece = buffer.nextPiece() {
            #expect(piece.lines.utf8.count <= LogBuffer.pieceBound)
            #expect(piece.lines.hasSuffix("\n"))
            text += piece.lines
            buffer.confirm()
        }
        #expect(text == String(repeating: line + "\n", count: 200))
    }

    @Test func theWholeIsBoundedAndSaysSo() {
        var buffer = LogBuffer()
        for number in 0..<30_000 { buffer.append("line \(number) " + String(repeating: "x", count: 90)) }
        var size = 0
        var last = ""
        while let piece = buffer.nextPiece() {
            size += piece.lines.utf8.count
            last = piece.lines
            buffer.confirm()
        }
        #expect(size <= LogBuffer.bound + 100)
        #expect(last.contains("the rest is not kept"))
        #expect(buffer.dropped > 0)
        #expect(buffer.tail?.contains("line 29999 ") == true, "a failure shows the last lines, kept or not")
    }

    @Test func whatPostgreSQLCannotKeepIsTakenOut() {
        var buffer = LogBuffer()
        buffer.append("a\u{0}b\u{1B}[31mc\td")
        let piece = buffer.nextPiece()
        #expect(piece?.lines == "a b [31mc\td\n")
    }
}
