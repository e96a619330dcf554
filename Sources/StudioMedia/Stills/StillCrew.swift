import CMedia

/// Encoders of still pictures that work side by side, one a core.
///
/// Every picture is encoded by itself, with the bytes that a single encoder would write, and they come in the order of the
/// pictures. While one set is encoded, the next is decoded by whoever gives the pictures. What waits is bounded: by the cores,
/// and by the memory of large pictures.
final class StillCrew {
    /// The most pixels that wait to be encoded, so that pictures of 8192×8192 pixels wait four at a time.
    private static let pixelBound = 1 << 28
    /// More than these gain nothing: the pictures have to be decoded first, and written afterwards.
    private static let mostSeats = 16

    /// One encoder and the picture that it is given.
    private final class Seat {
        let encoder: StillEncoder
        let frame: Frame
        var result: Result<[UInt8], any Error> = .success([])

        init(_ encoder: StillEncoder) throws {
            self.encoder = encoder
            frame = try Frame()
        }

        func encode() { result = Result { try encoder.encode(frame) } }
    }

    /// The set that is given pictures, and the one that is being encoded.
    private var seats: [Seat]
    private var working: [Seat]
    private var running: SideBySide.Running?
    private var taken = 0
    private var begun = 0

    /// - Parameters:
    ///   - shape: What all of the pictures are like.
    ///   - cores: How many encoders may work at once; default the cores that this process may use.
    ///   - makeEncoder: Makes one of them.
    /// - Throws: What `makeEncoder` throws, and `MediaError` with `limitExceeded` without memory.
    init(
        for shape: PictureShape, cores: Int = Int(av_cpu_count()), makeEncoder: () throws -> StillEncoder
    ) throws {
        let pixels = max(1, Int(shape.width) * Int(shape.height))
        let count = max(1, min(cores, Self.mostSeats, Self.pixelBound / 2 / pixels))
        seats = try (0..<count).map { _ in try Seat(try makeEncoder()) }
        working = try (0..<count).map { _ in try Seat(try makeEncoder()) }
    }

    /// Takes a picture, whose planes it keeps until it is encoded.
    ///
    /// - Returns: Whether every encoder has one now: then ``encode(_:)`` is to follow.
    /// - Throws: `MediaError` with `limitExceeded` without memory.
    func take(_ frame: Frame) throws -> Bool {
        let seat = seats[taken].frame
        seat.unreference()
        let status = av_frame_ref(seat.pointer, frame.pointer)
        guard status >= 0 else { throw MediaError.libav(status, .limitExceeded, "There is no memory for a picture.") }
        taken += 1
        return taken == seats.count
    }

    /// Begins to encode what was taken, once what was begun before is done.
    ///
    /// - Parameter each: Receives every picture of what was begun before and its file, in order.
    /// - Throws: What the first picture that cannot be encoded failed with, or what `each` throws.
    func encode(_ each: (Frame, [UInt8]) throws -> Void) throws {
        // Every seat is touched by one thread alone, and by this one only when all of its set are done.
        running?.wait()
        swap(&seats, &working)
        let (done, seats) = (begun, working)
        (begun, taken) = (taken, 0)
        running = SideBySide.begin(begun) { seats[$0].encode() }
        for seat in self.seats.prefix(done) { try each(seat.frame, seat.result.get()) }
    }

    /// Encodes all that was taken. Blocks until it is done.
    ///
    /// - Parameter each: Receives every picture that it has not received yet and its file, in order.
    /// - Throws: As ``encode(_:)``.
    func finish(_ each: (Frame, [UInt8]) throws -> Void) throws {
        try encode(each)
        try encode(each)
    }
}
