/// How many frames, or samples, a second holds: an exact fraction, always reduced.
public struct EditRate: Sendable, Hashable, CustomStringConvertible {
    /// The frames in `denominator` seconds.
    public let numerator: Int
    /// The seconds.
    public let denominator: Int

    /// 24 frames a second.
    public static let film = EditRate(reduced: 24, 1)

    /// A rate, or nil where it is none: both terms are 1 to 1,000,000, and there is at most one frame a microsecond and at
    /// least one in 1000 seconds.
    ///
    /// - Parameters:
    ///   - numerator: The frames in `denominator` seconds.
    ///   - denominator: The seconds; default 1.
    public init?(_ numerator: Int, _ denominator: Int = 1) {
        guard (1...1_000_000_000).contains(numerator), (1...1_000_000_000).contains(denominator) else { return nil }
        let divisor = ExactSeconds.greatestCommonDivisor(Int128(numerator), Int128(denominator))
        let (top, bottom) = (numerator / Int(divisor), denominator / Int(divisor))
        guard top <= 1_000_000, bottom <= 1_000_000, bottom <= 1000 * top else { return nil }
        self.init(reduced: top, bottom)
    }

    /// The rate that a decimal number means, or nil where it is none.
    ///
    /// Editors write 23.976, 23.98 or 23.976023976 for 24000/1001: a number within 0.004 of a broadcast rate and further
    /// from a whole one is the broadcast rate. Other numbers are taken to three places.
    ///
    /// - Parameter framesPerSecond: The number.
    public init?(decimal framesPerSecond: Double) {
        guard framesPerSecond.isFinite, framesPerSecond > 0, framesPerSecond <= 1_000_000 else { return nil }
        let whole = framesPerSecond.rounded()
        if abs(framesPerSecond - whole) < 1e-6 {
            self.init(Int(whole))
            return
        }
        let nominal = framesPerSecond.rounded(.up)
        if nominal <= 240, abs(framesPerSecond - nominal * 1000 / 1001) < 0.004 {
            self.init(Int(nominal) * 1000, 1001)
        } else {
            self.init(Int((framesPerSecond * 1000).rounded()), 1000)
        }
    }

    /// Reads `24`, `23.976` or `30000/1001`; nil where the text is none of these.
    ///
    /// - Parameter text: The rate as a person writes it.
    public init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2, let top = Int(parts[0]), let bottom = Int(parts[1]) {
            self.init(top, bottom)
        } else if let value = Double(text) {
            self.init(decimal: value)
        } else {
            return nil
        }
    }

    private init(reduced numerator: Int, _ denominator: Int) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// The fraction as text, such as `24/1` or `30000/1001`.
    public var description: String { "\(numerator)/\(denominator)" }

    /// Frames a second, rounded to the nearest number a `Double` has.
    public var framesPerSecond: Double { Double(numerator) / Double(denominator) }

    /// The frames that timecode counts in a second: 24 for 24000/1001.
    public var timecodeBase: Int { (numerator + denominator - 1) / denominator }

    /// Whether drop-frame timecode exists at this rate: 30000/1001, 60000/1001 and their multiples.
    public var hasDropFrame: Bool { denominator == 1001 && timecodeBase % 30 == 0 && numerator % 1000 == 0 }
}
