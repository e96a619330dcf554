/// A moment, or a length, counted in frames at a rate.
public struct EditTime: Sendable, Hashable, CustomStringConvertible {
    /// The frames.
    public var frames: Int
    /// Frames a second.
    public var rate: EditRate

    /// The largest number of frames that is taken, in either direction: four days of samples at 192 kHz.
    public static let mostFrames = 1 << 36

    /// A time.
    ///
    /// - Parameters:
    ///   - frames: The frames.
    ///   - rate: Frames a second.
    public init(_ frames: Int, at rate: EditRate) {
        self.frames = frames
        self.rate = rate
    }

    /// The time in seconds, exactly.
    public var seconds: ExactSeconds {
        ExactSeconds(Int128(frames) * Int128(rate.denominator), Int128(rate.numerator))
    }

    /// The same time counted at another rate, rounded to the nearest frame; a half counts as a whole.
    ///
    /// - Parameter other: Frames a second.
    /// - Returns: The time; the same moment exactly where the rates are the same.
    public func rescaled(to other: EditRate) -> EditTime {
        other == rate ? self : EditTime(seconds.framesRounded(at: other), at: other)
    }

    /// The frames and the rate, such as `48@24/1`.
    public var description: String { "\(frames)@\(rate)" }
}

/// A stretch of a source or of a film.
public struct EditRange: Sendable, Hashable, CustomStringConvertible {
    /// Where it begins.
    public var start: EditTime
    /// How long it is, 0 or more.
    public var duration: EditTime

    /// A stretch.
    ///
    /// - Parameters:
    ///   - start: Where it begins.
    ///   - duration: How long it is.
    public init(start: EditTime, duration: EditTime) {
        self.start = start
        self.duration = duration
    }

    /// A stretch in frames of one rate.
    ///
    /// - Parameters:
    ///   - frames: The frames, the last not included.
    ///   - rate: Frames a second.
    public init(_ frames: Range<Int>, at rate: EditRate) {
        start = EditTime(frames.lowerBound, at: rate)
        duration = EditTime(frames.count, at: rate)
    }

    /// The first frame and the length, such as `48@24/1+24@24/1`.
    public var description: String { "\(start)+\(duration)" }
}
