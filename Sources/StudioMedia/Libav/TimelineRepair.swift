import CMedia

/// Makes one timeline of a broadcast stream whose clock jumps (MPEG-TS that was joined, wrapped or re-started).
///
/// A jump of over ten seconds between neighbouring packets of a stream moves everything that follows, in every stream,
/// by the same amount, so that audio and video stay together.
struct TimelineRepair {
    private static let tolerance: Int64 = 10_000_000
    private let isNeeded: Bool
    private var offset: Int64 = 0
    private var expected: [Int32: Int64] = [:]

    init(isNeeded: Bool) { self.isNeeded = isNeeded }

    /// Rewrites a packet's timestamps, which are in `base`.
    mutating func repair(_ packet: UnsafeMutablePointer<AVPacket>, _ base: AVRational) {
        guard isNeeded, packet.pointee.dts != cmedia_no_timestamp() else { return }
        let stamp = av_rescale_q(packet.pointee.dts, base, cmedia_microsecond())
        if let expected = expected[packet.pointee.stream_index] {
            let jump = stamp &+ offset &- expected
            if jump > Self.tolerance || jump < -Self.tolerance { offset = offset &- jump }
        }
        let shift = av_rescale_q(offset, cmedia_microsecond(), base)
        packet.pointee.dts &+= shift
        if packet.pointee.pts != cmedia_no_timestamp() { packet.pointee.pts &+= shift }
        let duration = av_rescale_q(max(0, packet.pointee.duration), base, cmedia_microsecond())
        expected[packet.pointee.stream_index] = stamp &+ offset &+ duration
    }
}
