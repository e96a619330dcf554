import CMedia

/// Where the segments of a file are, each of which is read by itself: told to a ``Muxer``, which begins a new one at the first
/// key frame that is not before the next border.
///
/// Borders are counted, never added up, so that files of one film have them at the same moments.
final class MediaSegments {
    /// A run of the file's bytes that begins with a key frame.
    struct Segment: Equatable {
        /// Where it begins, in bytes from the file's start.
        var offset: Int64
        /// How many bytes it has.
        var size: Int64
        /// How long it plays, in seconds.
        var seconds: Double
    }

    /// The bytes at the file's start that say how it is to be decoded.
    private(set) var header: Int64 = 0
    /// The segments that are complete.
    private(set) var segments: [Segment] = []

    private let length: Int64
    private let unit: AVRational
    private var border: Int64 = 0
    private var begun: (time: Int64, base: AVRational)?
    private var end: Int64 = 0

    /// - Parameters:
    ///   - length: How long a segment is, in `unit`.
    ///   - unit: The unit of `length`.
    init(length: Int64, unit: AVRational) {
        self.length = max(1, length)
        self.unit = unit
    }

    /// Whether a packet begins a segment.
    func begins(with packet: UnsafePointer<AVPacket>, _ base: AVRational) -> Bool {
        // What a decoder needs before the first sample comes before the first border.
        packet.pointee.flags & AV_PKT_FLAG_KEY != 0
            && (border == 0 || av_compare_ts(packet.pointee.pts, base, border &* length, unit) >= 0)
    }

    /// A packet that ``begins(with:_:)`` is written next.
    func begin(_ packet: UnsafePointer<AVPacket>, _ base: AVRational) {
        begun = (max(0, packet.pointee.pts), base)
        border = max(1, border)
        while av_compare_ts(packet.pointee.pts, base, border &* length, unit) >= 0 { border += 1 }
    }

    /// A packet is written.
    func note(_ packet: UnsafePointer<AVPacket>) { end = max(end, packet.pointee.pts &+ packet.pointee.duration) }

    /// The segment that was begun is complete.
    /// - Parameters:
    ///   - next: When the next one begins; `nil` at the file's end.
    ///   - range: Its bytes.
    func complete(until next: Int64?, in range: Range<Int64>) {
        guard let begun else { return }
        let ticks = max(0, (next ?? end) - begun.time)
        let seconds = Double(ticks) * Double(begun.base.num) / Double(max(1, begun.base.den))
        segments.append(
            Segment(offset: range.lowerBound, size: range.upperBound - range.lowerBound, seconds: seconds))
        self.begun = nil
    }

    /// Whether a segment is begun and not complete.
    var isOpen: Bool { begun != nil }

    /// The header ends at that place.
    func endHeader(at offset: Int64) { header = offset }
}

/// How many bits a second a file needs.
extension MediaSegments {
    /// Of the whole file, rounded up.
    var averageBitRate: Int {
        let seconds = segments.map(\.seconds).reduce(0, +)
        return Self.rate(segments.map(\.size).reduce(0, +), seconds)
    }

    /// Of the run of segments that needs most, among those of half a segment to one and a half (RFC 8216, section 4.1).
    var peakBitRate: Int {
        let longest = segments.map(\.seconds).max() ?? 0
        var peak = 0
        for first in segments.indices {
            var (bytes, seconds): (Int64, Double) = (0, 0)
            for segment in segments[first...] {
                bytes += segment.size
                seconds += segment.seconds
                if seconds > 1.5 * longest { break }
                if seconds >= 0.5 * longest { peak = max(peak, Self.rate(bytes, seconds)) }
            }
        }
        return max(peak, averageBitRate)
    }

    private static func rate(_ bytes: Int64, _ seconds: Double) -> Int {
        seconds > 0 ? Int((Double(bytes) * 8 / seconds).rounded(.up)) : 0
    }
}
