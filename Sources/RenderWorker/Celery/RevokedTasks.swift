import Synchronization

/// The ids of tasks that this node heard revoked, for nodes that begin and people who ask. What is to be done about a
/// revoke, PostgreSQL knows.
final class RevokedTasks: Sendable {
    /// How many are remembered, as a worker of Celery does; the oldest go first.
    static let most = 50_000
    /// How long each is remembered.
    static let lifetime = Duration.seconds(3 * 3600)

    private struct State {
        var heardAt: [String: ContinuousClock.Instant] = [:]
        /// In the order in which they were heard; may name one that was forgotten.
        var order: ArraySlice<(id: String, at: ContinuousClock.Instant)> = []
    }

    private let state = Mutex(State())

    /// Remembers ids.
    ///
    /// - Parameters:
    ///   - ids: The ids.
    ///   - now: The time.
    /// - Returns: Those that were not known.
    @discardableResult
    func add(_ ids: [String], at now: ContinuousClock.Instant = .now) -> [String] {
        state.withLock { state in
            var fresh: [String] = []
            for id in ids where state.heardAt[id] == nil {
                state.heardAt[id] = now
                state.order.append((id, now))
                fresh.append(id)
            }
            Self.forget(&state, at: now)
            return fresh
        }
    }

    /// The ids that are remembered, the oldest first.
    func ids(at now: ContinuousClock.Instant = .now) -> [String] {
        state.withLock { state in
            Self.forget(&state, at: now)
            return state.order.map(\.id)
        }
    }

    private static func forget(_ state: inout State, at now: ContinuousClock.Instant) {
        while let oldest = state.order.first, state.order.count > most || oldest.at.advanced(by: lifetime) <= now {
            state.order.removeFirst()
            state.heardAt[oldest.id] = nil
        }
        // A slice keeps what was before it: once in a while it begins anew.
        if state.order.startIndex > most { state.order = ArraySlice(Array(state.order)) }
    }
}
