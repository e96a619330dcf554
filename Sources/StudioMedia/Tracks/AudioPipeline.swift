import CMedia

/// One audio stream on its way: decode, resample, cut into blocks, encode.
final class AudioPipeline {
    /// The samples in a block of AAC.
    static let blockSize: Int32 = 1024
    /// AAC's sampling rates up to 48 kHz.
    private static let rates: [Int32] = [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]

    let index: Int32
    /// The blocks that the file's duration holds.
    let expectedBlocks: Int?

    private let name: String
    private let decoder: Decoder
    private let encoder: Encoder
    private let muxer: Muxer
    private let stream: Int32
    private let sourceBase: AVRational
    private let start: Int64
    private let rate: Int32
    private let layout: String
    private let decoded: Frame
    private let block: Frame
    private var damage = DamageCount()
    private var graph: FilterGraph?
    private var shape: (rate: Int32, format: Int32, channels: Int32)?
    /// Where the last decoded frame ends, in its own samples: for frames without a timestamp.
    private var expected: Int64 = 0

    init(_ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, quality: QualityTier, into muxer: Muxer) throws
    {
        index = stream.pointee.index
        name = demuxer.name
        start = demuxer.start
        sourceBase = stream.pointee.time_base
        self.muxer = muxer
        decoder = try Decoder(stream: stream, limits: demuxer.limits, name: name)
        let source = decoder.context.pointee.sample_rate
        let rate = Self.rates.first { $0 >= source } ?? 48_000
        self.rate = rate
        let channels = decoder.context.pointee.ch_layout.nb_channels
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
        decoded = try Frame()
        block = try Frame()
    }

    /// Decodes a packet and encodes every block that comes of it; `each` is called for every one.
    func decode(_ packet: Packet, each: () throws -> Void) throws {
        damage.packet()
        let status = decoder.send(packet)
        if status < 0 { try damage.failure(status, of: name) }
        try drainDecoder(each)
    }

    /// Encodes all that is still under way.
    func finish(each: () throws -> Void) throws {
        _ = decoder.send(nil)
        try drainDecoder(each)
        try closeGraph(each)
        try encoder.encode(nil, each: write)
    }

    private func drainDecoder(_ each: () throws -> Void) throws {
        while true {
            switch decoder.receive(into: decoded) {
            case .frame: try resample(each)
            case .needsInput, .ended: return
            case .failed(let status): try damage.failure(status, of: name)
            }
        }
    }

    private func resample(_ each: () throws -> Void) throws {
        let samples = decoded.pointer
        let frame = samples.pointee
        guard frame.sample_rate > 0, frame.nb_samples > 0 else { return }
        if frame.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC {
            // The file tells how many channels and not which: the usual ones for that number.
            av_channel_layout_default(&samples.pointee.ch_layout, frame.ch_layout.nb_channels)
        }
        let sampleBase = AVRational(num: 1, den: frame.sample_rate)
        let now = (rate: frame.sample_rate, format: frame.format, channels: frame.ch_layout.nb_channels)
        if let shape, shape != now {
            expected = av_rescale(expected, Int64(now.rate), Int64(shape.rate))
            try closeGraph(each)
        }
        if frame.best_effort_timestamp != cmedia_no_timestamp() {
            let shift = av_rescale_q(start, cmedia_microsecond(), sampleBase)
            expected = av_rescale_q(frame.best_effort_timestamp, sourceBase, sampleBase) &- shift
        }
        samples.pointee.pts = expected
        expected &+= Int64(frame.nb_samples)
        if graph == nil {
            // Gaps of over 100 ms are filled with silence, overlaps are cut; nothing is stretched.
            let chain =
                "aresample=\(rate):async=1:min_hard_comp=0.1,"
                + "aformat=sample_fmts=fltp:sample_rates=\(rate):channel_layouts=\(layout)"
            graph = try FilterGraph(samples: decoded, timeBase: sampleBase, chain: chain, blockSize: Self.blockSize)
            shape = now
        }
        try graph?.push(decoded)
        try drainGraph(each)
    }

    private func closeGraph(_ each: () throws -> Void) throws {
        try graph?.push(nil)
        try drainGraph(each)
        graph = nil
    }

    private func drainGraph(_ each: () throws -> Void) throws {
        guard let graph else { return }
        while try graph.pull(into: block) {
            block.pointer.pointee.pts = av_rescale_q(block.pointer.pointee.pts, graph.timeBase, encoder.timeBase)
            try encoder.encode(block, each: write)
            try each()
        }
    }

    private func write(_ packet: UnsafeMutablePointer<AVPacket>) throws {
        try muxer.write(packet, stream: stream, timeBase: encoder.timeBase)
    }
}
