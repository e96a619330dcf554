/// How often tasks may begin: Celery's `10`, `10/s`, `10/m` or `10/h`.
public struct TaskRate: Sendable, Hashable {
    /// So many a second.
    public let perSecond: Double
    /// The rate as it was written.
    public let text: String

    /// Reads a rate.
    ///
    /// - Parameter text: A number that is not negative, by itself or followed by `/s`, `/m` or `/h`.
    /// - Returns: The rate; nil where it is none. 0 means no limit.
    public static func reading(_ text: String) -> TaskRate? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let number = parts.first.flatMap({ Double($0) }), number.isFinite, number >= 0 else { return nil }
        switch parts.dropFirst().first {
        case nil, "s": return TaskRate(perSecond: number, text: text)
        case "m": return TaskRate(perSecond: number / 60, text: text)
        case "h": return TaskRate(perSecond: number / 3600, text: text)
        default: return nil
        }
    }
}
