import CMedia
import StudioCore

/// The first soundtrack of a file, laid under pictures from the first one on: cut, or filled with silence, to their length. Exact
/// to a sample of the track.
final class UnderlaidSound {
    private let demuxer: Demuxer
    private let sound: DecodedSound
    private let queue: SampleQueue
    private let packet: Packet
    private let rate: FrameRate
    private let total: Int64
    private var isAtEnd = false
    private var packets = 0

    /// Adds the track; the muxer has not been started.
    /// - Parameters:
    ///   - path: The file; its own first moment goes with the first picture.
    ///   - target: How the sound is encoded.
    ///   - frames: The pictures.
    ///   - rate: The pictures a second.
    ///   - limits: The largest file to accept.
    ///   - muxer: The file that is written.
    /// - Throws: `MediaError` of any code; `unsupported` where the file has no sound.
    init(
        path: String, target: AudioTarget, frames: Int, rate: FrameRate, limits: MediaLimits, into muxer: Muxer
    ) throws {
        demuxer = try Demuxer(path: path, limits: limits)
        guard let stream = demuxer.audioStreams.first else {
            throw MediaError(.unsupported, "\(demuxer.name) has no sound.")
        }
        let source = try DecodedStream(stream, of: demuxer)
        let track = try AudioTrack(target, of: AudioTrack.Source(of: source.context), into: muxer)
        queue = try SampleQueue(into: track)
        sound = try DecodedSound(
            stream, of: demuxer, decodedBy: source, sampleRate: queue.sampleRate, filters: queue.filters(skipping: 0),
            blockSize: 1024)
        packet = try Packet()
        self.rate = rate
        total = queue.time(ofFrame: frames, at: rate)
    }

    /// Writes the sound up to where a picture begins.
    /// - Parameters:
    ///   - frame: The picture's number, from 0.
    ///   - each: Called now and then while the file is read.
    /// - Throws: `MediaError` where the file cannot be decoded, or what `each` threw.
    func advance(toFrame frame: Int, each: () throws -> Void) throws {
        let wanted = min(total, queue.time(ofFrame: frame, at: rate))
        while queue.taken < wanted, !isAtEnd {
            guard try demuxer.read(into: packet) else {
                isAtEnd = true
                try demuxer.checkComplete()
                try sound.finish(each: take)
                break
            }
            packets += 1
            // A film's pictures lie between its sound.
            if packets % 64 == 0 { try each() }
            if packet.pointer.pointee.stream_index == sound.index { try sound.decode(packet, each: take) }
        }
        if isAtEnd { try queue.fill(to: wanted) }
    }

    /// Writes what is left, and ends the track at the pictures' end.
    func finish() throws {
        try queue.fill(to: total)
        try queue.finish()
    }

    private func take(_ samples: Frame, _ unit: AVRational) throws {
        try queue.take(samples, Int32(min(Int64(samples.pointer.pointee.nb_samples), total - queue.taken)))
    }
}
