import CMedia

/// Decodes PNG and JPEG files, told apart by content, one after the other with the same two decoders.
///
/// Strict: a damaged or cut-off picture is an error that names the file.
final class StillDecoder {
    /// The largest picture file, in bytes.
    private static let maxBytes: Int64 = 1 << 30

    private let limits: MediaLimits
    private let packet: Packet
    private var decoders: [PictureHeader.Kind: Decoder] = [:]

    init(limits: MediaLimits) throws {
        _ = MediaLog.installed
        self.limits = limits
        packet = try Packet()
    }

    /// Decodes the picture in a file, as it is coded.
    /// - Returns: How it is turned to be seen as it was meant.
    @discardableResult
    func decode(path: String, into frame: Frame) throws -> Orientation {
        let source = try SourceFile(path: path)
        let bytes = try source.readAll(atMost: Self.maxBytes)
        guard let kind = PictureHeader.kind(of: bytes), let size = PictureHeader.size(of: bytes) else {
            throw MediaError(.inputInvalid, "\(source.name) is neither PNG nor JPEG.")
        }
        try limits.check(width: size.width, height: size.height, of: source.name)
        try packet.fill(bytes)
        let decoder = try decoder(for: kind, name: source.name)
        frame.unreference()
        var status = decoder.send(packet)
        packet.unreference()
        if status >= 0 {
            switch decoder.receive(into: frame) {
            case .frame:
                try checkWhole(frame, bytes, kind, source.name)
                return ExifOrientation.read(source)
            case .needsInput, .ended: status = cmedia_error_invalid_data()
            case .failed(let failure): status = failure
            }
        }
        throw MediaError.libav(status, .inputInvalid, "\(source.name) is damaged or cut off.")
    }

    private func decoder(for kind: PictureHeader.Kind, name: String) throws -> Decoder {
        if let decoder = decoders[kind] { return decoder }
        let codec = kind == .png ? AV_CODEC_ID_PNG : AV_CODEC_ID_MJPEG
        let decoder = try Decoder(codec, limits: limits, name: name, strict: true)
        decoders[kind] = decoder
        return decoder
    }

    /// The decoders fill what is missing at a file's end with grey; its end marker tells whether anything is.
    private func checkWhole(_ frame: Frame, _ bytes: [UInt8], _ kind: PictureHeader.Kind, _ name: String) throws {
        let marker: [UInt8] = kind == .png ? Array("IEND".utf8) : [0xFF, 0xD9]
        // Writers may leave some bytes behind the end; a thumbnail's end marker inside JPEG is far from it.
        let tail = bytes.suffix(4096)
        let hasEnd = tail.indices.contains { tail[$0...].starts(with: marker) }
        guard hasEnd, !frame.isDamaged else { throw MediaError(.inputInvalid, "\(name) is damaged or cut off.") }
    }
}
