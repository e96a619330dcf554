import CMedia

/// Reads a picture's size from the first bytes of a PNG or JPEG file, before any decoder sees it.
///
/// libav's picture formats tell a size only after decoding; these two are what pictures come as, so their claims are
/// checked here. All other formats are held by the decoder's own bound on pixels.
enum PictureHeader {
    /// The kinds of picture that a sequence may be made of.
    enum Kind {
        case png
        case jpeg
    }

    static func check(_ source: SourceFile, _ limits: MediaLimits) throws {
        guard let stream = source.context else { return }
        let position = avio_seek(stream, 0, SEEK_CUR)
        defer { avio_seek(stream, position, SEEK_SET) }
        guard avio_seek(stream, 0, SEEK_SET) >= 0 else { return }
        let capacity = 1 << 20
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            count = Int(max(0, avio_read(stream, buffer.baseAddress, Int32(buffer.count))))
        }
        if let size = size(of: bytes) { try limits.check(width: size.width, height: size.height, of: source.name) }
    }

    static func kind(of bytes: [UInt8]) -> Kind? {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
        return nil
    }

    /// The size that the header claims; `nil` where there is no header of the two kinds.
    static func size(of bytes: [UInt8]) -> (width: Int, height: Int)? {
        switch kind(of: bytes) {
        case .png: pngSize(bytes)
        case .jpeg: jpegSize(bytes)
        case nil: nil
        }
    }

    private static func pngSize(_ bytes: [UInt8]) -> (width: Int, height: Int)? {
        guard bytes.count >= 24 else { return nil }
        func number(at offset: Int) -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
        return (number(at: 16), number(at: 20))
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
                return (
                    Int(bytes[offset + 7]) << 8 | Int(bytes[offset + 8]),
                    Int(bytes[offset + 5]) << 8 | Int(bytes[offset + 6])
                )
            }
            offset += 2 + (Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3]))
        }
        return nil
    }
}
