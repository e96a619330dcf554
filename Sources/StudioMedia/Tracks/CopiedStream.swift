import CMedia

/// One stream whose packets go into another file as they are.
final class CopiedStream {
    /// The stream's number in its file.
    let index: Int32
    /// The stream's number in the output.
    let stream: Int32
    private let muxer: Muxer
    private let timeBase: AVRational
    /// What timestamps are counted from, in ``timeBase``.
    private let start: Int64
    /// The duration of a frame in ``timeBase`` and the frames by which decoding runs ahead, for packets whose file does not
    /// say when they are to be decoded.
    private let frameTicks: Int64
    private let delay: Int64
    /// The last decoding timestamp written.
    private var last: Int64?

    /// Adds the stream; the muxer has not been started.
    /// - Parameters:
    ///   - source: The stream.
    ///   - start: The moment that becomes the output's zero, in microseconds.
    ///   - muxer: The output.
    /// - Throws: `MediaError` with `limitExceeded`.
    init(_ source: UnsafeMutablePointer<AVStream>, start: Int64, into muxer: Muxer) throws {
        index = source.pointee.index
        timeBase = source.pointee.time_base
        self.start = av_rescale_q(start, cmedia_microsecond(), timeBase)
        self.muxer = muxer
        let rate = FrameRate(source.pointee.avg_frame_rate)
        frameTicks = rate.map { max(1, av_rescale_q(1, $0.frameDuration, source.pointee.time_base)) } ?? 1
        delay = Int64(source.pointee.codecpar?.pointee.video_delay ?? 0)
        stream = try muxer.addStream(copying: source)
    }

    /// Writes a packet of the stream, whose content is taken. `shift` is added to its timestamps, in the source's unit,
    /// where it follows another file.
    func write(_ packet: Packet, shift: Int64 = 0) throws {
        let pointer = packet.pointer
        let none = cmedia_no_timestamp()
        // Damage has times of any size.
        if pointer.pointee.pts != none { pointer.pointee.pts = pointer.pointee.pts &+ shift &- start }
        if pointer.pointee.dts != none {
            pointer.pointee.dts = pointer.pointee.dts &+ shift &- start
        } else if pointer.pointee.pts != none {
            // Matroska does not say: decoding begins early by as much as pictures are reordered, and goes on steadily.
            let steady = last.map { $0 &+ frameTicks } ?? pointer.pointee.pts &- delay &* frameTicks
            pointer.pointee.dts = min(steady, pointer.pointee.pts)
        }
        guard pointer.pointee.dts != none else { return }
        // Writers refuse what does not go forward; such packets come from clocks that jump back.
        if let last, pointer.pointee.dts <= last { pointer.pointee.dts = last &+ 1 }
        if pointer.pointee.pts != none { pointer.pointee.pts = max(pointer.pointee.pts, pointer.pointee.dts) }
        last = pointer.pointee.dts
        pointer.pointee.pos = -1
        try muxer.write(pointer, stream: stream, timeBase: timeBase)
    }
}

extension CopiedStream {
    /// Refuses a copy that the studio could not open itself: packets are copied with whatever is broken in them, and what is
    /// made of that has to be a file all the same.
    /// - Parameters:
    ///   - path: The output, complete.
    ///   - name: The input, or the first of them.
    ///   - limits: The largest file to accept.
    /// - Throws: `MediaError` with `inputInvalid`.
    static func check(_ path: String, copiedFrom name: String, _ limits: MediaLimits) throws {
        // What was joined may be longer than an input may be, though not by centuries.
        let longest = limits.maxSeconds * 1000
        var limits = limits
        (limits.maxSeconds, limits.maxFrames) = (.infinity, .max)
        do {
            let probe = try MediaProbe.read(path: path, limits: limits)
            guard probe.durationSeconds ?? 0 <= longest else {
                throw MediaError(.inputInvalid, "It lasts for centuries.")
            }
        } catch let error as MediaError where error.code == .inputInvalid || error.code == .unsupported {
            throw MediaError(
                .inputInvalid, "\(name) is damaged: what would be copied of it could not be read again.",
                detail: error.message)
        }
    }
}

extension VideoCodec {
    /// libavcodec's number of the codec.
    var identifier: AVCodecID {
        switch self {
        case .h264: AV_CODEC_ID_H264
        case .hevc: AV_CODEC_ID_HEVC
        case .prores: AV_CODEC_ID_PRORES
        case .dnxhr: AV_CODEC_ID_DNXHD
        case .vp9: AV_CODEC_ID_VP9
        case .av1: AV_CODEC_ID_AV1
        }
    }

    /// The codec of a stream; `nil` where it is none of these.
    init?(_ identifier: AVCodecID) {
        guard let codec = Self.allCases.first(where: { $0.identifier == identifier }) else { return nil }
        self = codec
    }
}

extension AudioCodec {
    /// libavcodec's number of the codec.
    var identifier: AVCodecID {
        switch self {
        case .aac: AV_CODEC_ID_AAC
        case .opus: AV_CODEC_ID_OPUS
        case .flac: AV_CODEC_ID_FLAC
        case .pcm16: AV_CODEC_ID_PCM_S16LE
        case .pcm24: AV_CODEC_ID_PCM_S24LE
        }
    }

    /// The codec of a stream; `nil` where it is none of these.
    init?(_ identifier: AVCodecID) {
        guard let codec = Self.allCases.first(where: { $0.identifier == identifier }) else { return nil }
        self = codec
    }
}
