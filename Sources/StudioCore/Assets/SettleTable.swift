/// What has changed lately, until it has been left alone for a while: a file that is being written changes many times, and is
/// looked at once.
public struct SettleTable<Key: Hashable & Sendable, Instant: InstantProtocol>: Sendable {
    private let settle: Instant.Duration
    private let limit: Int
    private var due: [Key: Instant] = [:]

    /// An empty table.
    ///
    /// - Parameters:
    ///   - settle: How long a thing must have been left alone.
    ///   - limit: How many things it holds at most, 1 or more.
    public init(settle: Instant.Duration, limit: Int) {
        self.settle = settle
        self.limit = limit
    }

    /// How many things have not settled.
    public var count: Int { due.count }

    /// When the first of them settles; nil where there is none. Looks at all of them.
    public var next: Instant? { due.values.min() }

    /// Notes that something changed.
    ///
    /// - Parameters:
    ///   - key: The thing.
    ///   - now: The present.
    /// - Returns: Whether it was noted; false where the table is full.
    public mutating func touch(_ key: Key, now: Instant) -> Bool {
        guard due[key] != nil || due.count < limit else { return false }
        due[key] = now.advanced(by: settle)
        return true
    }

    /// Notes anew what was taken out a moment ago and has not settled after all, whether there is room or not.
    ///
    /// - Parameters:
    ///   - key: The thing.
    ///   - now: The present.
    public mutating func putBack(_ key: Key, now: Instant) { due[key] = now.advanced(by: settle) }

    /// Takes out what has settled.
    ///
    /// - Parameter now: The present.
    /// - Returns: The things, those that settled first before the others.
    public mutating func takeSettled(now: Instant) -> [Key] {
        let settled = due.filter { $0.value <= now }.sorted { $0.value < $1.value }.map(\.key)
        for key in settled { due[key] = nil }
        return settled
    }

    /// Forgets all of them.
    public mutating func removeAll() { due = [:] }
}
