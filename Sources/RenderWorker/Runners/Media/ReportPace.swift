import FoundationEssentials
import StudioMedia

/// Chooses what a media job tells its worker: progress at most twenty times a second and at every change of stage, and the
/// newest picture at most once a second, so that neither slows the work.
struct ReportPace<C: Clock> where C.Duration == Duration {
    /// The least time between two reports of progress.
    static var interval: Duration { .milliseconds(50) }
    /// The least time between two pictures.
    static var pictureInterval: Duration { .seconds(1) }

    let clock: C
    private var last: C.Instant?
    private var stage: MediaProgress.Stage?
    private var pictured: (at: C.Instant, frames: Int)?

    /// - Parameter clock: The clock that paces the reports.
    init(clock: C) { self.clock = clock }

    /// What is to be said of a report, in order; often nothing.
    ///
    /// A picture is made only where one is due, and only of work that goes on: what is finished is shown as a take.
    mutating func reports(of progress: MediaProgress) -> [MediaJobReport] {
        let now = clock.now
        if progress.stage == stage, let last, last.duration(to: now) < Self.interval { return [] }
        (last, stage) = (now, progress.stage)
        let told = MediaJobReport.progress(
            done: progress.framesDone, total: progress.framesTotal, stage: progress.stage.rawValue)
        guard progress.stage == .encoding, let picture = progress.picture,
            pictured.map({
                $0.at.duration(to: now) >= Self.pictureInterval && $0.frames < progress.framesDone
            }) ?? true
        else { return [told] }
        // One that cannot be made is not tried again at once either.
        pictured = (now, progress.framesDone)
        return picture.jpeg(side: 320, limit: ProgressPicture.limit).map { [told, .picture(Data($0))] } ?? [told]
    }
}
