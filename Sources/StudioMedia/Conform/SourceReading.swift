import CMedia
import StudioCore

/// One stream of a source, read from a moment on. Moments count from the source's first picture, or from its beginning
/// where it has none, so that pictures and sound of one file share them.
final class SourceReading {
    let demuxer: Demuxer
    let decoded: DecodedStream
    let stream: UnsafeMutablePointer<AVStream>
    /// Where moments count from, in microseconds of the file's own time.
    let origin: Int64
    /// Whether reading began in the middle of the file.
    private(set) var isSought = false
    private let packet: Packet
    private var hasEnded = false

    /// Opens a file.
    /// - Parameters:
    ///   - path: The file.
    ///   - kind: Which of its streams: the largest moving picture, or the first sound.
    ///   - limits: The largest file to accept.
    /// - Throws: `MediaError`; `unsupported` where it has no such stream.
    init(path: String, _ kind: MediaProbe.Kind, limits: MediaLimits) throws {
        demuxer = try Demuxer(path: path, limits: limits)
        let video = demuxer.mainVideo
        guard let stream = kind == .video ? video : demuxer.audioStreams.first else {
            let what = kind == .video ? "picture" : "sound"
            throw MediaError(.unsupported, "\(demuxer.name) has no \(what).")
        }
        self.stream = stream
        decoded = try DecodedStream(stream, of: demuxer, strict: demuxer.isPicture)
        packet = try Packet()
        if let video, video.pointee.start_time != cmedia_no_timestamp() {
            origin = av_rescale_q(video.pointee.start_time, video.pointee.time_base, cmedia_microsecond())
        } else {
            origin = demuxer.start
        }
        for other in demuxer.streams where other.pointee.index != stream.pointee.index {
            other.pointee.discard = AVDISCARD_ALL
        }
    }

    /// Goes to a key frame at or before a moment; stays at the beginning where the file cannot.
    /// - Parameter moment: The moment.
    func seek(to moment: ExactSeconds) {
        guard moment > .zero, !demuxer.isPicture else { return }
        let microseconds = Int64(clamping: moment.numerator * 1_000_000 / moment.denominator)
        // Damage has times of any size.
        isSought = demuxer.seek(to: origin &- demuxer.start &+ microseconds)
    }

    /// Decodes on until something came of it.
    /// - Parameter each: Gets every frame, lent for as long as it runs.
    /// - Returns: `false` where there is no more.
    /// - Throws: `MediaError` where the file cannot be read or is damaged beyond use.
    func decode(each: (Frame) throws -> Void) throws -> Bool {
        guard !hasEnded else { return false }
        var count = 0
        while count == 0 {
            guard try demuxer.read(into: packet) else {
                hasEnded = true
                try decoded.finish(each: each)
                return true
            }
            guard packet.pointer.pointee.stream_index == decoded.index else { continue }
            try decoded.decode(packet) { frame in
                count += 1
                try each(frame)
            }
        }
        return true
    }
}
