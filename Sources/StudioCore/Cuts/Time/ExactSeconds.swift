/// A stretch of time in seconds as an exact fraction, always reduced: sums of frames at different rates lose nothing.
public struct ExactSeconds: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The seconds' numerator.
    public let numerator: Int128
    /// The seconds' denominator, 1 or more.
    public let denominator: Int128

    /// No time.
    public static let zero = ExactSeconds(0, 1)

    /// A fraction of seconds.
    ///
    /// - Parameters:
    ///   - numerator: The numerator.
    ///   - denominator: The denominator, not 0.
    public init(_ numerator: Int128, _ denominator: Int128) {
        precondition(denominator != 0, "a fraction without a denominator")
        let divisor = Self.greatestCommonDivisor(numerator.magnitude, denominator.magnitude)
        let sign: Int128 = denominator < 0 ? -1 : 1
        self.numerator = sign * numerator / Int128(divisor)
        self.denominator = sign * denominator / Int128(divisor)
    }

    /// The sum, or nil where the fraction's terms no longer fit, which takes a dozen unrelated rates.
    ///
    /// - Parameter other: What is added.
    /// - Returns: The exact sum.
    public func adding(_ other: ExactSeconds) -> ExactSeconds? {
        let divisor = Self.greatestCommonDivisor(denominator, other.denominator)
        let (left, leftOverflow) = numerator.multipliedReportingOverflow(by: other.denominator / divisor)
        let (right, rightOverflow) = other.numerator.multipliedReportingOverflow(by: denominator / divisor)
        let (bottom, bottomOverflow) = denominator.multipliedReportingOverflow(by: other.denominator / divisor)
        let (top, topOverflow) = left.addingReportingOverflow(right)
        // Room is kept for a rate's terms, so that every sum can be counted in frames.
        guard !leftOverflow, !rightOverflow, !bottomOverflow, !topOverflow,
            top.magnitude < 1 << 84, bottom.magnitude < 1 << 84
        else { return nil }
        return ExactSeconds(top, bottom)
    }

    /// The same stretch in the other direction.
    public var negated: ExactSeconds { ExactSeconds(-numerator, denominator) }

    /// The frames at a rate that begin within this time: rounded down.
    ///
    /// - Parameter rate: Frames, or samples, a second.
    /// - Returns: The number of frames; negative before the beginning.
    public func framesRoundedDown(at rate: EditRate) -> Int { frames(at: rate, plusHalf: false) }

    /// The frames at a rate nearest to this time; a half counts as a whole.
    ///
    /// - Parameter rate: Frames, or samples, a second.
    /// - Returns: The number of frames.
    public func framesRounded(at rate: EditRate) -> Int { frames(at: rate, plusHalf: true) }

    private func frames(at rate: EditRate, plusHalf: Bool) -> Int {
        let top = numerator * Int128(rate.numerator)
        let bottom = denominator * Int128(rate.denominator)
        let (dividend, divisor) = plusHalf ? (2 * top + bottom, 2 * bottom) : (top, bottom)
        let quotient = dividend / divisor
        return Int(clamping: dividend % divisor < 0 ? quotient - 1 : quotient)
    }

    /// The time in seconds, rounded to the nearest number a `Double` has.
    public var approximate: Double { Double(numerator) / Double(denominator) }

    /// The fraction, such as `1001/24000`.
    public var description: String { "\(numerator)/\(denominator)" }

    /// Which comes first.
    public static func < (left: ExactSeconds, right: ExactSeconds) -> Bool {
        let (a, aOverflow) = left.numerator.multipliedReportingOverflow(by: right.denominator)
        let (b, bOverflow) = right.numerator.multipliedReportingOverflow(by: left.denominator)
        return aOverflow || bOverflow ? left.approximate < right.approximate : a < b
    }

    static func greatestCommonDivisor<Value: BinaryInteger>(_ first: Value, _ second: Value) -> Value {
        var (a, b) = (first, second)
        while b != 0 { (a, b) = (b, a % b) }
        return a == 0 ? 1 : a
    }
}
