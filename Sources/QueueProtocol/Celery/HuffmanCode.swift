/// A canonical Huffman code, walked bit by bit: symbols by the length of their codes, of one length by their order.
struct HuffmanCode: Sendable {
    /// How far a symbol's code was read.
    struct Walk {
        fileprivate var length = 0
        fileprivate var code = 0
        fileprivate var first = 0
        fileprivate var offset = 0
    }

    /// What a bit led to.
    enum Step {
        case symbol(Int)
        case further
    }

    private static let longest = 20
    private var counts = [Int](repeating: 0, count: Self.longest + 1)
    private var symbols: [Int] = []

    /// A code by its symbols' lengths, 0 for a symbol that is not used; nil where no code has these.
    init?(_ lengths: [Int]) {
        guard lengths.allSatisfy({ (0...Self.longest).contains($0) }) else { return nil }
        self.init(complete: lengths)
        var left = 1
        for length in 1...Self.longest {
            left = left * 2 - counts[length]
            guard left >= 0 else { return nil }
        }
    }

    /// A code whose lengths are known to be good.
    init(complete lengths: [Int]) {
        for length in lengths { counts[length] += 1 }
        counts[0] = 0
        for length in 1...Self.longest {
            for (symbol, own) in lengths.enumerated() where own == length { symbols.append(symbol) }
        }
    }

    /// Goes on by one bit; nil where no symbol's code begins so.
    func step(_ walk: inout Walk, bit: Int) -> Step? {
        walk.length += 1
        guard walk.length <= Self.longest else { return nil }
        walk.code |= bit
        let count = counts[walk.length]
        if walk.code - walk.first < count { return .symbol(symbols[walk.offset + walk.code - walk.first]) }
        walk.offset += count
        walk.first = (walk.first + count) << 1
        walk.code <<= 1
        return .further
    }
}
