import CMedia

/// A place in a film or a sound.
public enum ClipPoint: Sendable, Hashable, Codable {
    /// The beginning of a frame, counted from 0. For films whose frames all have the same duration.
    case frame(Int)
    /// Seconds from the beginning; in films whose frames all have the same duration, the nearest beginning of a frame.
    case seconds(Double)
    /// A timecode, such as `01:00:10:12`, counted from the film's own start timecode, or from `00:00:00:00` without one.
    case timecode(String)
}

/// A part of a film or a sound: from a place to just before another.
public struct ClipRange: Sendable, Hashable, Codable {
    /// The first frame that is in; `nil` for the beginning.
    public var from: ClipPoint?
    /// The first frame that is out again; `nil` for the end.
    public var to: ClipPoint?

    /// Describes a part.
    /// - Parameters:
    ///   - from: The first frame that is in, or `nil`.
    ///   - to: The first frame that is out again, or `nil`.
    public init(from: ClipPoint? = nil, to: ClipPoint? = nil) {
        self.from = from
        self.to = to
    }
}

/// A part of a file in exact units of its time, counted from the file's start.
struct ClipWindow {
    /// The unit of ``start`` and ``end``.
    let unit: AVRational
    /// Where it begins.
    let start: Int64
    /// Where it ends; `nil` with the file.
    let end: Int64?
    /// Where it begins in frames, where all have the same duration.
    let startFrame: Int?

    /// Finds the part in a file.
    /// - Throws: `parametersInvalid` where a place cannot be told in this file, where the part is empty, or where it begins
    ///   behind the file's end.
    init(_ range: ClipRange, of demuxer: Demuxer, video: UnsafeMutablePointer<AVStream>?) throws {
        let rate = video.flatMap { demuxer.steadyRate(of: $0) }
        let ticks: Int64
        (unit, ticks) = rate?.fineTimeBase ?? (cmedia_microsecond(), 0)
        let clock = PointClock(name: demuxer.name, rate: rate, ticks: ticks, first: demuxer.timecode)
        start = try range.from.map(clock.time) ?? 0
        end = try range.to.map(clock.time)
        startFrame = ticks > 0 ? Int(start / ticks) : nil
        if let end, end <= start {
            throw MediaError(.parametersInvalid, "The part of \(demuxer.name) ends before it begins.")
        }
        if let duration = demuxer.duration, av_rescale_q(start, unit, cmedia_microsecond()) >= duration {
            throw MediaError(.parametersInvalid, "The part of \(demuxer.name) begins behind its end.")
        }
    }

    /// Where it begins, in another unit.
    func start(in base: AVRational) -> Int64 { av_rescale_q(start, unit, base) }

    /// Where it ends, in another unit.
    func end(in base: AVRational) -> Int64? { end.map { av_rescale_q($0, unit, base) } }

    /// Its length in a file that lasts `duration` microseconds, in microseconds.
    func length(ofFile duration: Int64?) -> Int64? {
        let base = cmedia_microsecond()
        let until = [end(in: base), duration].compactMap { $0 }.min()
        return until.map { max(0, $0 - start(in: base)) }
    }
}

/// Tells the time of a place.
private struct PointClock {
    var name: String
    var rate: FrameRate?
    /// The duration of a frame; 0 where there is no steady rate.
    var ticks: Int64
    var first: StartTimecode?

    func time(_ point: ClipPoint) throws -> Int64 {
        switch point {
        case .seconds(let seconds):
            guard seconds.isFinite, (0...1e7).contains(seconds) else {
                throw MediaError(.parametersInvalid, "A place at \(seconds) s is not possible.")
            }
            guard let rate else { return Int64((seconds * 1e6).rounded()) }
            return Int64((seconds * rate.framesPerSecond).rounded()) * ticks
        case .frame(let frame):
            guard frame >= 0, frame < 1 << 31 else {
                throw MediaError(.parametersInvalid, "A place at frame \(frame) is not possible.")
            }
            _ = try steady("a frame's number")
            return Int64(frame) * ticks
        case .timecode(let text):
            guard let timecode = StartTimecode(text) else {
                throw MediaError(
                    .parametersInvalid, "\(text.prefix(32)) is no timecode; write for example 01:00:10:12.")
            }
            let rate = try steady("a timecode")
            let frame = timecode.frames(at: rate) - (first?.frames(at: rate) ?? 0)
            guard frame >= 0 else {
                throw MediaError(
                    .parametersInvalid,
                    "The timecode \(timecode) is before the start of \(name), \(first.map(\.description) ?? "0").")
            }
            return Int64(frame) * ticks
        }
    }

    private func steady(_ what: String) throws -> FrameRate {
        guard let rate else {
            throw MediaError(
                .parametersInvalid,
                "The frames of \(name) do not all have the same duration: \(what) tells no place in it.")
        }
        return rate
    }
}

extension Demuxer {
    /// Moves to before a part of the file, far enough for decoders to have got going. Only where the container has an index
    /// of key frames: elsewhere reading begins at the start.
    func approach(_ window: ClipWindow) { approach(window.start(in: cmedia_microsecond()), ahead: 200_000) }

    /// Moves to before a moment of the file, as for a part of it.
    /// - Parameters:
    ///   - moment: In microseconds from the file's start.
    ///   - ahead: How far before it reading begins at the latest, in microseconds.
    func approach(_ moment: Int64, ahead: Int64) {
        guard formatName.hasPrefix("mov,") || formatName.hasPrefix("matroska") else { return }
        if moment > ahead { _ = seek(to: moment - ahead) }
    }

    /// Whether a packet, and with it all that follow in its stream, is behind a part of the file.
    func isPast(_ window: ClipWindow, _ packet: Packet) -> Bool {
        guard let stream = streams.first(where: { $0.pointee.index == packet.pointer.pointee.stream_index }),
            packet.pointer.pointee.dts != cmedia_no_timestamp()
        else { return false }
        let base = stream.pointee.time_base
        guard let end = window.end(in: base) else { return false }
        return packet.pointer.pointee.dts &- av_rescale_q(start, cmedia_microsecond(), base) >= end
    }
}
