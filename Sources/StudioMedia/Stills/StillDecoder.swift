import CMedia

/// What a picture file says about itself beside its pixels.
struct StillTraits: Equatable {
    /// The kind of file.
    var kind: StillKind
    /// How it is turned to be seen as it was meant.
    var orientation: Orientation
    /// What its numbers mean as light.
    var light: PictureLight
}

/// Decodes PNG, JPEG, TIFF, OpenEXR, DPX and WebP files, told apart by content, one after the other with the same decoders.
///
/// Strict: a damaged or cut-off picture is an error that names the file. The first picture of a TIFF with several pages is
/// taken; a WebP that moves is refused.
final class StillDecoder {
    /// The largest picture file, in bytes.
    private static let maxBytes: Int64 = 1 << 30

    private let limits: MediaLimits
    private let packet: Packet
    private var decoders: [StillKind: Decoder] = [:]

    init(limits: MediaLimits) throws {
        _ = MediaLog.installed
        self.limits = limits
        packet = try Packet()
    }

    /// Decodes the picture in a file, as it is coded.
    /// - Returns: What the file says about the picture.
    @discardableResult
    func decode(path: String, into frame: Frame) throws -> StillTraits {
        let source = try SourceFile(path: path)
        let bytes = try source.readAll(atMost: Self.maxBytes)
        guard let kind = StillKind(bytes) else {
            throw MediaError(
                .inputInvalid, "\(source.name) is no picture of a known kind (PNG, JPEG, TIFF, EXR, DPX or WebP).")
        }
        guard let size = PictureHeader.size(of: bytes) else {
            throw MediaError(.inputInvalid, "\(source.name) is damaged or cut off.")
        }
        try limits.check(width: size.width, height: size.height, of: source.name)
        guard StillEnd.isThere(in: bytes, kind) else {
            throw MediaError(.inputInvalid, "\(source.name) is damaged or cut off.")
        }
        try packet.fill(bytes)
        let decoder = try decoder(for: kind, name: source.name)
        frame.unreference()
        var status = decoder.send(packet)
        packet.unreference()
        if status >= 0 {
            switch decoder.receive(into: frame) {
            case .frame where !frame.isDamaged:
                return StillTraits(
                    kind: kind, orientation: ExifOrientation.read(source), light: PictureLight(of: bytes))
            case .frame, .needsInput, .ended: status = cmedia_error_invalid_data()
            case .failed(let failure): status = failure
            }
        }
        // A decoder that has complained says so for ever.
        decoders[kind] = nil
        throw MediaError.libav(status, .inputInvalid, "\(source.name) is damaged or cut off.")
    }

    private func decoder(for kind: StillKind, name: String) throws -> Decoder {
        if let decoder = decoders[kind] { return decoder }
        let decoder = try Decoder(kind.codec, limits: limits, name: name, strict: true)
        decoders[kind] = decoder
        return decoder
    }
}

/// Tells whether a picture file has its end: most decoders fill what is missing there with grey or black.
enum StillEnd {
    static func isThere(in bytes: [UInt8], _ kind: StillKind) -> Bool {
        switch kind {
        case .png: hasMarker(Array("IEND".utf8), bytes)
        case .jpeg: hasMarker([0xFF, 0xD9], bytes)
        // RIFF's length counts what follows the first eight bytes.
        case .webp: (FileNumbers(bytes: bytes).number(at: 4, 4) ?? .max) <= bytes.count - 8
        case .exr: EXRHeader(bytes)?.isWhole(bytes) ?? false
        // These decoders complain themselves.
        case .tiff, .dpx: true
        }
    }

    /// Writers may leave some bytes behind the end; a thumbnail's end marker inside JPEG is far from it.
    private static func hasMarker(_ marker: [UInt8], _ bytes: [UInt8]) -> Bool {
        let tail = bytes.suffix(4096)
        return tail.indices.contains { tail[$0...].starts(with: marker) }
    }
}
