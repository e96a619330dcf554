/// When the packets of an encoder that reorders pictures are due for decoding: for x265, which takes the times of a film's
/// first packets from memory that it never wrote where there are fewer pictures than it may reorder.
///
/// The k-th packet is due when the picture is seen that came in as many places before the k-th as the encoder reorders;
/// before the first picture, at its frame rate. It is what x265 itself says of longer films.
struct DecodeTimes {
    /// How many pictures x265 moves ahead of others: two with its pyramid of B-frames, which all our presets have.
    private static let reordered = 2

    /// Times of pictures that no packet has been given yet: bounded by the encoder's look-ahead.
    private var coming: [Int64] = []
    private var hasBegun = false

    /// Notes a picture that the encoder was given.
    /// - Parameters:
    ///   - time: When it is seen.
    ///   - duration: For how long, in the same unit.
    mutating func add(_ time: Int64, duration: Int64) {
        // The first picture tells the times before it.
        if !hasBegun {
            hasBegun = true
            coming = (1...Self.reordered).reversed().map { time - Int64($0) * max(1, duration) }
        }
        coming.append(time)
    }

    /// When the next packet is due for decoding; nil where there are more packets than pictures.
    mutating func next() -> Int64? { coming.isEmpty ? nil : coming.removeFirst() }
}
