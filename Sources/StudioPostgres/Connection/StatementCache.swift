/// Which statement is prepared under which name; the least recently used makes room.
struct StatementCache {
    private let limit: Int
    private var entries: [String: (name: String, used: UInt64)] = [:]
    private var clock: UInt64 = 0

    init(limit: Int) { self.limit = max(1, limit) }

    mutating func name(of sql: String) -> String? {
        guard let entry = entries[sql] else { return nil }
        clock += 1
        entries[sql] = (entry.name, clock)
        return entry.name
    }

    /// Forgets a statement where the cache is full, and returns the name it was prepared under.
    mutating func makeRoom() -> String? {
        guard entries.count >= limit, let oldest = entries.min(by: { $0.value.used < $1.value.used }) else {
            return nil
        }
        entries[oldest.key] = nil
        return oldest.value.name
    }

    mutating func nextName() -> String {
        clock += 1
        return "s\(clock)"
    }

    mutating func remember(_ sql: String, as name: String) { entries[sql] = (name, clock) }
}
