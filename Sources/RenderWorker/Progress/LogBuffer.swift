/// The log of one attempt on its way to PostgreSQL: bounded in all, with the last lines kept for the failure's text.
/// A pure value.
struct LogBuffer: Sendable {
    /// The most bytes of log an attempt may leave behind.
    static let bound = 1 << 20
    /// The most bytes that go out in one piece.
    static let pieceBound = 64 << 10
    /// How many last lines a failure carries.
    static let tailLines = 20
    /// The longest a line may be in the tail.
    private static let tailLineBound = 400

    private var pending = ""
    private var piece = ""
    private var sequence = 0
    private var kept = 0
    private(set) var dropped = 0
    private var lastLines: [String] = []

    /// Takes one line in. NUL, which PostgreSQL cannot keep, and other control characters become spaces.
    mutating func append(_ raw: String) {
        let line = Self.clean(raw)
        lastLines.append(line.utf8.count > Self.tailLineBound ? String(line.prefix(Self.tailLineBound)) + "…" : line)
        if lastLines.count > Self.tailLines { lastLines.removeFirst() }
        guard dropped == 0, kept + line.utf8.count + 1 <= Self.bound else {
            if dropped == 0 { pending += "(the log is longer than \(Self.bound >> 10) KiB; the rest is not kept)\n" }
            dropped += 1
            return
        }
        kept += line.utf8.count + 1
        pending += line
        pending += "\n"
    }

    /// The next piece to store: whole lines, the same until ``confirm()``; nil where nothing waits.
    mutating func nextPiece() -> (sequence: Int, lines: String)? {
        if piece.isEmpty { piece = takePiece() }
        return piece.isEmpty ? nil : (sequence, piece)
    }

    /// The piece was stored.
    mutating func confirm() {
        piece = ""
        sequence += 1
    }

    private mutating func takePiece() -> String {
        guard pending.utf8.count > Self.pieceBound else {
            defer { pending = "" }
            return pending
        }
        let limit = pending.utf8.index(pending.startIndex, offsetBy: Self.pieceBound)
        // A line is shorter than a piece (a child's lines are cut far below), so there is a newline before the limit.
        let end =
            pending.utf8[..<limit].lastIndex(of: UInt8(ascii: "\n")).map { pending.utf8.index(after: $0) } ?? limit
        defer { pending = String(pending[end...]) }
        return String(pending[..<end])
    }

    /// The last lines, for people who read a failure; nil where there are none.
    var tail: String? { lastLines.isEmpty ? nil : lastLines.joined(separator: "\n") }

    private static func clean(_ line: String) -> String {
        guard line.utf8.contains(where: { $0 < 32 && $0 != 9 }) else { return line }
        return String(
            String.UnicodeScalarView(line.unicodeScalars.map { $0.value < 32 && $0 != "\t" ? " " : $0 }))
    }
}
