import QueueProtocol
import Synchronization

/// Carries one attempt's progress to whoever watches: at most ten reports a second, the newest wins, and a slow or absent
/// Redis never slows the work. Only the latest report is kept.
struct ProgressFeed: Sendable {
    /// The least time between two reports.
    static let interval = Duration.milliseconds(100)

    private let key: AttemptKey
    private let project: ProjectID
    private let newest: AsyncStream<RunProgress>
    private let continuation: AsyncStream<RunProgress>.Continuation

    init(_ key: AttemptKey, project: ProjectID) {
        self.key = key
        self.project = project
        (newest, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes progress in, from any thread.
    func report(_ progress: RunProgress) { continuation.yield(progress) }

    /// Publishes reports until the task is cancelled. To be run once.
    ///
    /// - Parameters:
    ///   - clock: The clock that paces the reports.
    ///   - publish: Sends one report.
    func run<C: Clock>(clock: C, publish: (ProgressReport) async -> Void) async where C.Duration == Duration {
        let start = clock.now
        var timeLeft = TimeLeft()
        var lastFraction = 0.0
        for await progress in newest {
            lastFraction = max(lastFraction, progress.fraction ?? 0)
            let eta = timeLeft.seconds(after: progress, at: start.duration(to: clock.now))
            await publish(
                ProgressReport(
                    job: key.job, project: project, attempt: key.attempt, progress: lastFraction, stage: progress.stage,
                    message: progress.message, etaSeconds: eta))
            try? await clock.sleep(for: Self.interval)
        }
    }
}
