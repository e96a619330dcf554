import CMedia

/// A soundtrack's packets in, blocks of samples on one timeline out: decoded, gaps filled, through filters.
final class DecodedSound {
    /// Gets a block and the unit of its timestamp; the block is lent for as long as it runs.
    typealias Output = (_ block: Frame, _ timeBase: AVRational) throws -> Void

    /// What a filter chain is made for: samples that differ need a new chain.
    private struct Shape: Equatable {
        let rate: Int32
        let format: Int32
        let channels: Int32
    }

    var index: Int32 { source.index }

    private let source: DecodedStream
    private let filters: FilterStage<Shape>
    private let chain: String
    private let blockSize: Int32
    private let sourceBase: AVRational
    private let start: Int64
    /// Where the last decoded frame ends, in its own samples: for frames without a timestamp.
    private var expected: Int64 = 0
    /// The rate that ``expected`` counts in; 0 before the first frame.
    private var expectedRate: Int32 = 0

    /// - Parameters:
    ///   - stream: The soundtrack.
    ///   - demuxer: Its file, whose first moment is the timeline's zero.
    ///   - source: Its decoder.
    ///   - sampleRate: Samples a second of what comes out.
    ///   - filters: What is done to the samples; they get them at `sampleRate`.
    ///   - blockSize: The samples in a block, but for the last one.
    /// - Throws: `MediaError` with `limitExceeded`.
    init(
        _ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, decodedBy source: DecodedStream,
        sampleRate: Int32, filters: [String], blockSize: Int32
    ) throws {
        start = demuxer.start
        sourceBase = stream.pointee.time_base
        self.source = source
        self.blockSize = blockSize
        // Gaps of over 100 ms are filled with silence, overlaps are cut; nothing is stretched.
        chain = (["aresample=\(sampleRate):async=1:min_hard_comp=0.1"] + filters).joined(separator: ",")
        self.filters = try FilterStage()
    }

    /// Decodes a packet; `each` gets every block that comes of it, for as long as it runs.
    func decode(_ packet: Packet, each: Output) throws {
        try source.decode(packet) { try push($0, each) }
    }

    /// Brings out all that is still under way; the file has ended.
    func finish(each: Output) throws {
        try source.finish { try push($0, each) }
        try filters.finish(each: each)
    }

    private func push(_ decoded: Frame, _ each: Output) throws {
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
            let time = av_rescale_q(frame.best_effort_timestamp, sourceBase, sampleBase) &- shift
            // Timestamps of centuries are damage, as of pictures: such samples follow those before.
            if abs(time / 2) <= 1 << 52 { expected = time }
        }
        samples.pointee.pts = expected
        expected &+= Int64(frame.nb_samples)
        let shape = Shape(rate: frame.sample_rate, format: frame.format, channels: frame.ch_layout.nb_channels)
        try filters.push(decoded, shaped: shape) {
            try FilterGraph(samples: decoded, timeBase: sampleBase, chain: chain, blockSize: blockSize)
        } each: {
            try each($0, $1)
        }
    }
}
