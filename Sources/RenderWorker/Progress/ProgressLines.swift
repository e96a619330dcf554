import QueueProtocol

/// Which of a job's reports are worth a line of the worker's log: twenty workers are to be read on one screen.
struct ProgressLines: Sendable {
    /// The least time between two lines; a job that takes less has none between its start and its end.
    static let interval = Duration.seconds(10)
    /// The least that has to have happened between two lines of one stage.
    static let step = 0.1

    private var shownAt = Duration.zero
    private var fraction = 0.0
    private var stage: String?

    /// Takes a report in.
    ///
    /// - Parameters:
    ///   - report: The report.
    ///   - elapsed: The time since the job began.
    /// - Returns: What the line says; nil where there is to be none.
    mutating func line(for report: ProgressReport, at elapsed: Duration) -> String? {
        guard elapsed - shownAt >= Self.interval else { return nil }
        guard report.progress - fraction >= Self.step || report.stage != stage else { return nil }
        (shownAt, fraction, stage) = (elapsed, report.progress, report.stage)
        return "job at \(Int((report.progress * 100).rounded())) %"
    }
}
