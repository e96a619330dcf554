import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres

/// Where to go from a job.
struct JobLinks: Encodable, Sendable {
    let `self`: String
    let cancel: String
    let retry: String
    let log: String
    let project: String
    let take: String?

    init(_ job: JobID, projectName: String, take: TakeID? = nil) {
        let path = Self.path(of: job)
        self.`self` = path
        cancel = path + "/cancel"
        retry = path + "/retry"
        log = path + "/log"
        project = "/api/v1/projects/\(projectName)"
        self.take = take.map { "/api/v1/takes/\($0)" }
    }

    static func path(of job: JobID) -> String { "/api/v1/jobs/\(job)" }
}

/// A job as it stands.
struct JobDocument: Encodable, Sendable {
    let id: JobID
    let state: JobState
    let project: String
    let user: UserID
    let shot: String?
    let version: Int
    let destination: JobDestination.Kind
    let function: String
    let functionVersion: String
    let parameters: JSONValue
    let inputs: JSONValue
    let quality: QualityTier
    let queue: String
    let priority: Int
    /// Whether somebody holds it back.
    let held: Bool
    /// The job that makes every Nth frame of it, where that was asked for.
    let previewJob: JobID?
    /// The job that it is made for alone.
    let partOf: JobID?
    /// How far its parts are, where it has some; only where one job is asked for.
    let parts: JobPartsDocument?
    /// Whether it waits until somebody has seen that and approves it.
    let awaitsApproval: Bool
    /// Its place among what its user has waiting in the project: texts sort as the jobs do.
    let place: String
    let maxAttempts: Int
    let timeoutSeconds: Int
    let notBefore: Date?
    let dependsOn: [JobID]
    let attempt: Int
    let countedAttempts: Int
    let progress: Double
    let stage: String?
    let message: String?
    let etaSeconds: Double?
    /// How many pictures of what it makes were shown until now.
    let preview: Int?
    let cancelRequested: Bool
    let worker: WorkerID?
    let failure: JobFailure?
    let credits: Int
    let creditsHeld: Int
    let takes: [TakeID]
    /// What it made beside a take; only where one job is asked for.
    let files: [JobFileDocument]?
    let createdAt: Date
    let queuedAt: Date?
    let startedAt: Date?
    let finishedAt: Date?
    /// Only where one job is asked for.
    let attempts: [JobAttemptDocument]?
    let links: JobLinks

    /// What is answered of a job.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - report: The newest progress of its present attempt, where this gateway heard of one.
    ///   - attempts: Its history; nil leaves it out.
    ///   - files: What it made beside a take; nil leaves it out.
    ///   - parts: Its parts; none leaves them out.
    init(
        _ job: JobRecord, report: ProgressReport?, attempts: [JobAttempt]? = nil, files: [JobFileRecord]? = nil,
        parts: [JobPart] = []
    ) {
        let current = job.state == .running && report?.attempt == job.attempt ? report : nil
        id = job.id
        state = job.state
        project = job.projectName
        user = job.user
        shot = job.shot
        version = job.version
        destination = job.destination.kind
        function = job.function
        functionVersion = job.functionVersion
        parameters = job.parameters
        inputs = JobInputs.document(job.inputs)
        quality = job.quality
        queue = job.queue
        priority = job.priority
        held = job.heldAt != nil
        previewJob = job.previewJob
        partOf = job.partOf
        self.parts = parts.isEmpty ? nil : JobPartsDocument(parts)
        awaitsApproval = job.awaitsApproval
        place = String(job.place)
        maxAttempts = job.maxAttempts
        timeoutSeconds = job.timeoutSeconds
        notBefore = job.notBefore
        dependsOn = job.dependsOn
        attempt = job.attempt
        countedAttempts = job.countedAttempts
        progress = job.state == .succeeded ? 1 : current?.progress ?? 0
        stage = current?.stage
        message = current?.message
        etaSeconds = current?.etaSeconds
        preview = current?.preview
        cancelRequested = job.cancelRequestedAt != nil
        worker = job.worker
        failure = job.failure
        credits = job.credits
        creditsHeld = job.state.isFinished ? 0 : job.credits
        takes = job.take.map { [$0] } ?? []
        self.files = files?.map { JobFileDocument($0) }
        createdAt = job.createdAt
        queuedAt = job.queuedAt
        startedAt = job.startedAt
        finishedAt = job.finishedAt
        self.attempts = attempts?.map { JobAttemptDocument($0, of: job.id) }
        links = JobLinks(job.id, projectName: job.projectName, take: job.take)
    }
}

/// How far the parts of a job are.
struct JobPartsDocument: Encodable, Sendable {
    let jobs: [JobID]
    let done: Int
    let running: Int
    let total: Int
    /// Whether one of them could not be made of its source, so that the film is made in one piece.
    let dropped: Bool

    init(_ parts: [JobPart]) {
        jobs = parts.map(\.id)
        done = parts.count { $0.state == .succeeded }
        running = parts.count { $0.state == .running }
        total = parts.count
        dropped = parts.contains(where: \.isDropped)
    }
}

/// A file that a job made and that is no take's media.
struct JobFileDocument: Encodable, Sendable {
    let port: String
    /// Whether it is what `job:<id>` means.
    let primary: Bool
    let path: String
    let fileName: String
    let mediaType: String
    let sha256: String
    let sizeBytes: Int64
    let probe: JSONValue?
    let createdAt: Date
    /// Since when it is no longer there.
    let removedAt: Date?
    /// Where its bytes are.
    let link: String

    /// - Parameters:
    ///   - file: The file.
    ///   - owner: The address of what it is listed with; by default its job's.
    init(_ file: JobFileRecord, of owner: String? = nil) {
        port = file.port
        primary = file.isPrimary
        path = file.path
        fileName = file.fileName
        mediaType = file.mediaType
        sha256 = file.sha256
        sizeBytes = file.sizeBytes
        probe = file.probe
        createdAt = file.createdAt
        removedAt = file.removedAt
        link = "\(owner ?? JobLinks.path(of: file.job))/files/\(file.port)"
    }
}

extension JobFileRecord {
    /// The last part of its path.
    var fileName: String { path.split(separator: "/").last.map(String.init) ?? path }
}

/// One claim of a job, and how it ended.
struct JobAttemptDocument: Encodable, Sendable {
    let attempt: Int
    let worker: WorkerID
    let workerName: String
    let startedAt: Date
    let finishedAt: Date?
    let outcome: JobAttempt.Outcome?
    let failure: JobFailure?
    /// Where its log is.
    let log: String

    init(_ attempt: JobAttempt, of job: JobID) {
        self.attempt = attempt.attempt
        worker = attempt.worker
        workerName = attempt.workerName
        startedAt = attempt.startedAt
        finishedAt = attempt.finishedAt
        outcome = attempt.outcome
        failure = attempt.failure
        log = "\(JobLinks.path(of: job))/log?attempt=\(attempt.attempt)"
    }
}
