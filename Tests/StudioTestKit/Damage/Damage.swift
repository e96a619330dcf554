/// One way to break a file: what disks, cables, interrupted uploads and people with bad intentions do to it.
public enum Damage: String, CaseIterable, Sendable {
    /// It ends early.
    case truncation
    /// Single bits are the other way round.
    case flippedBits
    /// A stretch is zero.
    case zeroes
    /// Four bytes near the start, where sizes and counts stand, are as large or as odd as they can be.
    case extremeNumber
    /// A stretch is missing.
    case hole
    /// A stretch is there twice.
    case echo
    /// Two stretches changed places.
    case swap
    /// A stretch is noise.
    case noise

    /// The broken bytes. The same seed breaks them in the same way.
    ///
    /// - Parameters:
    ///   - bytes: The whole file; 16 bytes or more.
    ///   - chance: Where and how much.
    /// - Returns: The broken file, never empty.
    public func apply(to bytes: [UInt8], _ chance: inout SeededGenerator) -> [UInt8] {
        let count = bytes.count
        var broken = bytes
        let start = Int.random(in: 0..<count, using: &chance)
        let end = min(count, start + Int.random(in: 1...max(1, count / 8), using: &chance))
        switch self {
        case .truncation: return Array(bytes.prefix(max(1, start)))
        case .flippedBits:
            for _ in 0..<Int.random(in: 1...32, using: &chance) {
                broken[Int.random(in: 0..<count, using: &chance)] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
            }
        case .zeroes: for place in start..<end { broken[place] = 0 }
        case .extremeNumber:
            for _ in 0..<3 {
                let place = Int.random(in: 0..<min(count - 4, 2048), using: &chance)
                let number = [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF].randomElement(using: &chance) ?? 0
                for byte in 0..<4 { broken[place + byte] = UInt8(truncatingIfNeeded: number >> (8 * (3 - byte))) }
            }
        case .hole: broken.removeSubrange(start..<min(end, start + count - 1))
        case .echo: broken.insert(contentsOf: bytes[start..<end], at: end)
        case .swap:
            let length = max(1, count / 16)
            let (first, second) = (
                Int.random(in: 0...count - length, using: &chance), Int.random(in: 0...count - length, using: &chance)
            )
            for step in 0..<length { broken.swapAt(first + step, second + step) }
        case .noise: for place in start..<end { broken[place] = UInt8.random(in: .min ... .max, using: &chance) }
        }
        return broken.isEmpty ? [0] : broken
    }
}
