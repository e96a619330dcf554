/// Reads a bzip2 file into at most so many bytes; see ``Inflate`` for why in Swift.
struct Bunzip {
    private static let blockMark: UInt64 = 0x3141_5926_5359
    private static let endMark: UInt64 = 0x1772_4538_5090
    private let input: [UInt8]
    private let bound: Int
    private var index = 0
    private var bits: UInt64 = 0
    private var bitCount = 0
    private var output: [UInt8] = []

    /// Decompresses a whole file.
    ///
    /// - Parameters:
    ///   - input: The file.
    ///   - bound: How many bytes it may have at most.
    /// - Returns: The bytes.
    /// - Throws: `TaskMessageError` of code `badBody`, or `tooLarge` beyond the bound.
    static func bytes(of input: [UInt8], atMost bound: Int) throws(TaskMessageError) -> [UInt8] {
        var reader = Bunzip(input: input, bound: bound)
        return try reader.read()
    }

    private init(input: [UInt8], bound: Int) {
        self.input = input
        self.bound = bound
    }

    private mutating func read() throws(TaskMessageError) -> [UInt8] {
        guard try take(24) == 0x42_5A68, case let level = try take(8), (0x31...0x39).contains(level) else {
            throw Self.damaged
        }
        let blockLimit = Int(level - 0x30) * 100_000
        var combined: UInt32 = 0
        while true {
            let mark = try take(24) << 24 | take(24)
            let checksum = UInt32(try take(32))
            if mark == Self.endMark {
                guard checksum == combined else { throw Self.damaged }
                return output
            }
            guard mark == Self.blockMark, try take(1) == 0 else { throw Self.damaged }
            let start = output.count
            try block(limit: blockLimit)
            guard Self.checksum(of: output[start...]) == checksum else { throw Self.damaged }
            combined = (combined << 1 | combined >> 31) ^ checksum
        }
    }

    private mutating func block(limit: Int) throws(TaskMessageError) {
        let origin = Int(try take(24))
        let used = try usedBytes()
        let transformed = try moveToFront(used, limit: limit)
        guard origin < transformed.count else { throw Self.damaged }
        try unwind(transformed, origin: origin)
    }

    private mutating func usedBytes() throws(TaskMessageError) -> [UInt8] {
        var used: [UInt8] = []
        let groups = try take(16)
        for group in 0..<16 where groups & (0x8000 >> UInt64(group)) != 0 {
            let members = try take(16)
            for member in 0..<16 where members & (0x8000 >> UInt64(member)) != 0 {
                used.append(UInt8(group * 16 + member))
            }
        }
        guard !used.isEmpty else { throw Self.damaged }
        return used
    }

    /// Undoes the Huffman coding, the run lengths of zeros, and the move to the front.
    private mutating func moveToFront(_ used: [UInt8], limit: Int) throws(TaskMessageError) -> [UInt8] {
        let tableCount = Int(try take(3))
        let selectorCount = Int(try take(15))
        guard (2...6).contains(tableCount), selectorCount > 0 else { throw Self.damaged }
        let selectors = try selectors(count: selectorCount, tables: tableCount)
        var tables: [HuffmanCode] = []
        for _ in 0..<tableCount { tables.append(try table(symbols: used.count + 2)) }
        var front = used
        var bytes: [UInt8] = []
        var run = 0
        var place = 1
        var group = 0
        var left = 0
        while true {
            if left == 0 {
                guard group < selectors.count else { throw Self.damaged }
                (left, group) = (50, group + 1)
            }
            left -= 1
            let symbol = try symbol(of: tables[selectors[group - 1]])
            if symbol <= 1 {
                run += place << symbol
                place <<= 1
                guard run <= limit else { throw Self.damaged }
                continue
            }
            if run > 0 {
                guard bytes.count + run <= limit else { throw Self.damaged }
                bytes += repeatElement(front[0], count: run)
                (run, place) = (0, 1)
            }
            if symbol == used.count + 1 { return bytes }
            guard bytes.count < limit else { throw Self.damaged }
            let byte = front.remove(at: symbol - 1)
            front.insert(byte, at: 0)
            bytes.append(byte)
        }
    }

    private mutating func selectors(count: Int, tables: Int) throws(TaskMessageError) -> [Int] {
        var order = Array(0..<tables)
        var selectors: [Int] = []
        for _ in 0..<count {
            var place = 0
            while try take(1) == 1 {
                place += 1
                guard place < tables else { throw Self.damaged }
            }
            let table = order.remove(at: place)
            order.insert(table, at: 0)
            selectors.append(table)
        }
        return selectors
    }

    private mutating func table(symbols: Int) throws(TaskMessageError) -> HuffmanCode {
        var length = Int(try take(5))
        var lengths: [Int] = []
        for _ in 0..<symbols {
            while try take(1) == 1 {
                length += try take(1) == 0 ? 1 : -1
                guard (1...20).contains(length) else { throw Self.damaged }
            }
            guard (1...20).contains(length) else { throw Self.damaged }
            lengths.append(length)
        }
        guard let code = HuffmanCode(lengths) else { throw Self.damaged }
        return code
    }

    private mutating func symbol(of code: HuffmanCode) throws(TaskMessageError) -> Int {
        var walk = HuffmanCode.Walk()
        while true {
            switch code.step(&walk, bit: Int(try take(1))) {
            case .symbol(let symbol): return symbol
            case .further: continue
            case .none: throw Self.damaged
            }
        }
    }

    /// Undoes the Burrows-Wheeler transform and the run lengths that were coded before it.
    private mutating func unwind(_ bytes: [UInt8], origin: Int) throws(TaskMessageError) {
        var starts = [Int](repeating: 0, count: 257)
        for byte in bytes { starts[Int(byte) + 1] += 1 }
        for value in 1...256 { starts[value] += starts[value - 1] }
        var next = [Int32](repeating: 0, count: bytes.count)
        for (place, byte) in bytes.enumerated() {
            next[starts[Int(byte)]] = Int32(place)
            starts[Int(byte)] += 1
        }
        var place = Int(next[origin])
        var last: UInt8 = 0
        var same = 0
        for _ in bytes.indices {
            let byte = bytes[place]
            place = Int(next[place])
            if same == 4 {
                guard output.count + Int(byte) <= bound else { throw .tooLarge(bound) }
                output += repeatElement(last, count: Int(byte))
                same = 0
                continue
            }
            guard output.count < bound else { throw .tooLarge(bound) }
            same = same > 0 && byte == last ? same + 1 : 1
            last = byte
            output.append(byte)
        }
    }

    /// The next bits, the most significant first.
    private mutating func take(_ count: Int) throws(TaskMessageError) -> UInt64 {
        while bitCount < count {
            guard index < input.count else { throw Self.damaged }
            bits = bits << 8 | UInt64(input[index])
            index += 1
            bitCount += 8
        }
        bitCount -= count
        return bits >> UInt64(bitCount) & ((1 << UInt64(count)) - 1)
    }

    private static func checksum(of bytes: ArraySlice<UInt8>) -> UInt32 {
        var value: UInt32 = 0xFFFF_FFFF
        for byte in bytes { value = value << 8 ^ polynomials[Int(value >> 24) ^ Int(byte)] }
        return ~value
    }

    private static let polynomials: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte) << 24) { value, _ in
            value & 0x8000_0000 == 0 ? value << 1 : value << 1 ^ 0x04C1_1DB7
        }
    }
    private static let damaged = TaskMessageError(.badBody, "the body's bzip2 file is damaged")
}
