package import FoundationEssentials
package import QueueProtocol
package import StudioCore

/// What one request asks to be admitted: one job, or a list of them that is answered as one.
package struct AdmissionUnit: Sendable {
    package var jobs: [NewJob]
    /// Whether the good ones of a list are admitted where others are refused; otherwise all are admitted or none.
    package var isPartial: Bool
    /// Whether the jobs' ids came from outside, so that they may have been admitted before; ids made for the request are
    /// looked for only after a commit whose answer was lost.
    package var mayBeKnown: Bool
    /// The run of a canvas that the jobs are of: then they follow from it, inside the transaction.
    package var run: NewRun?
    /// The key the request came with, and what to keep as the first answer to it.
    package var idempotency: KeyedAnswer?

    /// An idempotency key with the answer that will be kept for it.
    package struct KeyedAnswer: Sendable {
        package var request: IdempotencyRequest
        /// Makes the answer from what became of each job; may be asked again when the transaction has to run again.
        package var answer: @Sendable ([AdmissionVerdict]) throws -> IdempotentAnswer

        package init(
            _ request: IdempotencyRequest, answer: @escaping @Sendable ([AdmissionVerdict]) throws -> IdempotentAnswer
        ) {
            self.request = request
            self.answer = answer
        }
    }

    package init(_ jobs: [NewJob], isPartial: Bool = false, mayBeKnown: Bool = false, idempotency: KeyedAnswer? = nil) {
        self.jobs = jobs
        self.isPartial = isPartial
        self.mayBeKnown = mayBeKnown
        self.idempotency = idempotency
    }

    /// A run of a canvas.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - idempotency: The key the request came with; what is kept for it says the run itself.
    package init(run: NewRun, idempotency: IdempotencyRequest? = nil) {
        self.init(
            [], idempotency: idempotency.map { KeyedAnswer($0) { _ in throw PostgresError(.invalidValue) } })
        self.run = run
    }

    /// How many jobs it may come to.
    package var size: Int { max(jobs.count, run?.nodes.count ?? 0) }
}

/// What became of one job of a unit.
package enum AdmissionVerdict: Sendable {
    /// It is a job now.
    case admitted(AdmittedJob)
    /// A job with this id was there already (a commit whose answer was lost, or a message sent twice).
    case known(AdmittedJob)
    /// It was refused and left nothing behind.
    case refused(StudioError)
}

/// What became of a unit.
package enum UnitAdmission: Sendable {
    /// A verdict for each job, in the order asked. Where the unit is not partial none of them is `refused`.
    case decided([AdmissionVerdict])
    /// The run was admitted, with the jobs that it makes.
    case run(AdmittedRun)
    /// None was admitted: why, by the place of the job in the unit.
    case refused([Int: StudioError])
    /// The same idempotency key came before with the same request: the first answer again.
    case replayed(IdempotentAnswer)
}

/// A project is no longer as it was when a job was planned for it: plan the job anew.
package struct ProjectChanged: Error, Sendable {}

/// A job that was just committed: what the answer to its sender and its message are made from.
package struct AdmittedJob: Sendable, Hashable {
    package var id: JobID
    package var project: ProjectID
    package var projectName: String
    package var user: UserID
    package var shot: String?
    package var version: Int
    package var destination: JobDestination
    package var function: String
    package var functionVersion: String
    package var state: JobState
    /// Whether it was committed as pushed: whoever admitted it sends its message now. Others wait in the backlog.
    package var isPushed: Bool
    package var attempt: Int
    package var round: Int
    package var credits: Int
    package var queue: String
    package var priority: Int
    package var notBefore: Date?
    package var requestID: String?
    package var traceparent: String?
    package var createdAt: Date
    /// The job that makes its preview, where it waits for somebody's approval.
    package var previewJob: JobID?

    init(_ job: NewJob, state: JobState, isPushed: Bool, projectName: String, createdAt: Date) {
        id = job.id
        project = job.project
        self.projectName = projectName
        user = job.user
        shot = job.shot?.text
        version = job.version
        destination = job.destination
        function = job.function
        functionVersion = job.functionVersion
        self.state = state
        self.isPushed = isPushed
        attempt = 0
        round = 0
        credits = job.credits
        queue = job.queue
        priority = job.priority
        notBefore = job.notBefore
        requestID = job.requestID
        traceparent = job.traceparent
        self.createdAt = createdAt
        previewJob = job.previewJob
    }

    /// The same of a job that is there already.
    package init(_ job: JobRecord) {
        id = job.id
        project = job.project
        projectName = job.projectName
        user = job.user
        shot = job.shot
        version = job.version
        destination = job.destination
        function = job.function
        functionVersion = job.functionVersion
        state = job.state
        // Whoever admitted it has sent the message, or its absence is found.
        isPushed = false
        attempt = job.attempt
        round = job.round
        credits = job.credits
        queue = job.queue
        priority = job.priority
        notBefore = job.notBefore
        requestID = job.requestID
        traceparent = job.traceparent
        createdAt = job.createdAt
        previewJob = job.previewJob
    }
}
