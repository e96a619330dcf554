import CMedia
import StudioCore

/// One audio stream on its way: decode, resample, cut into blocks, encode.
final class AudioPipeline {
    /// The samples in a block of AAC.
    static let blockSize: Int32 = 1024
    /// AAC's sampling rates up to 48 kHz.
    private static let rates: [Int32] = [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]

    /// What a filter chain is made for: samples that differ need a new chain.
    private struct Shape: Equatable {
        let rate: Int32
        let format: Int32
        let channels: Int32
    }

    /// The blocks that the file's duration holds.
    let expectedBlocks: Int?
    var index: Int32 { source.index }

    private let source: DecodedStream
    private let filters: FilterStage<Shape>
    private let encoder: Encoder
    private let muxer: Muxer
    private let stream: Int32
    private let sourceBase: AVRational
    private let start: Int64
    private let rate: Int32
    private let layout: String
    /// Where the last decoded frame ends, in its own samples: for frames without a timestamp.
    private var expected: Int64 = 0
    /// The rate that ``expected`` counts in; 0 before the first frame.
    private var expectedRate: Int32 = 0

    init(_ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, quality: QualityTier, into muxer: Muxer) throws
    {
        start = demuxer.start
        sourceBase = stream.pointee.time_base
        self.muxer = muxer
        source = try DecodedStream(stream, of: demuxer)
        filters = try FilterStage()
        let sourceRate = source.context.pointee.sample_rate
        let rate = Self.rates.first { $0 >= sourceRate } ?? 48_000
        self.rate = rate
        let channels = source.context.pointee.ch_layout.nb_channels
        let (layout, count): (String, Int32) = channels == 1 ? ("mono", 1) : channels >= 6 ? ("5.1", 6) : ("stereo", 2)
        self.layout = layout
        expectedBlocks = demuxer.duration.map {
            Int(($0 * Int64(rate) / 1_000_000 + Int64(Self.blockSize) - 1) / Int64(Self.blockSize))
        }
        encoder = try Encoder("aac", options: Options([:])) { context in
            context.pointee.sample_fmt = AV_SAMPLE_FMT_FLTP
            context.pointee.sample_rate = rate
            context.pointee.time_base = AVRational(num: 1, den: rate)
            context.pointee.bit_rate = Int64(Int(count) * quality.audioBitRatePerChannel)
            av_channel_layout_from_string(&context.pointee.ch_layout, layout)
            context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
        }
        self.stream = try muxer.addStream(for: encoder)
    }

    /// Decodes a packet and encodes every block that comes of it; `each` is called for every one.
    func decode(_ packet: Packet, each: () throws -> Void) throws {
        try source.decode(packet) { try resample($0, each) }
    }

    /// Encodes all that is still under way.
    func finish(each: () throws -> Void) throws {
        try source.finish { try resample($0, each) }
        try filters.finish { try encode($0, $1, each) }
        try encoder.encode(nil, each: write)
    }

    private func resample(_ decoded: Frame, _ each: () throws -> Void) throws {
        let samples = decoded.pointer
        let frame = samples.pointee
        guard frame.sample_rate > 0, frame.nb_samples > 0 else { return }
        if frame.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC {
            // The file tells how many channels and not which: the usual ones for that number.
            av_channel_layout_default(&samples.pointee.ch_layout, frame.ch_layout.nb_channels)
        }
        let sampleBase = AVRational(num: 1, den: frame.sample_rate)
        if expectedRate != frame.sample_rate, expectedRate > 0 {
            expected = av_rescale(expected, Int64(frame.sample_rate), Int64(expectedRate))
        }
        expectedRate = frame.sample_rate
        if frame.best_effort_timestamp != cmedia_no_timestamp() {
            let shift = av_rescale_q(start, cmedia_microsecond(), sampleBase)
            expected = av_rescale_q(frame.best_effort_timestamp, sourceBase, sampleBase) &- shift
        }
        samples.pointee.pts = expected
        expected &+= Int64(frame.nb_samples)
        let shape = Shape(rate: frame.sample_rate, format: frame.format, channels: frame.ch_layout.nb_channels)
        try filters.push(decoded, shaped: shape) {
            // Gaps of over 100 ms are filled with silence, overlaps are cut; nothing is stretched.
            let chain =
                "aresample=\(rate):async=1:min_hard_comp=0.1,"
                + "aformat=sample_fmts=fltp:sample_rates=\(rate):channel_layouts=\(layout)"
            return try FilterGraph(samples: decoded, timeBase: sampleBase, chain: chain, blockSize: Self.blockSize)
        } each: {
            try encode($0, $1, each)
        }
    }

    private func encode(_ block: Frame, _ timeBase: AVRational, _ each: () throws -> Void) throws {
        block.pointer.pointee.pts = av_rescale_q(block.pointer.pointee.pts, timeBase, encoder.timeBase)
        try encoder.encode(block, each: write)
        try each()
    }

    private func write(_ packet: UnsafeMutablePointer<AVPacket>) throws {
        try muxer.write(packet, stream: stream, timeBase: encoder.timeBase)
    }
}
