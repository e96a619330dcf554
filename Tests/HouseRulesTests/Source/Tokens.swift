/// A word, a number, a run of operator characters or one mark of punctuation.
struct Token: Equatable, Sendable {
    let text: String
    let line: Int
    /// Whether blank space (or nothing) stands before it.
    let isSpacedBefore: Bool
    /// What a string literal says, each interpolation as one `_`; nil for every other token.
    var literal: String?

    /// Whether it is a name, a keyword or a number.
    var isWord: Bool { text.utf8.first.map(Tokens.isWordByte) ?? false }
}

/// Reads Swift as far as the rules need it: comments are skipped, a string literal becomes one `"` token followed by the
/// tokens of its interpolations.
struct Tokens {
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var spaced = true
    private var found: [Token] = []

    /// The tokens of a text.
    static func read(_ text: String) -> [Token] {
        var reader = Tokens(bytes: Array(text.utf8))
        reader.readCode(untilClosing: false)
        return reader.found
    }

    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "`"), 0x80...:
            true
        default: false
        }
    }

    private static let operators = Set("=-+*%<>&|^~!?/".utf8)

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private func byte(_ ahead: Int = 0) -> UInt8? {
        position + ahead < bytes.count ? bytes[position + ahead] : nil
    }

    private func starts(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { wanted in
            position + wanted.count <= bytes.count
                && bytes[position..<(position + wanted.count)].elementsEqual(wanted)
        }
    }

    private mutating func step(_ count: Int = 1) {
        for _ in 0..<count where position < bytes.count {
            if bytes[position] == UInt8(ascii: "\n") { line += 1 }
            position += 1
        }
    }

    private mutating func emit(_ text: String) {
        found.append(Token(text: text, line: line, isSpacedBefore: spaced))
        spaced = false
    }

    /// Reads code to the end, or to the parenthesis that closes an interpolation.
    private mutating func readCode(untilClosing: Bool) {
        var depth = 0
        while let next = byte() {
            if next == UInt8(ascii: " ") || next == UInt8(ascii: "\n") || next == UInt8(ascii: "\t") {
                spaced = true
                step()
            } else if starts("//") {
                while let here = byte(), here != UInt8(ascii: "\n") { step() }
            } else if starts("/*") {
                skipBlockComment()
            } else if next == UInt8(ascii: "\"") || (next == UInt8(ascii: "#") && startsRawString()) {
                readString()
            } else if Self.isWordByte(next) {
                readRun(Self.isWordByte)
            } else if Self.operators.contains(next) {
                readRun { Self.operators.contains($0) }
            } else {
                if next == UInt8(ascii: "(") { depth += 1 }
                if next == UInt8(ascii: ")") {
                    if depth == 0 && untilClosing { return }
                    depth -= 1
                }
                emit(String(decoding: [next], as: UTF8.self))
                step()
            }
        }
    }

    private mutating func readRun(_ belongs: (UInt8) -> Bool) {
        let start = position
        while let next = byte(), belongs(next), position == start || !(starts("//") || starts("/*")) { position += 1 }
        emit(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                step(2)
            } else if starts("*/") {
                depth -= 1
                step(2)
            } else {
                step()
            }
        } while depth > 0 && byte() != nil
        spaced = true
    }

    private func startsRawString() -> Bool {
        var ahead = 0
        while byte(ahead) == UInt8(ascii: "#") { ahead += 1 }
        return byte(ahead) == UInt8(ascii: "\"")
    }

    private mutating func readString() {
        emit("\"")
        let token = found.count - 1
        var said: [UInt8] = []
        defer { found[token].literal = String(decoding: said, as: UTF8.self) }
        var hashes = 0
        while byte() == UInt8(ascii: "#") {
            hashes += 1
            step()
        }
        let isLong = starts("\"\"\"")
        step(isLong ? 3 : 1)
        while byte() != nil {
            if isLong ? starts("\"\"\"") : starts("\""), hasHashes(hashes, after: isLong ? 3 : 1) {
                step((isLong ? 3 : 1) + hashes)
                return
            }
            if byte() == UInt8(ascii: "\\"), hasHashes(hashes, after: 1) {
                step(1 + hashes)
                if byte() == UInt8(ascii: "(") {
                    step()
                    spaced = true
                    readCode(untilClosing: true)
                    said.append(UInt8(ascii: "_"))
                }
                step()
            } else {
                said.append(bytes[position])
                step()
            }
        }
    }

    private func hasHashes(_ count: Int, after ahead: Int) -> Bool {
        (0..<count).allSatisfy { byte(ahead + $0) == UInt8(ascii: "#") }
    }
}
