import CMedia

/// The packets of a stream, and the stretch of time that they are due in.
///
/// Of a file without an index libav guesses the rate by its first pictures: a film that goes on otherwise is told here.
struct PacketCount {
    /// How many there are.
    private(set) var packets = 0
    private var first: Int64?
    private var last: Int64?
    private var isTimed = true

    /// Counts a packet.
    mutating func add(_ packet: Packet) {
        packets += 1
        let time = packet.pointer.pointee.pts
        guard time != cmedia_no_timestamp() else {
            isTimed = false
            return
        }
        first = min(first ?? time, time)
        last = max(last ?? time, time)
    }

    /// Whether as many packets fit between the first and the last one as there are; nothing speaks against it where packets have
    /// no times.
    /// - Parameters:
    ///   - rate: The frames a second.
    ///   - unit: The unit of the packets' times.
    /// - Returns: Whether the stream may have the rate.
    func isSteady(at rate: FrameRate, _ unit: AVRational) -> Bool {
        guard isTimed, let first, let last, packets > 1 else { return true }
        let meant = av_rescale_q(Int64(packets - 1), rate.frameDuration, unit)
        let frame = max(1, av_rescale_q(1, rate.frameDuration, unit))
        // A damaged file's times may be further apart than 64 bits count.
        let distance = Int128(last) - Int128(first) - Int128(meant)
        return distance.magnitude <= max(1, frame / 2)
    }
}
