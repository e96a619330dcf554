import CMedia

/// Reads a picture's size from the first bytes of its file, before any decoder sees it.
///
/// libav's picture formats tell a size only after decoding; the kinds that pictures come as have their claims checked
/// here. All other formats are held by the decoder's own bound on pixels.
enum PictureHeader {
    static func check(_ source: SourceFile, _ limits: MediaLimits) throws {
        let bytes = source.bytes(at: 0, count: 1 << 20)
        if let size = size(of: bytes) { try limits.check(width: size.width, height: size.height, of: source.name) }
    }

    /// The size that the header claims; `nil` where there is no header of the known kinds, or it is beyond the bytes.
    static func size(of bytes: [UInt8]) -> (width: Int, height: Int)? {
        switch StillKind(bytes) {
        case .png: pair(FileNumbers(bytes: bytes, isLittle: false), 16, 20, 4)
        case .jpeg: jpegSize(bytes)
        case .tiff: tiffSize(bytes)
        case .exr: EXRHeader(bytes)?.size
        case .dpx: pair(FileNumbers(bytes: bytes, isLittle: bytes.first == UInt8(ascii: "X")), 772, 776, 4)
        case .webp: webpSize(FileNumbers(bytes: bytes))
        case nil: nil
        }
    }

    private static func pair(_ numbers: FileNumbers, _ width: Int, _ height: Int, _ count: Int) -> (Int, Int)? {
        guard let wide = numbers.number(at: width, count), let high = numbers.number(at: height, count) else {
            return nil
        }
        return (wide, high)
    }

    /// Walks the segments to the frame header (SOF0 to SOF15 without the three that are something else).
    private static func jpegSize(_ bytes: [UInt8]) -> (width: Int, height: Int)? {
        var offset = 2
        while offset + 9 <= bytes.count {
            guard bytes[offset] == 0xFF else { return nil }
            let marker = bytes[offset + 1]
            if marker == 0xFF {
                offset += 1
                continue
            }
            if (0xC0...0xCF).contains(marker), ![0xC4, 0xC8, 0xCC].contains(marker) {
                return pair(FileNumbers(bytes: bytes, isLittle: false), offset + 7, offset + 5, 2)
            }
            offset += 2 + (Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3]))
        }
        return nil
    }

    /// Tags 256 and 257 (SHORT or LONG) of the first directory.
    private static func tiffSize(_ bytes: [UInt8]) -> (width: Int, height: Int)? {
        let numbers = FileNumbers(bytes: bytes, isLittle: bytes.first == UInt8(ascii: "I"))
        guard let directory = numbers.number(at: 4, 4), let count = numbers.number(at: directory, 2) else { return nil }
        var sides: [Int: Int] = [:]
        for entry in stride(from: directory + 2, to: directory + 2 + 12 * count, by: 12) {
            guard let tag = numbers.number(at: entry, 2), let type = numbers.number(at: entry + 2, 2) else { break }
            if tag == 256 || tag == 257 { sides[tag] = numbers.number(at: entry + 8, type == 3 ? 2 : 4) }
        }
        guard let width = sides[256], let height = sides[257] else { return nil }
        return (width, height)
    }

    /// The canvas of an extended file, else the size of the one picture, VP8 or lossless (RFC 9649).
    private static func webpSize(_ numbers: FileNumbers) -> (width: Int, height: Int)? {
        let name = numbers.bytes.dropFirst(12).prefix(4)
        if name.elementsEqual("VP8X".utf8) { return pair(numbers, 24, 27, 3).map { ($0.0 + 1, $0.1 + 1) } }
        if name.elementsEqual("VP8 ".utf8) { return pair(numbers, 26, 28, 2).map { ($0.0 & 0x3FFF, $0.1 & 0x3FFF) } }
        guard name.elementsEqual("VP8L".utf8), let packed = numbers.number(at: 21, 4) else { return nil }
        return (packed & 0x3FFF + 1, packed >> 14 & 0x3FFF + 1)
    }
}
