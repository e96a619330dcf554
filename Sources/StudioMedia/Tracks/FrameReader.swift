import CMedia

/// Finds the frames of a video, or the one picture of a picture file, by the moments at which they are shown.
///
/// Moments that rise are cheap: what lies little ahead is decoded towards, what lies further is sought.
final class FrameReader {
    /// How far ahead is decoded towards rather than sought, in microseconds.
    private static let reach: Int64 = 4_000_000

    let demuxer: Demuxer
    let stream: UnsafeMutablePointer<AVStream>
    let orientation: Orientation
    /// How long the video is, in microseconds; 0 for a picture file, or where the file does not say.
    let duration: Int64
    private let decoder: Decoder
    private let packet: Packet
    /// The last decoded frame, which is after the moment that was asked for.
    private let next: Frame
    private var damage = DamageCount()
    private var nextTime: Int64?
    /// The frame that is shown now, and since when.
    private let shown: Frame
    private var shownTime: Int64?
    private var isAtEnd = false

    init(path: String, limits: MediaLimits) throws {
        demuxer = try Demuxer(path: path, limits: limits)
        guard let stream = demuxer.mainVideo else {
            throw MediaError(.unsupported, "\(demuxer.name) has no picture in it.")
        }
        self.stream = stream
        orientation = demuxer.orientation(of: stream)
        duration = demuxer.duration ?? 0
        decoder = try Decoder(stream: stream, limits: limits, name: demuxer.name, strict: demuxer.isPicture)
        packet = try Packet()
        next = try Frame()
        shown = try Frame()
    }

    /// The frame that is shown at a moment: the last one that begins at or before it, else the first there is.
    ///
    /// - Parameters:
    ///   - moment: In microseconds from the file's start.
    ///   - each: Called for every frame that is decoded; what it throws stops the work.
    /// - Returns: The frame and when it begins; lent until the next call.
    /// - Throws: `MediaError` with `inputInvalid` where nothing can be decoded.
    func frame(at moment: Int64, each: () throws -> Void) throws -> (frame: Frame, time: Int64) {
        let isBehind = (shownTime ?? .min) > moment
        let isFar = moment - (nextTime ?? shownTime ?? 0) > Self.reach
        if !demuxer.isPicture, isBehind || isFar { try seek(to: moment) }
        while nextTime == nil || nextTime ?? 0 <= moment {
            if nextTime != nil { show() }
            guard try decode(each) else { break }
            // A file that cannot be sought may begin after the moment.
            if shownTime == nil, (nextTime ?? 0) > moment {
                show()
                break
            }
        }
        guard let shownTime else {
            throw MediaError(
                .inputInvalid, "\(demuxer.name) has no picture that can be decoded.",
                detail: MediaLog.takeLines().joined(separator: "; "))
        }
        return (shown, shownTime)
    }

    /// The next frame in order of display, all of them one after the other; not to be mixed with ``frame(at:each:)``.
    ///
    /// - Parameter each: Called for every frame that is decoded; what it throws stops the work.
    /// - Returns: The frame, lent until the next call; `nil` at the end.
    /// - Throws: `MediaError` with `inputInvalid` where the file is cut off, or too much of it cannot be decoded.
    func following(each: () throws -> Void = {}) throws -> Frame? {
        next.unreference()
        if try decode(each) { return next }
        try demuxer.checkComplete()
        return nil
    }

    private func show() {
        shown.unreference()
        av_frame_move_ref(shown.pointer, next.pointer)
        shownTime = nextTime
        nextTime = nil
    }

    private func seek(to moment: Int64) throws {
        // Where it cannot be sought, what follows is decoded; what lies behind stays as it was.
        guard demuxer.seek(to: max(0, moment)) else { return }
        avcodec_flush_buffers(decoder.context)
        (nextTime, shownTime, isAtEnd) = (nil, nil, false)
        next.unreference()
        shown.unreference()
    }

    /// Decodes the next frame.
    /// - Returns: `false` at the end.
    private func decode(_ each: () throws -> Void) throws -> Bool {
        while true {
            switch decoder.receive(into: next) {
            case .frame:
                try each()
                let stamp = next.pointer.pointee.best_effort_timestamp
                let time = av_rescale_q(stamp, stream.pointee.time_base, cmedia_microsecond()) &- demuxer.start
                nextTime = stamp == cmedia_no_timestamp() ? (shownTime ?? -1) + 1 : time
                return true
            case .ended: return false
            case .failed(let status): try damage.failure(status, of: demuxer.name)
            case .needsInput:
                if isAtEnd { return false }
                try feed()
            }
        }
    }

    private func feed() throws {
        while try demuxer.read(into: packet) {
            guard packet.pointer.pointee.stream_index == stream.pointee.index else { continue }
            damage.packet()
            let status = decoder.send(packet)
            if status < 0 { try damage.failure(status, of: demuxer.name) }
            return
        }
        isAtEnd = true
        _ = decoder.send(nil)
    }
}
