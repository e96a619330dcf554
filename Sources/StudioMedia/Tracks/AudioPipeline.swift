import CMedia
import StudioCore

/// One audio stream on its way: decode, resample, cut into blocks, encode.
final class AudioPipeline {
    /// What a filter chain is made for: samples that differ need a new chain.
    private struct Shape: Equatable {
        let rate: Int32
        let format: Int32
        let channels: Int32
    }

    /// The blocks that the file's duration holds.
    let expectedBlocks: Int?
    var index: Int32 { source.index }
    /// The stream's number in the output.
    var stream: Int32 { track.stream }

    private let source: DecodedStream
    private let filters: FilterStage<Shape>
    private let track: AudioTrack
    private let sourceBase: AVRational
    private let start: Int64
    /// Where the last decoded frame ends, in its own samples: for frames without a timestamp.
    private var expected: Int64 = 0
    /// The rate that ``expected`` counts in; 0 before the first frame.
    private var expectedRate: Int32 = 0

    init(_ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, target: AudioTarget, into muxer: Muxer) throws {
        start = demuxer.start
        sourceBase = stream.pointee.time_base
        source = try DecodedStream(stream, of: demuxer)
        filters = try FilterStage()
        let track = try AudioTrack(target, of: AudioTrack.Source(of: source.context), into: muxer)
        self.track = track
        let blockSize = Int64(track.blockSize)
        expectedBlocks = demuxer.duration.map {
            Int(($0 * Int64(track.sampleRate) / 1_000_000 + blockSize - 1) / blockSize)
        }
    }

    /// Decodes a packet and encodes every block that comes of it; `each` is called for every one.
    func decode(_ packet: Packet, each: () throws -> Void) throws {
        try source.decode(packet) { try resample($0, each) }
    }

    /// Encodes all that is still under way.
    func finish(each: () throws -> Void) throws {
        try source.finish { try resample($0, each) }
        try filters.finish { try encode($0, $1, each) }
        try track.finish()
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
            let chain = "aresample=\(track.sampleRate):async=1:min_hard_comp=0.1," + track.conversion
            return try FilterGraph(samples: decoded, timeBase: sampleBase, chain: chain, blockSize: track.blockSize)
        } each: {
            try encode($0, $1, each)
        }
    }

    private func encode(_ block: Frame, _ timeBase: AVRational, _ each: () throws -> Void) throws {
        block.pointer.pointee.pts = av_rescale_q(block.pointer.pointee.pts, timeBase, track.timeBase)
        try track.write(block)
        try each()
    }
}

extension AudioTrack.Source {
    /// What a decoder says of its samples.
    init(of decoder: UnsafeMutablePointer<AVCodecContext>) {
        sampleRate = Int(decoder.pointee.sample_rate)
        channels = Int(decoder.pointee.ch_layout.nb_channels)
        var name = [CChar](repeating: 0, count: 128)
        if decoder.pointee.ch_layout.order != AV_CHANNEL_ORDER_UNSPEC,
            av_channel_layout_describe(&decoder.pointee.ch_layout, &name, name.count) > 0
        {
            layout = text(name)
        }
        isDeep = ![AV_SAMPLE_FMT_U8, AV_SAMPLE_FMT_U8P, AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S16P].contains(
            decoder.pointee.sample_fmt)
    }
}
