public import FoundationEssentials

/// How far a running job is; sent over pub/sub only, the newest wins. Workers name the project by its id, clients hear it
/// by its name.
public struct JobProgress<Project: Sendable & Hashable & Codable>: Sendable, Hashable, Codable {
    /// The job.
    public var job: JobID
    /// The job's project.
    public var project: Project
    /// The attempt that runs; readers drop reports of attempts that are over.
    public var attempt: Int
    /// How much is done: 0…1.
    public var progress: Double
    /// What is being done, such as `encode`.
    public var stage: String
    /// More about it, for people.
    public var message: String
    /// How long it will still take, in seconds, where that can be told.
    public var etaSeconds: Double?
    /// How many pictures of what is being made were shown until now; nil where there was none.
    public var preview: Int?
    /// The run of a canvas that made the job; nil for a job of its own.
    public var run: RunID?
    /// The node of the canvas; with `run` only.
    public var node: String?
    /// Which of the jobs that the node fans out to; nil for a node that is one job.
    public var index: Int?
    /// When this was so.
    public var at: Date

    /// The progress.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - project: The job's project.
    ///   - attempt: The attempt that runs.
    ///   - progress: How much is done; brought into 0…1, not-a-number counts as 0.
    ///   - stage: What is being done.
    ///   - message: More about it; default nothing.
    ///   - etaSeconds: How long it will still take, in seconds; default unknown.
    ///   - preview: How many pictures were shown until now; default none.
    ///   - at: When this was so; default now.
    public init(
        job: JobID, project: Project, attempt: Int, progress: Double, stage: String, message: String = "",
        etaSeconds: Double? = nil, preview: Int? = nil, at: Date = Date()
    ) {
        self.job = job
        self.project = project
        self.attempt = attempt
        self.progress = progress.isNaN ? 0 : min(1, max(0, progress))
        self.stage = stage
        self.message = message
        self.etaSeconds = etaSeconds.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
        self.preview = preview
        self.at = at
    }
}

/// What a worker says of a job it runs.
public typealias ProgressReport = JobProgress<ProjectID>

extension JobProgress<String> {
    /// What clients are told of a worker's report.
    ///
    /// - Parameters:
    ///   - report: The report.
    ///   - project: The project's name.
    public init(_ report: ProgressReport, project: String) {
        self.init(
            job: report.job, project: project, attempt: report.attempt, progress: report.progress,
            stage: report.stage, message: report.message, etaSeconds: report.etaSeconds,
            preview: report.preview, at: report.at)
        (run, node, index) = (report.run, report.node, report.index)
    }
}
