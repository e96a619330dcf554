import Synchronization

/// What the event stream counts, for `/metrics`.
final class EventMetrics: Sendable {
    private let open = Atomic<Int>(0)
    private let count = Atomic<Int>(0)
    private let lagMilliseconds = Atomic<Int>(0)
    private let slow = Atomic<Int>(0)

    /// Sessions open now: WebSockets and event streams.
    var openSessions: Int { open.load(ordering: .relaxed) }
    /// Durable events read since the start.
    var events: Int { count.load(ordering: .relaxed) }
    /// From the newest event's commit to its delivery, in milliseconds.
    var lag: Int { lagMilliseconds.load(ordering: .relaxed) }

    /// Clients that were closed because their events did not fit, since the start.
    var tooSlow: Int { slow.load(ordering: .relaxed) }

    func sessionOpened() { open.add(1, ordering: .relaxed) }
    func sessionClosed() { open.subtract(1, ordering: .relaxed) }

    func sessionEnded(_ reason: EventSessionEnd) {
        if reason == .tooSlow { slow.add(1, ordering: .relaxed) }
    }

    func delivered(_ events: Int, lag seconds: Double) {
        count.add(events, ordering: .relaxed)
        lagMilliseconds.store(Int(max(0, seconds) * 1000), ordering: .relaxed)
    }
}
