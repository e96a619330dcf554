import Logging
import StudioSystem

/// Ends attempts whose time is over: asks their runs to end, as for a cancel, and gives up those that do not, such as one
/// that waits for a storage that never answers. One watch for all of a worker's attempts, by the monotonic clock: a timer
/// for each would outlive jobs that take milliseconds.
struct DeadlineKeeper: Sendable {
    /// The time between two looks.
    static let interval = Duration.milliseconds(100)

    let attempts: RunningAttempts
    /// How long an attempt may take to end once it was asked.
    let grace: Duration
    let logger: Logger

    /// Looks until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            look(at: .now)
            try? await ContinuousClock().sleep(for: Self.interval)
        }
    }

    /// One look.
    ///
    /// - Parameter now: The time.
    func look(at now: ContinuousClock.Instant) {
        attempts.stopOverdue(at: now)
        for key in attempts.giveUpIgnoring(at: now, after: grace) {
            logger.error(
                "an attempt was asked to end and does not; its lease is not renewed any more",
                metadata: [LogKey.job: "\(key.job)", LogKey.attempt: "\(key.attempt)", "grace": "\(grace)"])
        }
    }
}
