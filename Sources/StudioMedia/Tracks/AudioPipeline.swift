import CMedia
import StudioCore

/// One audio stream on its way: decode, resample, cut into blocks, encode.
final class AudioPipeline {
    /// The blocks that the file's duration holds.
    let expectedBlocks: Int?
    var index: Int32 { sound.index }
    /// The stream's number in the output.
    var stream: Int32 { track.stream }

    private let sound: DecodedSound
    private let track: AudioTrack
    private let window: ClipWindow?

    /// - Parameters:
    ///   - stream: The soundtrack.
    ///   - demuxer: Its file.
    ///   - target: How it is encoded.
    ///   - window: The part of the file that is taken, exact to a sample; `nil` for the whole.
    ///   - muxer: The output.
    ///   - filters: What is done to the samples on their way, in the output's rate.
    /// - Throws: `MediaError` with `unsupported`, `parametersInvalid` or `outputFailed`.
    init(
        _ stream: UnsafeMutablePointer<AVStream>, of demuxer: Demuxer, target: AudioTarget, window: ClipWindow? = nil,
        into muxer: Muxer, filters: [String] = []
    ) throws {
        let source = try DecodedStream(stream, of: demuxer)
        let track = try AudioTrack(target, of: AudioTrack.Source(of: source.context), into: muxer)
        self.track = track
        let cut = window.map { window in
            let end = window.end(in: track.timeBase).map { ":end_pts=\($0)" } ?? ""
            return ["atrim=start_pts=\(window.start(in: track.timeBase))\(end)"]
        }
        sound = try DecodedSound(
            stream, of: demuxer, decodedBy: source, sampleRate: track.sampleRate,
            filters: (cut ?? []) + filters + [track.conversion],
            blockSize: track.blockSize)
        let blockSize = Int64(track.blockSize)
        self.window = window
        expectedBlocks = (window?.length(ofFile: demuxer.duration) ?? demuxer.duration).map {
            Int(($0 * Int64(track.sampleRate) / 1_000_000 + blockSize - 1) / blockSize)
        }
    }

    /// Decodes a packet and encodes every block that comes of it; `each` is called for every one.
    func decode(_ packet: Packet, each: () throws -> Void) throws {
        try sound.decode(packet) { try encode($0, $1, each) }
    }

    /// Encodes all that is still under way.
    func finish(each: () throws -> Void) throws {
        try sound.finish { try encode($0, $1, each) }
        try track.finish()
    }

    private func encode(_ block: Frame, _ timeBase: AVRational, _ each: () throws -> Void) throws {
        let time = av_rescale_q(block.pointer.pointee.pts, timeBase, track.timeBase)
        block.pointer.pointee.pts = time &- (window?.start(in: track.timeBase) ?? 0)
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

extension AudioTrack.Source {
    /// What a file says of a stream's samples.
    init(_ stream: UnsafeMutablePointer<AVStream>) {
        sampleRate = Int(stream.pointee.codecpar?.pointee.sample_rate ?? 48_000)
        channels = Int(stream.pointee.codecpar?.pointee.ch_layout.nb_channels ?? 2)
    }
}
