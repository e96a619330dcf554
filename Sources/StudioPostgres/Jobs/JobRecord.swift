package import FoundationEssentials
package import QueueProtocol
package import StudioCore

/// A job as it stands.
package struct JobRecord: Sendable, Hashable {
    package var id: JobID
    package var tenant: TenantID
    package var project: ProjectID
    package var projectName: String
    package var user: UserID
    /// Nil for a job without a take that names none.
    package var shot: String?
    package var version: Int
    /// Where its files go.
    package var destination: JobDestination
    package var function: String
    package var functionVersion: String
    package var parameters: JSONValue
    package var inputs: [String: String]
    package var quality: QualityTier
    package var queue: String
    package var priority: Int
    package var maxAttempts: Int
    package var timeoutSeconds: Int
    package var notBefore: Date?
    package var state: JobState
    /// The fencing token: how often the job was claimed.
    package var attempt: Int
    /// Attempts that count against `maxAttempts` since the last retry.
    package var countedAttempts: Int
    /// How often a person asked for a retry.
    package var round: Int
    package var worker: WorkerID?
    package var cancelRequestedAt: Date?
    /// Its place among what has not started; the least was there first.
    package var place: Int64
    /// Since when somebody holds it back; nil where nobody does.
    package var heldAt: Date?
    /// The job that makes its preview; it is held until somebody approves it.
    package var previewJob: JobID?
    /// The job that it is made for alone.
    package var partOf: JobID?
    /// When somebody approved it.
    package var approvedAt: Date?
    package var failure: JobFailure?
    package var credits: Int
    package var requestID: String?
    package var traceparent: String?
    package var createdAt: Date
    package var queuedAt: Date?
    package var pushedAt: Date?
    package var startedAt: Date?
    package var finishedAt: Date?
    package var dependsOn: [JobID]
    /// The published take, once there is one.
    package var take: TakeID?
}

extension JobRecord {
    /// Whether it is held until somebody has approved its preview.
    package var awaitsApproval: Bool { previewJob != nil && approvedAt == nil && !state.isFinished }
}

/// One claim of a job, and how it ended.
package struct JobAttempt: Sendable, Hashable {
    /// How an attempt ended.
    package enum Outcome: String, Sendable, Hashable, Codable {
        case succeeded, failed, cancelled
        /// The worker was drained and gave the job back.
        case released
        /// The lease ran out.
        case lost
    }
    package var attempt: Int
    package var worker: WorkerID
    package var workerName: String
    package var startedAt: Date
    package var finishedAt: Date?
    /// Nil while it runs.
    package var outcome: Outcome?
    package var failure: JobFailure?
}

/// Which jobs of a project to list; a nil field does not filter.
package struct JobFilter: Sendable, Hashable {
    package var states: Set<JobState>?
    package var shot: String?
    package var function: String?
    /// Created at or after.
    package var since: Date?

    package init(
        states: Set<JobState>? = nil, shot: String? = nil, function: String? = nil, since: Date? = nil
    ) {
        self.states = states
        self.shot = shot
        self.function = function
        self.since = since
    }
}

/// What a cancel did.
package struct Cancellation: Sendable {
    package enum Effect: Sendable, Hashable {
        /// It had not started and is cancelled now.
        case cancelled
        /// It runs; its worker is told at its next heartbeat (publish the request to be faster).
        case requested
        /// It runs, and only one that does not was to be cancelled; nothing changed.
        case leftRunning
        /// It was finished already; nothing changed.
        case alreadyFinished
    }
    package var job: JobRecord
    package var effect: Effect
    /// Jobs that waited for it, now failed with `dependency-failed`.
    package var failedDependents: [JobID]
}

/// What became of a retry with an idempotency key.
package enum RetryOutcome: Sendable {
    /// A new round has begun.
    case retried(JobRecord)
    /// The same key came before with the same request: the first answer again.
    case replayed(IdempotentAnswer)
}

/// What must be put on the runway for a job: the dispatcher makes the message from it.
package struct RunwayJob: Sendable, Hashable {
    package var id: JobID
    package var queue: String
    package var priority: Int
    package var traceparent: String?
    package var function: String

    package init(id: JobID, queue: String, priority: Int, traceparent: String? = nil, function: String) {
        self.id = id
        self.queue = queue
        self.priority = priority
        self.traceparent = traceparent
        self.function = function
    }

    /// What a job that was just committed as pushed needs.
    package init(_ job: AdmittedJob) {
        self.init(
            id: job.id, queue: job.queue, priority: job.priority, traceparent: job.traceparent,
            function: job.function)
    }
}

/// One piece of a runner's log.
package struct LogChunk: Sendable, Hashable {
    package var attempt: Int
    package var sequence: Int
    package var at: Date
    /// Whole lines, each with its newline.
    package var lines: String
}

/// A place in a job's log: everything up to and including this chunk was read.
package struct LogPosition: Sendable, Hashable, Comparable {
    package var attempt: Int
    package var sequence: Int

    package init(attempt: Int, sequence: Int) {
        self.attempt = attempt
        self.sequence = sequence
    }

    package static func < (left: LogPosition, right: LogPosition) -> Bool {
        (left.attempt, left.sequence) < (right.attempt, right.sequence)
    }
}
