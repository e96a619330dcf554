import QueueProtocol
import StudioPostgres
import Synchronization

/// Carries one attempt's progress to whoever watches: at most ten reports a second and one picture, the newest wins, and a
/// slow or absent Redis never slows the work. Only the latest report and the latest picture are kept.
final class ProgressFeed: Sendable {
    /// The least time between two reports.
    static let interval = Duration.milliseconds(100)
    /// The least time between two pictures.
    static let pictureInterval = Duration.seconds(1)

    private let key: AttemptKey
    private let project: ProjectID
    private let place: RunPlace?
    private let newest: AsyncStream<RunProgress>
    private let continuation: AsyncStream<RunProgress>.Continuation
    /// The newest picture that was not shown yet: a report without one must not take its place.
    private let picture = Mutex<ProgressPicture?>(nil)

    /// Progress of an attempt.
    ///
    /// - Parameters:
    ///   - key: The attempt.
    ///   - project: The job's project.
    ///   - place: The node of a canvas' run that the job was made for; default none.
    init(_ key: AttemptKey, project: ProjectID, place: RunPlace? = nil) {
        self.key = key
        self.project = project
        self.place = place
        (newest, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes progress in, from any thread.
    func report(_ progress: RunProgress) {
        if let preview = progress.preview { picture.withLock { $0 = preview } }
        continuation.yield(progress)
    }

    /// Publishes reports until the task is cancelled. To be run once.
    ///
    /// - Parameters:
    ///   - clock: The clock that paces the reports.
    ///   - show: Shows one picture; the report that tells of it follows.
    ///   - publish: Sends one report.
    func run<C: Clock>(
        clock: C, show: (ProgressPicture) async -> Void, publish: (ProgressReport) async -> Void
    ) async where C.Duration == Duration {
        let start = clock.now
        var timeLeft = TimeLeft()
        var lastFraction = 0.0
        var (shown, shownAt) = (0, C.Instant?.none)
        for await progress in newest {
            lastFraction = max(lastFraction, progress.fraction ?? 0)
            if shownAt.map({ $0.duration(to: clock.now) >= Self.pictureInterval }) ?? true,
                let next = picture.withLock({ $0.take() })
            {
                await show(next)
                (shown, shownAt) = (shown + 1, clock.now)
            }
            let eta = timeLeft.seconds(after: progress, at: start.duration(to: clock.now))
            var report = ProgressReport(
                job: key.job, project: project, attempt: key.attempt, progress: lastFraction, stage: progress.stage,
                message: progress.message, etaSeconds: eta, preview: shown > 0 ? shown : nil)
            (report.run, report.node, report.index) = (place?.run, place?.node, place?.index)
            await publish(report)
            try? await clock.sleep(for: Self.interval)
        }
    }
}
