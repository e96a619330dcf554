/// Reads a zlib stream (RFC 1950 and 1951), which is what Celery calls gzip, into at most so many bytes.
///
/// In Swift, because this room has no C; bodies of tasks are small, and one that would not stay small is refused as soon as
/// it passes the bound, whatever it claims to be.
struct Inflate {
    private let input: [UInt8]
    private let bound: Int
    private var index = 0
    private var bits: UInt32 = 0
    private var bitCount = 0
    private var output: [UInt8] = []

    /// Decompresses a whole stream.
    ///
    /// - Parameters:
    ///   - input: The stream.
    ///   - bound: How many bytes it may have at most.
    /// - Returns: The bytes.
    /// - Throws: `TaskMessageError` of code `badBody`, or `tooLarge` beyond the bound.
    static func bytes(of input: [UInt8], atMost bound: Int) throws(TaskMessageError) -> [UInt8] {
        var reader = Inflate(input: input, bound: bound)
        return try reader.read()
    }

    private init(input: [UInt8], bound: Int) {
        self.input = input
        self.bound = bound
    }

    private mutating func read() throws(TaskMessageError) -> [UInt8] {
        guard input.count >= 6, input[0] & 0x0F == 8, input[0] >> 4 <= 7, input[1] & 0x20 == 0,
            (Int(input[0]) << 8 | Int(input[1])).isMultiple(of: 31)
        else { throw Self.damaged }
        index = 2
        var isLast = false
        while !isLast {
            isLast = try take(1) == 1
            switch try take(2) {
            case 0: try stored()
            case 1: try coded(Self.fixed.literals, Self.fixed.distances)
            case 2:
                let codes = try dynamicCodes()
                try coded(codes.literals, codes.distances)
            default: throw Self.damaged
            }
        }
        // Whole bytes that were looked into and not used belong to the checksum.
        index -= bitCount / 8
        guard index + 4 <= input.count else { throw Self.damaged }
        let expected = input[index..<index + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard expected == checksum() else { throw Self.damaged }
        return output
    }

    private mutating func stored() throws(TaskMessageError) {
        index -= bitCount / 8
        (bits, bitCount) = (0, 0)
        guard index + 4 <= input.count else { throw Self.damaged }
        let length = Int(input[index]) | Int(input[index + 1]) << 8
        guard length ^ 0xFFFF == Int(input[index + 2]) | Int(input[index + 3]) << 8 else { throw Self.damaged }
        index += 4
        guard index + length <= input.count else { throw Self.damaged }
        try makeRoom(length)
        output += input[index..<index + length]
        index += length
    }

    private mutating func coded(_ literals: HuffmanCode, _ distances: HuffmanCode) throws(TaskMessageError) {
        while true {
            let symbol = try symbol(of: literals)
            if symbol < 256 {
                try makeRoom(1)
                output.append(UInt8(symbol))
                continue
            }
            if symbol == 256 { return }
            guard symbol - 257 < Self.lengthBases.count else { throw Self.damaged }
            let length = Self.lengthBases[symbol - 257] + Int(try take(Self.lengthBits[symbol - 257]))
            let code = try self.symbol(of: distances)
            guard code < Self.distanceBases.count else { throw Self.damaged }
            let distance = Self.distanceBases[code] + Int(try take(Self.distanceBits[code]))
            guard distance <= output.count else { throw Self.damaged }
            try makeRoom(length)
            // One by one: a copy may read what it has just written.
            for _ in 0..<length { output.append(output[output.count - distance]) }
        }
    }

    private mutating func dynamicCodes() throws(TaskMessageError) -> (literals: HuffmanCode, distances: HuffmanCode) {
        let literalCount = Int(try take(5)) + 257
        let distanceCount = Int(try take(5)) + 1
        let lengthCount = Int(try take(4)) + 4
        guard literalCount <= 286, distanceCount <= 30 else { throw Self.damaged }
        var lengths = [Int](repeating: 0, count: 19)
        for place in 0..<lengthCount { lengths[Self.lengthOrder[place]] = Int(try take(3)) }
        guard let code = HuffmanCode(lengths) else { throw Self.damaged }
        var all: [Int] = []
        while all.count < literalCount + distanceCount {
            let symbol = try symbol(of: code)
            switch symbol {
            case 0...15: all.append(symbol)
            case 16:
                guard let last = all.last else { throw Self.damaged }
                all += repeatElement(last, count: 3 + Int(try take(2)))
            case 17: all += repeatElement(0, count: 3 + Int(try take(3)))
            default: all += repeatElement(0, count: 11 + Int(try take(7)))
            }
        }
        guard all.count == literalCount + distanceCount, let literals = HuffmanCode(Array(all[..<literalCount])),
            let distances = HuffmanCode(Array(all[literalCount...]))
        else { throw Self.damaged }
        return (literals, distances)
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

    /// The next bits, the least significant first.
    private mutating func take(_ count: Int) throws(TaskMessageError) -> UInt32 {
        while bitCount < count {
            guard index < input.count else { throw Self.damaged }
            bits |= UInt32(input[index]) << UInt32(bitCount)
            index += 1
            bitCount += 8
        }
        let value = bits & ((1 << UInt32(count)) - 1)
        bits >>= UInt32(count)
        bitCount -= count
        return value
    }

    private func makeRoom(_ count: Int) throws(TaskMessageError) {
        guard output.count + count <= bound else { throw .tooLarge(bound) }
    }

    private func checksum() -> UInt32 {
        var low: UInt32 = 1
        var high: UInt32 = 0
        for byte in output {
            low = (low + UInt32(byte)) % 65521
            high = (high + low) % 65521
        }
        return high << 16 | low
    }

    private static let damaged = TaskMessageError(.badBody, "the body's zlib stream is damaged")
    private static let lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    private static let lengthBases = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258,
    ]
    private static let lengthBits = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    private static let distanceBases = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
        6145,
        8193, 12289, 16385, 24577,
    ]
    private static let distanceBits = [
        0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
    ]
    private static let fixed: (literals: HuffmanCode, distances: HuffmanCode) = {
        let lengths = (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }
        return (HuffmanCode(complete: lengths), HuffmanCode(complete: [Int](repeating: 5, count: 30)))
    }()
}
