import CMedia
import StudioCore

/// An audio track of a file: blocks of samples with timestamps in, packets into the file.
final class AudioTrack {
    /// What the samples are that the track is made of.
    struct Source {
        /// Samples a second.
        var sampleRate: Int
        /// The channels.
        var channels: Int
        /// The channel layout in libav's words, such as `5.1(side)`; `nil` where only the number is known.
        var layout: String?
        /// Whether the samples have more than 16 bits.
        var isDeep = true
    }

    /// The stream's number in the file.
    let stream: Int32
    /// The samples in a block, but for the last one.
    let blockSize: Int32
    /// Samples a second.
    let sampleRate: Int32
    /// The filters that make of any samples what ``write(_:)`` takes.
    let conversion: String
    private let encoder: Encoder
    private let muxer: Muxer

    /// The format of a sample.
    var sampleFormat: AVSampleFormat { encoder.context.pointee.sample_fmt }
    /// The number of channels.
    var channels: Int32 { encoder.context.pointee.ch_layout.nb_channels }

    /// Gives a frame the track's channel layout.
    /// - Returns: libav's status.
    func copyLayout(to frame: Frame) -> Int32 {
        av_channel_layout_copy(&frame.pointer.pointee.ch_layout, &encoder.context.pointee.ch_layout)
    }

    /// The unit of a block's timestamp: one sample.
    var timeBase: AVRational { encoder.timeBase }

    /// Adds the track; the muxer has not been started.
    /// - Parameters:
    ///   - target: How the sound is encoded.
    ///   - source: What it is made of.
    ///   - muxer: The file.
    /// - Throws: `MediaError` with `parametersInvalid` where target and file do not go together, or `outputFailed`.
    init(_ target: AudioTarget, of source: Source, into muxer: Muxer) throws {
        _ = try MediaTarget(container: muxer.container, video: nil, audio: target)
        let rate = Int32(target.rate(for: source.sampleRate))
        let layout = target.layout(for: source)
        let format = target.sampleFormat(isDeep: source.isDeep)
        let name = target.codec.encoderName
        encoder = try Encoder(name, options: Options([:])) { context in
            context.pointee.sample_fmt = format
            context.pointee.sample_rate = rate
            context.pointee.time_base = AVRational(num: 1, den: rate)
            av_channel_layout_from_string(&context.pointee.ch_layout, layout)
            if !target.codec.isLossless {
                let channels = Int(context.pointee.ch_layout.nb_channels)
                context.pointee.bit_rate = Int64(target.bitRate ?? channels * target.bitRatePerChannel)
            }
            if format == AV_SAMPLE_FMT_S32 { context.pointee.bits_per_raw_sample = 24 }
            context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
        }
        let size = encoder.context.pointee.frame_size
        blockSize = size > 0 ? size : 1024
        sampleRate = rate
        let formatName = av_get_sample_fmt_name(format).map { String(cString: $0) } ?? "fltp"
        conversion = "aformat=sample_fmts=\(formatName):sample_rates=\(rate):channel_layouts=\(layout)"
        self.muxer = muxer
        stream = try muxer.addStream(for: encoder)
    }

    /// Encodes a block whose timestamp is set, in ``timeBase``: ``blockSize`` samples, fewer only in the last one.
    func write(_ block: Frame) throws { try encoder.encode(block, each: write) }

    /// Writes what the encoder still holds.
    func finish() throws { try encoder.encode(nil, each: write) }

    private func write(_ packet: UnsafeMutablePointer<AVPacket>) throws {
        try muxer.write(packet, stream: stream, timeBase: encoder.timeBase)
    }
}

extension AudioTarget {
    /// Samples a second in the file.
    func rate(for source: Int) -> Int {
        if let sampleRate { return sampleRate }
        switch codec {
        case .aac: return codec.sampleRates?.first { $0 >= source && $0 <= 48_000 } ?? 48_000
        case .opus: return 48_000
        case .flac, .pcm16, .pcm24: return min(192_000, max(8000, source))
        }
    }

    /// The channel layout in the file, in libav's words.
    func layout(for source: AudioTrack.Source) -> String {
        switch channels {
        case .mono: return "mono"
        case .stereo: return "stereo"
        case .surround: return "5.1"
        case .keep: break
        }
        if codec.isLossless && source.channels <= 8 {
            let usual = Self.usualLayouts[max(1, source.channels) - 1]
            guard let layout = source.layout else { return usual }
            // FLAC knows one layout for each number of channels, and two places for the surround pair.
            return codec == .flac && !Self.flacLayouts.contains(layout) ? usual : layout
        }
        return source.channels == 1 ? "mono" : source.channels >= 6 ? "5.1" : "stereo"
    }

    fileprivate var bitRatePerChannel: Int {
        codec == .opus ? quality.opusBitRatePerChannel : quality.audioBitRatePerChannel
    }

    /// The format of the samples that the encoder takes.
    fileprivate func sampleFormat(isDeep: Bool) -> AVSampleFormat {
        switch codec {
        case .aac: AV_SAMPLE_FMT_FLTP
        case .opus: AV_SAMPLE_FMT_FLT
        case .flac: isDeep ? AV_SAMPLE_FMT_S32 : AV_SAMPLE_FMT_S16
        case .pcm16: AV_SAMPLE_FMT_S16
        case .pcm24: AV_SAMPLE_FMT_S32
        }
    }

    /// The usual layout of each number of channels, in libav's words; those of FLAC (RFC 9639, section 9.1.3).
    private static let usualLayouts = ["mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1"]
    private static let flacLayouts = Set(usualLayouts + ["quad(side)", "5.0(side)", "5.1(side)"])
}

extension AudioCodec {
    /// libavcodec's encoder.
    fileprivate var encoderName: String {
        switch self {
        case .aac: "aac"
        case .opus: "libopus"
        case .flac: "flac"
        case .pcm16: "pcm_s16le"
        case .pcm24: "pcm_s24le"
        }
    }
}
