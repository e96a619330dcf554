import CMedia

/// Frames a second as an exact fraction, always reduced.
public struct FrameRate: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The frames in `denominator` seconds.
    public let numerator: Int
    /// The seconds.
    public let denominator: Int

    /// 24 frames a second.
    public static let film = FrameRate(valid: 24, 1)

    /// Makes a frame rate.
    /// - Parameters:
    ///   - numerator: The frames in `denominator` seconds, 1 or more.
    ///   - denominator: The seconds, 1 or more.
    /// - Throws: `MediaError` with `parametersInvalid` below 1/1000 or above 1000 frames a second, or where the reduced
    ///   fraction has terms over 1,000,000.
    public init(_ numerator: Int, _ denominator: Int = 1) throws {
        guard numerator > 0, denominator > 0 else { throw Self.refusal("\(numerator)/\(denominator)") }
        let divisor = Self.greatestCommonDivisor(numerator, denominator)
        let (top, bottom) = (numerator / divisor, denominator / divisor)
        guard top <= 1_000_000, bottom <= 1_000_000, top <= 1000 * bottom, bottom <= 1000 * top else {
            throw Self.refusal("\(numerator)/\(denominator)")
        }
        self.init(valid: top, bottom)
    }

    /// Reads `24`, `30000/1001` or a decimal fraction. The broadcast decimals (23.976, 23.98, 29.97, 59.94, 119.88) mean
    /// the exact rates over 1001; other decimals are taken to three places.
    /// - Parameter text: The rate as a person writes it.
    /// - Throws: `MediaError` with `parametersInvalid` where it is none of these or out of range.
    public init(parsing text: String) throws {
        if let nominal = ["23.976": 24, "23.98": 24, "29.97": 30, "59.94": 60, "119.88": 120][text] {
            try self.init(nominal * 1000, 1001)
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2, let top = Int(parts[0]), let bottom = Int(parts[1]) {
            try self.init(top, bottom)
        } else if let whole = Int(text) {
            try self.init(whole)
        } else if let value = Double(text), value > 0, value <= 1000 {
            try self.init(Int((value * 1000).rounded()), 1000)
        } else {
            throw Self.refusal(text)
        }
    }

    init(valid numerator: Int, _ denominator: Int) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// A libav rate, or `nil` where libav does not know it or it makes no sense.
    init?(_ rate: AVRational) {
        guard let made = try? FrameRate(Int(rate.num), Int(rate.den)) else { return nil }
        self = made
    }

    /// The fraction as text, such as `24/1` or `30000/1001`.
    public var description: String { "\(numerator)/\(denominator)" }

    /// Frames a second, rounded to the nearest number a `Double` has.
    public var framesPerSecond: Double { Double(numerator) / Double(denominator) }

    /// The frames that a stretch of time holds, rounded to the nearest, at least one.
    /// - Parameter seconds: The time; not a number, infinite or negative counts as zero.
    /// - Returns: The number of frames, at most `Int32.max`.
    public func frames(inSeconds seconds: Double) -> Int {
        let frames = (seconds * framesPerSecond).rounded()
        guard frames >= 1 else { return 1 }
        return Int(min(frames, Double(Int32.max)))
    }

    var rational: AVRational { AVRational(num: Int32(numerator), den: Int32(denominator)) }
    /// The duration of one frame.
    var frameDuration: AVRational { AVRational(num: Int32(denominator), den: Int32(numerator)) }

    private static func refusal(_ text: String) -> MediaError {
        MediaError(.parametersInvalid, "A frame rate of \(text) is not possible; write for example 24 or 30000/1001.")
    }

    private static func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
        var (a, b) = (first, second)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }
}
