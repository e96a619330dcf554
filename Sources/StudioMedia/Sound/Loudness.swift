import CMedia
import Glibc

/// How loud sound is, by EBU R 128 (loudness: ITU-R BS.1770; range: EBU Tech 3342).
public struct Loudness: Sendable, Hashable, Codable {
    /// Integrated loudness in LUFS, −70 for silence.
    public var integrated: Double
    /// Loudness range in LU.
    public var range: Double
    /// The highest true peak in dBTP, measured at 192 kHz; −144 for silence.
    public var truePeak: Double

    /// Whether there is anything to hear: the measure's absolute gate is at −70 LUFS.
    public var isAudible: Bool { integrated > -70 }
}

/// Measures sound block by block with libavfilter's `ebur128`; the true peak at four times the rate, by `astats`.
final class LoudnessMeter {
    /// Samples a second: what `ebur128` measures at.
    static let sampleRate: Int32 = 48_000
    private static let chain =
        "ebur128=metadata=1,aresample=192000,"
        + "astats=metadata=1:reset=0:measure_perchannel=none:measure_overall=Peak_level"

    private(set) var loudness = Loudness(integrated: -70, range: 0, truePeak: -144)
    private let measured: Frame
    private var graph: FilterGraph?

    init() throws { measured = try Frame() }

    /// Takes a block at ``sampleRate``; all blocks have the same channels.
    func take(_ block: Frame, _ timeBase: AVRational) throws {
        if graph == nil {
            graph = try FilterGraph(samples: block, timeBase: timeBase, chain: Self.chain, blockSize: 0)
        }
        try graph?.push(block)
        try drain()
    }

    /// Measures what is still under way.
    func finish() throws {
        try graph?.push(nil)
        try drain()
        graph = nil
    }

    private func drain() throws {
        guard let graph else { return }
        while try graph.pull(into: measured) {
            loudness.integrated = max(-70, value("lavfi.r128.I") ?? loudness.integrated)
            loudness.range = value("lavfi.r128.LRA") ?? loudness.range
            loudness.truePeak = max(loudness.truePeak, value("lavfi.astats.Overall.Peak_level") ?? -144)
        }
    }

    private func value(_ key: String) -> Double? {
        guard let entry = av_dict_get(measured.pointer.pointee.metadata, key, nil, 0),
            let text = entry.pointee.value, let number = Double(String(cString: text)), number.isFinite
        else { return nil }
        return number
    }
}

extension Loudness {
    /// Measures every soundtrack of a file. Blocks for as long as it takes to decode.
    /// - Parameters:
    ///   - path: The file.
    ///   - limits: The largest file to accept.
    ///   - each: Called for every block of 4800 samples of the first soundtrack; what it throws stops the work.
    /// - Returns: The soundtracks' loudness, in the file's order; empty without any.
    /// - Throws: `MediaError`, or what `each` threw.
    public static func measure(
        path: String, limits: MediaLimits = MediaLimits(), each: () throws -> Void = {}
    ) throws -> [Loudness] {
        let demuxer = try Demuxer(path: path, limits: limits)
        let tracks = try demuxer.audioStreams.map { stream in
            let source = try DecodedStream(stream, of: demuxer)
            let shape = SoundShape(AudioTarget(codec: .flac), of: AudioTrack.Source(of: source.context))
            let sound = try DecodedSound(
                stream, of: demuxer, decodedBy: source, sampleRate: LoudnessMeter.sampleRate,
                filters: ["aformat=sample_fmts=flt:channel_layouts=\(shape.layout)"], blockSize: 4800)
            return (sound: sound, meter: try LoudnessMeter())
        }
        let packet = try Packet()
        while try demuxer.read(into: packet) {
            let index = packet.pointer.pointee.stream_index
            for (number, track) in tracks.enumerated() where track.sound.index == index {
                try track.sound.decode(packet) {
                    try track.meter.take($0, $1)
                    if number == 0 { try each() }
                }
            }
        }
        try demuxer.checkComplete()
        for track in tracks {
            try track.sound.finish { try track.meter.take($0, $1) }
            try track.meter.finish()
        }
        return tracks.map(\.meter.loudness)
    }
}
