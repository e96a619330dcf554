import CMedia

/// An encoder: frames in, packets out.
final class Encoder {
    let context: UnsafeMutablePointer<AVCodecContext>
    private let packet: Packet

    /// Opens an encoder.
    /// - Parameters:
    ///   - name: libav's name of the encoder.
    ///   - options: The encoder's own options.
    ///   - prepare: Sets size, format, time base and the rest before the encoder is opened.
    /// - Throws: `outputFailed` where the encoder is missing or refuses the settings.
    init(
        _ name: String, options: consuming Options, prepare: (UnsafeMutablePointer<AVCodecContext>) -> Void
    ) throws {
        _ = MediaLog.installed
        guard let codec = avcodec_find_encoder_by_name(name) else {
            throw MediaError(.outputFailed, "This machine's libavcodec has no encoder \(name).")
        }
        guard let context = avcodec_alloc_context3(codec) else {
            throw MediaError(.limitExceeded, "There is no memory for an encoder.")
        }
        self.context = context
        do { packet = try Packet() } catch {
            var context: UnsafeMutablePointer<AVCodecContext>? = context
            avcodec_free_context(&context)
            throw error
        }
        // No library version or date in the output: the same work gives the same bytes.
        context.pointee.flags |= AV_CODEC_FLAG_BITEXACT
        prepare(context)
        var options = options
        let status = options.lend { avcodec_open2(context, codec, $0) }
        guard status >= 0 else {
            throw MediaError.libav(status, .outputFailed, "The encoder \(name) refuses the settings.")
        }
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = context
        avcodec_free_context(&context)
    }

    var timeBase: AVRational { context.pointee.time_base }

    /// Gives a frame, or with `nil` the end, and hands on every packet that is ready.
    func encode(_ frame: Frame?, each: (UnsafeMutablePointer<AVPacket>) throws -> Void) throws {
        var status = avcodec_send_frame(context, frame?.pointer)
        guard status >= 0 else { throw MediaError.libav(status, .outputFailed, "A frame cannot be encoded.") }
        while true {
            status = avcodec_receive_packet(context, packet.pointer)
            if status == cmedia_error_again() || status == cmedia_error_end() { return }
            guard status >= 0 else { throw MediaError.libav(status, .outputFailed, "A frame cannot be encoded.") }
            defer { packet.unreference() }
            try each(packet.pointer)
        }
    }

    /// Encodes a single picture to the bytes of its file.
    func encodePicture(_ frame: Frame) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let collect = { (packet: UnsafeMutablePointer<AVPacket>) in
            bytes += UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size))
        }
        try encode(frame, each: collect)
        try encode(nil, each: collect)
        guard !bytes.isEmpty else { throw MediaError(.outputFailed, "The encoder gave no picture.") }
        return bytes
    }
}
