import Synchronization

/// Values remembered for a short time, so that a request does not cost a query: what is remembered may be that old.
final class ExpiringCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value
        let until: ContinuousClock.Instant
    }

    private let lifetime: Duration
    private let limit: Int
    private let entries = Mutex<[Key: Entry]>([:])

    /// A cache.
    ///
    /// - Parameters:
    ///   - lifetime: How long a value is remembered; default 3 seconds.
    ///   - limit: How many are remembered; default 10,000, beyond which all are forgotten.
    init(lifetime: Duration = .seconds(3), limit: Int = 10_000) {
        self.lifetime = lifetime
        self.limit = limit
    }

    /// The value that is remembered.
    subscript(key: Key) -> Value? {
        let now = ContinuousClock.now
        return entries.withLock { entries in
            guard let entry = entries[key], entry.until > now else { return nil }
            return entry.value
        }
    }

    /// Remembers a value from now on.
    func remember(_ value: Value, for key: Key) {
        let entry = Entry(value: value, until: .now + lifetime)
        entries.withLock { entries in
            if entries.count >= limit { entries = [:] }
            entries[key] = entry
        }
    }

    /// Forgets a value that was just changed.
    func forget(_ key: Key) {
        entries.withLock { $0[key] = nil }
    }
}
