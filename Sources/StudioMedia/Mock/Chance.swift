/// SplitMix64: a stream of numbers that is the same everywhere for the same start.
struct Chance {
    private var state: UInt64

    init(_ state: UInt64) { self.state = state }

    /// A start from words and a number: FNV-1a over the words' UTF-8, then the number mixed in.
    static func start(words: String, seed: UInt64) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in words.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        var mixed = Chance(seed)
        return hash ^ mixed.next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// A number in a range. The tiny bias of the remainder does not matter for pictures.
    mutating func pick(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    /// A number in a range, with either sign.
    mutating func pickSigned(_ range: ClosedRange<Int>) -> Int { next() & 1 == 0 ? pick(range) : -pick(range) }
}

/// One turn of a sine in 1024 steps, −256…256, by Bhaskara's formula in whole numbers: no libm, the same on every machine.
enum SineTable {
    static let values: [Int16] = (0..<1024).map { step in
        let half = step & 511
        let product = half * (512 - half)
        let value = 256 * 16 * product / (5 * 512 * 512 - 4 * product)
        return Int16(step < 512 ? value : -value)
    }

    static func at(_ step: Int) -> Int { Int(values[step & 1023]) }
}
