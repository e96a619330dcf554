public import FoundationEssentials

/// A job's state changed.
public struct JobStateEvent: Sendable, Hashable, Codable {
    /// The event's opaque id.
    public var id: String
    /// The project's name.
    public var project: String
    /// The job.
    public var job: JobID
    /// The state it is in now.
    public var state: String
    /// The attempt it is in, or was in last; 0 before the first.
    public var attempt: Int
    /// Why it failed, where it did: an object with `code` and `message`.
    public var failure: JSONValue?
    /// When it changed.
    public var at: Date

    /// The event.
    ///
    /// - Parameters:
    ///   - id: The event's opaque id.
    ///   - project: The project's name.
    ///   - job: The job.
    ///   - state: The state it is in now.
    ///   - attempt: The attempt it is in, or was in last; 0 before the first.
    ///   - failure: Why it failed, where it did: an object with `code` and `message`; default none.
    ///   - at: When it changed.
    public init(
        id: String, project: String, job: JobID, state: String, attempt: Int, failure: JSONValue? = nil, at: Date
    ) {
        self.id = id
        self.project = project
        self.job = job
        self.state = state
        self.attempt = attempt
        self.failure = failure
        self.at = at
    }
}

/// A running job came further.
public struct JobProgressEvent: Sendable, Hashable, Codable {
    /// The project's name.
    public var project: String
    /// The job.
    public var job: JobID
    /// The attempt that runs.
    public var attempt: Int
    /// How much is done: 0…1.
    public var progress: Double
    /// What is being done, such as `encode`.
    public var stage: String
    /// More about it, for people.
    public var message: String
    /// How long it will still take, in seconds, where that can be told.
    public var etaSeconds: Double?
    /// When this was so.
    public var at: Date

    /// The event.
    ///
    /// - Parameters:
    ///   - project: The project's name.
    ///   - job: The job.
    ///   - attempt: The attempt that runs.
    ///   - progress: How much is done: 0…1.
    ///   - stage: What is being done, such as `encode`.
    ///   - message: More about it, for people.
    ///   - etaSeconds: How long it will still take, in seconds, where that can be told; default none.
    ///   - at: When this was so.
    public init(
        project: String, job: JobID, attempt: Int, progress: Double, stage: String, message: String,
        etaSeconds: Double? = nil, at: Date
    ) {
        self.project = project
        self.job = job
        self.attempt = attempt
        self.progress = progress
        self.stage = stage
        self.message = message
        self.etaSeconds = etaSeconds
        self.at = at
    }
}

/// A take was published.
public struct TakeCreatedEvent: Sendable, Hashable, Codable {
    /// The event's opaque id.
    public var id: String
    /// The project's name.
    public var project: String
    /// The job that made it.
    public var job: JobID
    /// The take.
    public var take: TakeID
    /// The shot it is of.
    public var shot: String
    /// The shot's version.
    public var version: Int
    /// The take's number, counted from 1 in each version.
    public var number: Int
    /// The take's file, relative to the project.
    public var path: String
    /// When it was published.
    public var at: Date

    /// The event.
    ///
    /// - Parameters:
    ///   - id: The event's opaque id.
    ///   - project: The project's name.
    ///   - job: The job that made it.
    ///   - take: The take.
    ///   - shot: The shot it is of.
    ///   - version: The shot's version.
    ///   - number: The take's number, counted from 1 in each version.
    ///   - path: The take's file, relative to the project.
    ///   - at: When it was published.
    public init(
        id: String, project: String, job: JobID, take: TakeID, shot: String, version: Int, number: Int, path: String,
        at: Date
    ) {
        self.id = id
        self.project = project
        self.job = job
        self.take = take
        self.shot = shot
        self.version = version
        self.number = number
        self.path = path
        self.at = at
    }
}

/// A project's documents or settings changed.
public struct ProjectChangedEvent: Sendable, Hashable, Codable {
    /// The event's opaque id.
    public var id: String
    /// The project's name.
    public var project: String
    /// What changed, such as `settings`, `canvas` or `archived`.
    public var change: String
    /// More about it, where there is more.
    public var detail: JSONValue?
    /// When it changed.
    public var at: Date

    /// The event.
    ///
    /// - Parameters:
    ///   - id: The event's opaque id.
    ///   - project: The project's name.
    ///   - change: What changed, such as `settings`, `canvas` or `archived`.
    ///   - detail: More about it, where there is more; default none.
    ///   - at: When it changed.
    public init(
        id: String, project: String, change: String, detail: JSONValue? = nil, at: Date
    ) {
        self.id = id
        self.project = project
        self.change = change
        self.detail = detail
        self.at = at
    }
}

/// Something the client sent cannot be done.
public struct ErrorEvent: Sendable, Hashable, Codable {
    /// What is wrong, for programs.
    public var code: String
    /// What is wrong, for people.
    public var detail: String

    /// The event.
    ///
    /// - Parameters:
    ///   - code: What is wrong, for programs.
    ///   - detail: What is wrong, for people.
    public init(
        code: String, detail: String
    ) {
        self.code = code
        self.detail = detail
    }
}

extension JobProgressEvent {
    /// What clients are told of a worker's report.
    ///
    /// - Parameters:
    ///   - report: The report.
    ///   - project: The project's name.
    public init(_ report: ProgressReport, project: String) {
        self.init(
            project: project, job: report.job, attempt: report.attempt, progress: report.progress,
            stage: report.stage, message: report.message, etaSeconds: report.etaSeconds, at: report.at)
    }
}
