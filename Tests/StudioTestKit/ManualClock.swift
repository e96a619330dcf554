import Synchronization

/// A clock whose time only a test advances.
///
/// Hand it to code that takes `any Clock<Duration>` (or is generic over its clock); wait with ``waitForSleepers(_:within:)``
/// until that code sleeps, then ``advance(by:)``.
public final class ManualClock: Clock, Sendable {
    /// A point on a manual clock: the time since the clock was made.
    public struct Instant: InstantProtocol, Sendable {
        /// The time since the clock was made.
        public let elapsed: Duration

        /// The point that lies `duration` later.
        ///
        /// - Parameter duration: How much later; may be negative.
        /// - Returns: The later point.
        public func advanced(by duration: Duration) -> Instant { Instant(elapsed: elapsed + duration) }

        /// The time from this point to another.
        ///
        /// - Parameter other: The other point.
        /// - Returns: Positive when `other` is later.
        public func duration(to other: Instant) -> Duration { other.elapsed - elapsed }

        /// Whether one point is earlier than the other.
        ///
        /// - Parameters:
        ///   - left: The first point.
        ///   - right: The second point.
        /// - Returns: True when `left` is earlier.
        public static func < (left: Instant, right: Instant) -> Bool { left.elapsed < right.elapsed }
    }

    private struct Sleeper {
        let deadline: Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Instant(elapsed: .zero)
        var nextSleeper: UInt64 = 0
        var sleepers: [UInt64: Sleeper] = [:]
    }

    private let state = Mutex(State())
    private let sleeping = Watched(0)

    /// Makes a clock at zero.
    public init() {}

    /// The clock's present time.
    public var now: Instant { state.withLock { $0.now } }

    /// The smallest step: one attosecond, since nothing here is measured.
    public var minimumResolution: Duration { Duration(secondsComponent: 0, attosecondsComponent: 1) }

    /// How many sleep at this moment.
    public var sleepers: Int { sleeping.value }

    /// Sleeps until the test has advanced the clock to the deadline; returns at once when it has passed.
    ///
    /// - Parameters:
    ///   - deadline: When to wake.
    ///   - tolerance: Not used: a manual clock is exact.
    /// - Throws: `CancellationError` when the sleeping task is cancelled.
    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        let id = state.withLock { state in
            state.nextSleeper += 1
            return state.nextSleeper
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let decided: Result<Void, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if deadline <= state.now { return .success(()) }
                    state.sleepers[id] = Sleeper(deadline: deadline, continuation: continuation)
                    return nil
                }
                if let decided { continuation.resume(with: decided) } else { publishCount() }
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleepers.removeValue(forKey: id) }
            publishCount()
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Moves the time on and wakes whoever is due, the earliest first.
    ///
    /// - Parameter duration: How far; must not be negative.
    public func advance(by duration: Duration) {
        precondition(duration >= .zero, "time does not run backwards")
        let due = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.value.deadline <= state.now }
            for id in due.keys { state.sleepers.removeValue(forKey: id) }
            return due.values.sorted { $0.deadline < $1.deadline }
        }
        publishCount()
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Waits, in real time and bounded, until at least so many sleep on this clock.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - bound: The longest wait.
    /// - Throws: `WaitTimedOut`.
    public func waitForSleepers(_ count: Int = 1, within bound: Duration = .seconds(300)) async throws {
        try await sleeping.wait("\(count) sleeping on the manual clock", within: bound) { $0 >= count ? () : nil }
    }

    private func publishCount() {
        sleeping.update { count in count = state.withLock { $0.sleepers.count } }
    }
}
