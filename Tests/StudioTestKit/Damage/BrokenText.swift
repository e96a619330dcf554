/// Text that a person, a program or an attacker broke: for parsers, which have to refuse it or read it, and never to crash.
public struct BrokenText: Sendable {
    /// Pieces that parsers trip over: numbers at the ends of their types, separators, brackets, odd characters.
    private static let pieces: [String] = [
        "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e999", "-1e-999", "-0", "00", "NaN",
        "{",
        "}", "[", "]", "[[[[[[[[", "\"", "\\", "\\u0000", "\\ud800", ",", ":", ";", "-->", "\r", "\n\n", "\t", "\0",
        "\u{FEFF}", "\u{2028}", "é", "🎬", "null", "true", "//", "../", "99:99:99:99", "24/0",
    ]

    private var chance: SeededGenerator

    /// A source of broken texts.
    ///
    /// - Parameter seed: The same seed breaks the same texts in the same way.
    public init(seed: UInt64) { chance = SeededGenerator(state: seed) }

    /// Breaks a text in one to four places: as bytes, or by its lines and words.
    ///
    /// - Parameter text: The whole text.
    /// - Returns: The bytes of the broken one; mostly, not always, UTF-8.
    public mutating func next(of text: String) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &chance) {
            guard bytes.count >= 16 else { return bytes }
            let place = Int.random(in: 0..<bytes.count, using: &chance)
            switch Int.random(in: 0..<5, using: &chance) {
            case 0:
                let damage = Damage.allCases.randomElement(using: &chance) ?? .truncation
                bytes = damage.apply(to: bytes, &chance)
            case 1: bytes.insert(contentsOf: (Self.pieces.randomElement(using: &chance) ?? "").utf8, at: place)
            case 2:
                // A piece in the place of a word.
                let end = bytes[place...].firstIndex { !Self.isWord($0) } ?? bytes.count
                bytes.replaceSubrange(place..<end, with: (Self.pieces.randomElement(using: &chance) ?? "").utf8)
            case 3:
                // A line twice.
                let end = bytes[place...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count - 1
                bytes.insert(contentsOf: bytes[place...end], at: end)
            default:
                // A line less.
                let end = bytes[place...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count - 1
                bytes.removeSubrange(place...end)
            }
        }
        return bytes
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
