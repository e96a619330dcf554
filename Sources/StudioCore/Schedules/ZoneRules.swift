import QueueProtocol

/// What clocks show in a time zone, read from a compiled file of the IANA time zone database (RFC 9636).
///
/// Foundation's own time zones need its internationalisation half, which no program here links.
public struct ZoneRules: Sendable, Hashable {
    /// A time through which clocks go on evenly.
    public struct Span: Sendable, Hashable {
        /// Its first second, since 1970 in UTC; far in the past for the first one.
        public var start: Int64
        /// The first second after it; far in the future for the last one.
        public var end: Int64
        /// How many seconds clocks are ahead of UTC.
        public var offset: Int64
        /// The same before it; nil for the first one.
        public var offsetBefore: Int64?
    }

    struct Change: Sendable, Hashable {
        var at: Int64
        var offset: Int64
    }

    /// The zone's name, such as `Europe/Berlin`.
    public let name: String
    /// The offset before the first change.
    private let firstOffset: Int64
    private let changes: [Change]
    /// What holds after the last of them.
    private let yearly: YearlyRule?

    // Far from any time, and far from overflow too.
    private static let farPast: Int64 = -1 << 50
    private static let farFuture: Int64 = 1 << 50

    /// UTC.
    public static let utc = ZoneRules(name: "UTC", firstOffset: 0, changes: [], yearly: nil)

    private init(name: String, firstOffset: Int64, changes: [Change], yearly: YearlyRule?) {
        self.name = name
        self.firstOffset = firstOffset
        self.changes = changes
        self.yearly = yearly
    }

    /// Reads a compiled file; nil where the bytes are none, or count leap seconds.
    ///
    /// - Parameters:
    ///   - name: The zone's name.
    ///   - bytes: The file.
    public init?(name: String, file bytes: [UInt8]) {
        guard let file = ZoneFile(bytes) else { return nil }
        self.init(name: name, firstOffset: file.firstOffset, changes: file.changes, yearly: file.yearly)
    }

    /// Whether a text may be a zone's name and is a safe relative path: letters, digits, `_`, `+`, `-`, with single slashes.
    ///
    /// - Parameter text: The text.
    /// - Returns: Whether it may; not whether there is such a zone.
    public static func isName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard text.utf8.count <= 64, !parts.isEmpty, parts[0] != "posix", parts[0] != "right" else { return false }
        return parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                        || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
                }
        }
    }

    /// The span that an instant lies in.
    ///
    /// - Parameter instant: Seconds since 1970 in UTC.
    /// - Returns: The span.
    public func span(at instant: Int64) -> Span {
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].at <= instant { low = middle + 1 } else { high = middle }
        }
        var near = Array(changes[max(0, low - 2)..<min(changes.count, low + 1)])
        if let yearly, low == changes.count {
            let year = Timestamp.civil(fromDays: instant.dividedRoundingDown(by: 86_400)).0
            let last = changes.last?.at ?? Self.farPast
            near += (year - 2...year + 1).flatMap(yearly.changes(inYear:)).filter { $0.at > last }
        }
        let offsetBeforeNear = low >= 3 ? changes[low - 3].offset : firstOffset
        var span = Span(
            start: Self.farPast, end: Self.farFuture, offset: offsetBeforeNear, offsetBefore: nil)
        for change in near {
            guard change.at <= instant else {
                span.end = change.at
                break
            }
            span.offsetBefore = span.offset
            span.start = change.at
            span.offset = change.offset
        }
        return span
    }
}
