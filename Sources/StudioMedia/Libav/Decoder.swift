import CMedia

/// A decoder: packets in, frames out.
final class Decoder {
    /// What a decoder answers when it is asked for a frame.
    enum Answer {
        case frame
        case needsInput
        case ended
        case failed(Int32)
    }

    let context: UnsafeMutablePointer<AVCodecContext>
    /// Whether damage is told by the log alone.
    private let isWatched: Bool

    /// Opens the decoder of a stream. Throws `unsupported` where there is none for the codec.
    convenience init(stream: UnsafeMutablePointer<AVStream>, limits: MediaLimits, name: String, strict: Bool = false)
        throws
    {
        guard let parameters = stream.pointee.codecpar else { throw MediaError(.inputInvalid, "\(name) is damaged.") }
        // libav's own decoder of VP9 does not see the second picture that holds transparency.
        let preferred = parameters.pointee.codec_id == AV_CODEC_ID_VP9 && Demuxer.hasAlphaBeside(stream)
        try self.init(
            parameters.pointee.codec_id, limits: limits, name: name, strict: strict,
            preferred: preferred ? "libvpx-vp9" : nil
        ) { context in
            context.pointee.pkt_timebase = stream.pointee.time_base
            return avcodec_parameters_to_context(context, parameters)
        }
    }

    /// Opens a decoder. Strict: a damaged frame is an error rather than repaired by guessing. The preferred one is taken
    /// where libav has it.
    init(
        _ codec: AVCodecID, limits: MediaLimits, name: String, strict: Bool, preferred: String? = nil,
        prepare: (UnsafeMutablePointer<AVCodecContext>) -> Int32 = { _ in 0 }
    ) throws {
        let named = preferred.flatMap { avcodec_find_decoder_by_name($0) }
        guard let decoder = named ?? avcodec_find_decoder(codec) else {
            throw MediaError(
                .unsupported,
                "\(name) is coded as \(String(cString: avcodec_get_name(codec))), which cannot be decoded.")
        }
        guard let context = avcodec_alloc_context3(decoder) else {
            throw MediaError(.limitExceeded, "There is no memory for a decoder.")
        }
        self.context = context
        // Strict, libav's TIFF decoder takes every tag it does not know for damage: no TIFF is without one. Otherwise it
        // only says what is damaged, and gives what it has. So does the EXR decoder, whatever it is told.
        isWatched = strict && [AV_CODEC_ID_TIFF, AV_CODEC_ID_EXR].contains(codec)
        if isWatched { MediaLog.watch(context) }
        var status = prepare(context)
        context.pointee.max_pixels = Int64(limits.maxPixels)
        if strict && !isWatched { context.pointee.err_recognition |= AV_EF_EXPLODE | AV_EF_CRCCHECK }
        // 0 lets libav take the machine's cores. A picture's decoder gets one thread: it answers at once.
        context.pointee.thread_count = strict ? 1 : 0
        if status >= 0 { status = avcodec_open2(context, decoder, nil) }
        guard status >= 0 else { throw MediaError.libav(status, .inputInvalid, "The decoder refuses \(name).") }
    }

    deinit {
        if isWatched { MediaLog.forget(context) }
        var context: UnsafeMutablePointer<AVCodecContext>? = context
        avcodec_free_context(&context)
    }

    /// Gives a packet, or with `nil` the end. Only ever fails on what is in the packet.
    func send(_ packet: Packet?) -> Int32 { avcodec_send_packet(context, packet?.pointer) }

    /// Takes the next frame.
    func receive(into frame: Frame) -> Answer {
        let status = avcodec_receive_frame(context, frame.pointer)
        if status >= 0 {
            return isWatched && MediaLog.hasComplained(context) ? .failed(cmedia_error_invalid_data()) : .frame
        }
        if status == cmedia_error_again() { return .needsInput }
        if status == cmedia_error_end() { return .ended }
        return .failed(status)
    }
}
