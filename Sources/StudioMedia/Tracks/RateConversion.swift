import CMedia

/// The one rule by which pictures are brought to a frame rate, in every function that does so: a frame shows what is due when
/// it begins, which is the newest picture of the source that begins no later. Pictures are left out or shown again, never
/// blended, and the film is as long as its source, to the nearest frame.
///
/// Everything is computed from exact fractions and nothing is added up, so that nothing drifts. Where a file tells times by a
/// clock of milliseconds or the like, a picture counts as due half a unit of that clock earlier: its time was rounded by as
/// much. ``FrameClock`` says by how much; times on a steady rate's grid are exact. The first picture is shown from the film's
/// first frame where it is due less than a frame later.
///
/// A conform asks the other way round, which picture is due at a moment, by the same comparison: see `SourcePictures`.
struct RateConversion {
    /// Frames a second of the film that is made.
    let rate: FrameRate
    private let holdsFirst: Bool
    private let name: String
    /// The frame by which the source must have ended; `nil` where it does not say when it does.
    private let last: Int64?
    private var hasBegun = false

    /// - Parameters:
    ///   - rate: Frames a second of the film that is made.
    ///   - demuxer: The source's file.
    ///   - holdsFirst: Whether the first picture is shown from the beginning however late it is due: where the film has no
    ///     place to be empty.
    init(to rate: FrameRate, of demuxer: Demuxer, holdsFirst: Bool) {
        (self.rate, self.holdsFirst, name) = (rate, holdsFirst, demuxer.name)
        let isEstimated = demuxer.context.pointee.duration_estimation_method == AVFMT_DURATION_FROM_BITRATE
        let length = isEstimated ? nil : demuxer.duration
        // Ten seconds more than it says, since headers are not always right.
        last = length.map { rate.frame(notBefore: Int128($0 + 10_000_000), in: AVRational(num: 1, den: 1_000_000)) }
    }

    /// The frames of the film in which a picture is seen, where no other one follows.
    ///
    /// - Parameters:
    ///   - stamp: The picture's time.
    ///   - unit: The time's unit.
    ///   - end: The moment at which the film ends at the latest, in `unit`.
    /// - Returns: The first frame, which is the film's first for a picture before its beginning, and the one after the last.
    /// - Throws: `MediaError` with `inputInvalid` where the picture lies far behind the end that its file gives: what would
    ///   be filled with pictures that are shown again is damage.
    mutating func frames(
        of stamp: FrameClock.Stamp, in unit: AVRational, endingBy end: Int64? = nil
    ) throws -> Range<Int64> {
        let half = AVRational(num: unit.num, den: unit.den * 2)
        let due = Int128(stamp.time) * 2 - Int128(stamp.slack)
        var first = max(0, rate.frame(notBefore: due, in: half))
        if let last, first > last {
            throw MediaError(
                .inputInvalid, "\(name) is damaged: it has a picture \(first - last) frames behind its end.")
        }
        let isFirst = !hasBegun
        hasBegun = true
        if isFirst, holdsFirst || !rate.isAFrame(due, in: half) { first = 0 }
        let length = rate.frame(nearestTo: Int128(min(stamp.time &+ stamp.duration, end ?? .max)), in: unit)
        return first..<max(isFirst ? first + 1 : first, length)
    }
}

extension FrameRate {
    /// The first frame that begins no earlier than a moment.
    func frame(notBefore time: Int128, in unit: AVRational) -> Int64 {
        let top = time * Int128(unit.num) * Int128(numerator)
        let bottom = Int128(unit.den) * Int128(denominator)
        let (whole, rest) = top.quotientAndRemainder(dividingBy: bottom)
        return Int64(clamping: rest > 0 ? whole + 1 : whole)
    }

    /// The frame whose beginning is nearest to a moment, the later one of two.
    func frame(nearestTo time: Int128, in unit: AVRational) -> Int64 {
        let top = time * Int128(unit.num) * Int128(numerator)
        let bottom = Int128(unit.den) * Int128(denominator)
        let (whole, rest) = (top * 2 + bottom).quotientAndRemainder(dividingBy: bottom * 2)
        return Int64(clamping: rest < 0 ? whole - 1 : whole)
    }

    /// How many frames a film of a length has at this rate.
    func frames(lasting time: Int64, in unit: AVRational) -> Int {
        max(1, Int(clamping: frame(nearestTo: Int128(time), in: unit)))
    }

    /// Whether a time is as long as a frame, or longer.
    fileprivate func isAFrame(_ time: Int128, in unit: AVRational) -> Bool {
        time * Int128(unit.num) * Int128(numerator) >= Int128(unit.den) * Int128(denominator)
    }
}
