/// How long a job waits between a failed attempt and the next: exponential, with jitter so that jobs that failed
/// together do not come back together.
public struct RetryPolicy: Sendable, Hashable {
    /// The wait after the first failure, before jitter.
    public var base: Duration
    /// The longest wait, before jitter.
    public var ceiling: Duration

    /// A policy.
    ///
    /// - Parameters:
    ///   - base: The wait after the first failure; default 1 second.
    ///   - ceiling: The longest wait; default 5 minutes.
    public init(base: Duration = .seconds(1), ceiling: Duration = .seconds(300)) {
        precondition(base > .zero && ceiling >= base, "base must be positive and at most the ceiling")
        self.base = base
        self.ceiling = ceiling
    }

    /// The wait before the next attempt.
    ///
    /// - Parameters:
    ///   - failures: How many attempts failed so far, at least 1.
    ///   - patience: How many times longer than after any other failure; default 1. The ceiling holds all the same.
    ///   - jitter: A random number in 0..<1; the wait lies between half of the full wait and the whole of it.
    /// - Returns: The wait.
    public func delay(afterFailures failures: Int, patience: Int = 1, jitter: Double) -> Duration {
        let doublings = min(max(failures, 1) - 1, 30)
        let full = min(base * (1 << doublings) * max(patience, 1), ceiling)
        return full / 2 + (full / 2) * min(max(jitter, 0), 1)
    }
}
