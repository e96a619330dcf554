/// The header of an OpenEXR file with one part, as far as it takes to know its size and whether the file is whole.
///
/// libav's decoder leaves black what a file that is cut off does not have, and says nothing. Format: "OpenEXR File
/// Layout", the Academy Software Foundation.
struct EXRHeader {
    /// The most attributes that are read.
    private static let maxAttributes = 1000

    /// The larger of the data window's and the display window's sides: what a decoder may come to allocate.
    let size: (width: Int, height: Int)
    /// Where the table of the chunks' places begins.
    private let table: Int
    /// The number of chunks; `nil` for files whose chunks are not counted here (several parts, deep data, mip maps).
    private let chunks: Int?
    /// The bytes before a chunk's own length.
    private let chunkPrefix: Int

    /// Reads the header; `nil` where it is damaged or goes beyond the bytes.
    init?(_ bytes: [UInt8]) {
        let numbers = FileNumbers(bytes: bytes)
        guard StillKind(bytes) == .exr, let flags = numbers.number(at: 4, 4) else { return nil }
        var offset = 8
        var boxes: [String: (width: Int, height: Int)] = [:]
        var (linesPerChunk, tile, count) = (Int?.none, (width: Int, height: Int)?.none, Int?.none)
        for _ in 0..<Self.maxAttributes {
            guard let name = Self.text(bytes, &offset) else { return nil }
            if name.isEmpty { break }
            guard Self.text(bytes, &offset) != nil, let length = numbers.number(at: offset, 4),
                offset + 4 + length <= bytes.count
            else { return nil }
            let value = offset + 4
            offset = value + length
            switch name {
            case "dataWindow", "displayWindow":
                guard let left = numbers.signed(at: value), let top = numbers.signed(at: value + 4),
                    let right = numbers.signed(at: value + 8), let bottom = numbers.signed(at: value + 12)
                else { return nil }
                boxes[name] = (right - left + 1, bottom - top + 1)
            case "compression": linesPerChunk = numbers.number(at: value, 1).flatMap(Self.linesPerChunk)
            case "tiles":
                guard let wide = numbers.number(at: value, 4), let high = numbers.number(at: value + 4, 4),
                    let mode = numbers.number(at: value + 8, 1)
                else { return nil }
                // The low four bits are the level mode, 0 for a file without further levels.
                if mode & 0xF == 0 { tile = (wide, high) }
            case "chunkCount": count = numbers.number(at: value, 4)
            default: break
            }
        }
        guard let data = boxes["dataWindow"], data.width > 0, data.height > 0 else { return nil }
        let display = boxes["displayWindow"] ?? data
        size = (max(data.width, display.width), max(data.height, display.height))
        table = offset
        let (isTiled, isDeep, hasParts) = (flags & 0x200 != 0, flags & 0x800 != 0, flags & 0x1000 != 0)
        chunkPrefix = isTiled ? 16 : 4
        if isDeep || hasParts {
            chunks = nil
        } else if isTiled {
            let isUsable = (tile?.width ?? 0) > 0 && (tile?.height ?? 0) > 0
            chunks = isUsable ? tile.map { Self.chunks(data, in: $0) } : count
        } else {
            chunks = linesPerChunk.map { Self.parts(data.height, $0) } ?? count
        }
    }

    /// Whether every chunk is in the file with its whole length.
    func isWhole(_ bytes: [UInt8]) -> Bool {
        guard let chunks else { return true }
        let numbers = FileNumbers(bytes: bytes)
        guard chunks <= bytes.count / 8 else { return false }
        for index in 0..<chunks {
            // The eighth byte of a place is 0 in any file that is not larger than memory.
            guard let place = numbers.number(at: table + 8 * index, 7), place > table,
                let length = numbers.number(at: place + chunkPrefix, 4),
                place + chunkPrefix + 4 + length <= bytes.count
            else { return false }
        }
        return true
    }

    /// The tiles of a picture; more than any file has where a header of tiny tiles claims more than can be counted.
    private static func chunks(_ data: (width: Int, height: Int), in tile: (width: Int, height: Int)) -> Int {
        let (count, overflow) = parts(data.width, tile.width).multipliedReportingOverflow(
            by: parts(data.height, tile.height))
        return overflow ? .max : count
    }

    private static func parts(_ whole: Int, _ part: Int) -> Int { (whole + part - 1) / part }

    /// By the number of the compression: none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB.
    private static func linesPerChunk(_ compression: Int) -> Int? {
        let lines = [1, 1, 1, 16, 32, 16, 32, 32, 32, 256]
        return compression < lines.count ? lines[compression] : nil
    }

    /// A text that ends with a NUL.
    private static func text(_ bytes: [UInt8], _ offset: inout Int) -> String? {
        guard offset < bytes.count, let end = bytes[offset...].prefix(256).firstIndex(of: 0) else { return nil }
        defer { offset = end + 1 }
        return String(decoding: bytes[offset..<end], as: UTF8.self)
    }
}
