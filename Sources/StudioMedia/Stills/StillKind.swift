import CMedia

/// The kinds of picture file that a sequence may be made of, told apart by their first bytes.
enum StillKind: String, Hashable, CaseIterable {
    case png
    case jpeg
    case tiff
    case exr
    case dpx
    case webp

    /// What the first bytes say; `nil` where they are none of these.
    init?(_ bytes: [UInt8]) {
        let dpx = bytes.starts(with: "SDPX".utf8) || bytes.starts(with: "XPDS".utf8)
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if bytes.starts(with: Array("II*\0".utf8)) || bytes.starts(with: Array("MM\0*".utf8)) {
            self = .tiff
        } else if bytes.starts(with: [0x76, 0x2F, 0x31, 0x01]) {
            self = .exr
        } else if dpx {
            self = .dpx
        } else if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
            self = .webp
        } else {
            return nil
        }
    }

    /// libav's decoder for it.
    var codec: AVCodecID {
        switch self {
        case .png: AV_CODEC_ID_PNG
        case .jpeg: AV_CODEC_ID_MJPEG
        case .tiff: AV_CODEC_ID_TIFF
        case .exr: AV_CODEC_ID_EXR
        case .dpx: AV_CODEC_ID_DPX
        case .webp: AV_CODEC_ID_WEBP
        }
    }
}

/// Whole numbers in the bytes of a picture file; `nil` beyond their end.
struct FileNumbers {
    let bytes: [UInt8]
    var isLittle = true

    /// The number in `count` bytes, without a sign.
    func number(at offset: Int, _ count: Int) -> Int? {
        guard offset >= 0, count > 0, count <= 7, offset <= bytes.count - count else { return nil }
        var value = 0
        for index in 0..<count {
            value = value << 8 | Int(bytes[isLittle ? offset + count - 1 - index : offset + index])
        }
        return value
    }

    /// The 32-bit number with a sign.
    func signed(at offset: Int) -> Int? { number(at: offset, 4).map { Int(Int32(truncatingIfNeeded: $0)) } }
}
