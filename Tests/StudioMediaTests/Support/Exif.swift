/// Exif as cameras write it, and the places picture files have for it.
enum Exif {
    /// A TIFF structure with one directory that says the orientation among other things.
    static func block(_ orientation: Int, isLittle: Bool = true) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] { Exif.number(value, count, isLittle: isLittle) }
        let resolution = number(0x011A, 2) + number(5, 2) + number(1, 4) + number(38, 4)
        let turned = number(0x0112, 2) + number(3, 2) + number(1, 4) + number(orientation, 2) + [0, 0]
        return Array((isLittle ? "II" : "MM").utf8) + number(42, 2) + number(8, 4) + number(2, 2) + turned + resolution
            + number(0, 4) + number(72, 4) + number(1, 4)
    }

    /// A JPEG with the block in an APP1 segment, behind its first segment.
    static func jpeg(_ file: [UInt8], _ block: [UInt8]) -> [UInt8] {
        let content = Array("Exif\0\0".utf8) + block
        let segment = [0xFF, 0xE1] + number(content.count + 2, 2, isLittle: false) + content
        let first = 4 + Int(file[4]) << 8 + Int(file[5])
        return Array(file[..<first]) + segment + Array(file[first...])
    }

    /// A PNG with the block in a chunk, behind its header.
    static func png(_ file: [UInt8], _ block: [UInt8]) -> [UInt8] {
        let chunk = Array("eXIf".utf8) + block
        let whole = number(block.count, 4, isLittle: false) + chunk + number(checksum(chunk), 4, isLittle: false)
        return Array(file[..<33]) + whole + Array(file[33...])
    }

    /// A WebP with the block at its end.
    static func webp(_ file: [UInt8], _ block: [UInt8]) -> [UInt8] {
        let chunk =
            Array("EXIF".utf8) + number(block.count, 4, isLittle: true) + block + (block.count % 2 == 1 ? [0] : [])
        let rest = Array(file[8...]) + chunk
        return Array(file[..<4]) + number(rest.count, 4, isLittle: true) + rest
    }

    /// A little-endian TIFF with the orientation among its tags: its directory is written anew at its end.
    static func tiff(_ file: [UInt8], _ orientation: Int) -> [UInt8] {
        func value(_ offset: Int, _ count: Int) -> Int {
            file[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        let directory = value(4, 4)
        let count = value(directory, 2)
        var entries = (0..<count).map { Array(file[directory + 2 + 12 * $0..<directory + 14 + 12 * $0]) }
        let turned = number(0x0112, 2, isLittle: true) + number(3, 2, isLittle: true) + number(1, 4, isLittle: true)
        entries.append(turned + number(orientation, 4, isLittle: true))
        entries.sort { Int($0[0]) + Int($0[1]) << 8 < Int($1[0]) + Int($1[1]) << 8 }
        return Array(file[..<4]) + number(file.count, 4, isLittle: true) + Array(file[8...])
            + number(entries.count, 2, isLittle: true) + entries.joined() + [0, 0, 0, 0]
    }

    private static func number(_ value: Int, _ count: Int, isLittle: Bool) -> [UInt8] {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        return isLittle ? bytes : bytes.reversed()
    }

    /// PNG's CRC-32.
    private static func checksum(_ bytes: [UInt8]) -> Int {
        var sum: UInt32 = .max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return Int(~sum)
    }
}
