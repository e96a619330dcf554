import CMedia

/// Decodes picture files ahead of who reads them, one on each core, and hands the pictures on in order.
///
/// A video's encoder takes one picture after the other; without this it would wait for every one of them. While those of one
/// set are encoded, those of the next are decoded. How many are decoded ahead is bounded by the cores, and by the memory of
/// large pictures.
final class StillsAhead {
    /// The most pixels that are decoded ahead, so that of pictures of 8192×8192 pixels there are four at a time, two of each set.
    private static let pixelBound = 1 << 28
    /// More than these gain nothing: one encoder takes them all.
    private static let mostSeats = 16

    /// One decoder and the picture that it decoded.
    private final class Seat {
        let decoder: StillDecoder
        let frame: Frame
        var path = ""
        var result: Result<StillTraits, any Error>?

        init(_ limits: MediaLimits) throws {
            decoder = try StillDecoder(limits: limits)
            frame = try Frame()
        }

        func decode() { result = Result { try decoder.decode(path: path, into: frame) } }
    }

    private let paths: [String]
    private let limits: MediaLimits
    private let cores: Int
    /// The set that is handed on, and the one that is being decoded.
    private var seats: [Seat] = []
    private var coming: [Seat] = []
    private var running: SideBySide.Running?
    /// How many of the files have been given to decoders, how many pictures the two sets have, and how many have been handed on.
    private var begun = 0
    private var expected = 0
    private var filled = 0
    private var given = 0

    /// - Parameters:
    ///   - paths: The files, in order.
    ///   - limits: The largest picture to accept.
    ///   - cores: How many may be decoded at once; default the cores that this process may use.
    init(_ paths: [String], limits: MediaLimits, cores: Int = Int(av_cpu_count())) {
        self.paths = paths
        self.limits = limits
        self.cores = max(1, min(cores, Self.mostSeats))
    }

    /// The next picture. Blocks while it is decoded.
    ///
    /// - Returns: The picture, lent until the next call, and what its file says; `nil` after the last.
    /// - Throws: `MediaError` where it cannot be decoded; those before it were handed on.
    func next() throws -> (frame: Frame, traits: StillTraits)? {
        if given == filled { try fill() }
        guard given < filled else { return nil }
        let seat = seats[given]
        given += 1
        guard let traits = try seat.result?.get() else { return nil }
        return (seat.frame, traits)
    }

    /// Takes the set that was being decoded, and begins the next. The first picture comes alone: it tells how large they are.
    private func fill() throws {
        if running == nil { try begin(min(1, paths.count)) }
        // Every seat is touched by one thread alone, and by this one only when all of its set are done.
        running?.wait()
        swap(&seats, &coming)
        (filled, given) = (expected, 0)
        guard let first = seats.first?.frame.pointer.pointee, filled > 0 else { return }
        let pixels = max(1, Int(first.width) * Int(first.height))
        try begin(min(max(1, min(cores, Self.pixelBound / 2 / pixels)), paths.count - begun))
    }

    private func begin(_ count: Int) throws {
        while coming.count < count { coming.append(try Seat(limits)) }
        for index in 0..<count { coming[index].path = paths[begun + index] }
        let seats = coming
        running = SideBySide.begin(count) { seats[$0].decode() }
        (begun, expected) = (begun + count, count)
    }
}
