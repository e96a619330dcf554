package import FoundationEssentials
package import QueueProtocol
package import StudioCore

/// A job that a worker holds, with all it needs to run it.
package struct ClaimedJob: Sendable, Hashable {
    package var id: JobID
    /// The fencing token of this claim.
    package var attempt: Int
    package var tenant: TenantID
    package var tenantName: String
    package var project: ProjectID
    package var projectName: String
    package var user: UserID
    package var userEmail: String
    package var userDisplayName: String
    /// Nil for a job without a take that names none.
    package var shot: String?
    package var version: Int
    /// Where its files go.
    package var destination: JobDestination
    package var function: String
    package var functionVersion: String
    /// SHA-256 of the manifest of the revision the job was sold with, in hexadecimal.
    package var functionDigest: String
    /// That manifest; nil where the worker said that it knows the revision.
    package var manifest: JSONValue?
    package var parameters: JSONValue
    /// As submitted: input name → project path, `take:<id>` or `job:<id>`.
    package var inputs: [String: String]
    /// The file of each input that names a job or a take; one that is missing here has no published file.
    package var resolvedInputs: [String: ResolvedInput]
    package var quality: QualityTier
    package var queue: String
    package var maxAttempts: Int
    /// Attempts counted before this one; `RetryPolicy.delay(afterFailures: countedAttempts + 1, …)`.
    package var countedAttempts: Int
    /// How often it was put off for what it reads to be made again, since somebody last asked for it.
    package var putOffs: Int
    package var timeoutSeconds: Int
    package var cancelRequested: Bool
    /// Whether it makes by itself what its parts were to make, of which one could not be made.
    package var isWithoutParts: Bool
    package var requestID: String?
    package var traceparent: String?
    package var queuedAt: Date
    package var leaseExpiresAt: Date
    /// The node of a canvas' run that it was made for.
    package var place: RunPlace?
    /// What those of its inputs must hold that are files or takes, in hexadecimal, where that was said.
    package var inputHashes: [String: String]
    /// The take an earlier attempt allocated; this attempt finishes that very one.
    package var take: TakeRecord?
    /// The files that an earlier attempt had finished, its take's media apart, and was about to put into their places.
    package var notedFiles: [JobFileRecord]
    /// The Celery task that asked for the job, while it is not answered.
    package var celery: CeleryTask?
}

/// The file that an input means which names a job or a take.
package struct ResolvedInput: Sendable, Hashable, Decodable {
    /// Below the project's folder.
    package var path: String
    /// What it must hold, in hexadecimal, where it lies in a place that is not protected by Git; nil for takes' media.
    package var sha256: String?
    /// The project in whose folder it lies, by its name; nil is the job's own.
    package var project: String?

    package init(path: String, sha256: String? = nil) {
        self.path = path
        self.sha256 = sha256
    }
}

/// A claim a worker believes it holds.
package struct HeldClaim: Sendable, Hashable {
    package var job: JobID
    package var attempt: Int

    package init(job: JobID, attempt: Int) {
        self.job = job
        self.attempt = attempt
    }
}

/// What a heartbeat found about one claim.
package struct ClaimStatus: Sendable, Hashable {
    package var claim: HeldClaim
    /// Whether the lease is still this worker's; where not, the attempt must stop and nothing of it be published.
    package var isHeld: Bool
    package var cancelRequested: Bool
}

/// How one attempt ended, to be written down.
package struct AttemptEnding: Sendable, Hashable {
    /// What it came to.
    package enum Result: Sendable, Hashable {
        /// Done, by a function that makes no take; an attempt that makes one ends by `TakeStore.publish`.
        case succeeded
        /// Failed; where the failure is retryable and attempts are left, the next begins after the delay at the earliest.
        case failed(JobFailure, retryDelay: Duration)
        /// The worker will not finish it: queued again, not counted.
        case released
        /// Stopped because somebody asked to cancel.
        case cancelled
    }
    package var claim: HeldClaim
    package var result: Result

    /// Whether it failed at work that its worker did not do itself.
    var failedElsewhere: Bool {
        if case .failed(let failure, _) = result { failure.isElsewhere } else { false }
    }

    package init(_ claim: HeldClaim, _ result: Result) {
        self.claim = claim
        self.result = result
    }
}

/// What became of attempts that ended together.
package struct EndedAttempts: Sendable, Hashable {
    /// How each left its job, in the order of the endings; nil where the claim is no longer the job's.
    package var ends: [AttemptEnd?]
    /// Functions that this worker is not given any more, because it failed them three times in a row.
    package var blockedFunctions: [String]
    /// Jobs that make by themselves what their parts were to make, each with the part that could not be made; they are queued.
    package var withoutParts: [JobID: JobID]

    package init(
        ends: [AttemptEnd?], blockedFunctions: [String] = [], withoutParts: [JobID: JobID] = [:]
    ) {
        self.ends = ends
        self.blockedFunctions = blockedFunctions
        self.withoutParts = withoutParts
    }
}

/// How an attempt left its job.
package enum AttemptEnd: Sendable, Hashable {
    /// Succeeded; these jobs waited for nothing else and are queued now.
    case succeeded(releasedJobs: [JobID])
    /// Queued again, not before this time (nil: at once).
    case queued(notBefore: Date?)
    /// Failed for good; these jobs that waited for it failed with it.
    case failed(failedDependents: [JobID])
    /// Cancelled, because somebody had asked.
    case cancelled(failedDependents: [JobID])
}

/// What the recovery did with a job whose lease had run out.
package struct RecoveredJob: Sendable, Hashable {
    package var claim: HeldClaim
    package var worker: WorkerID
    package var end: AttemptEnd
}

/// The claim is no longer the caller's: another attempt, the recovery or a cancel went ahead. Nothing was changed.
package struct LeaseLost: Error, Sendable, Hashable, CustomStringConvertible {
    package var claim: HeldClaim

    package init(claim: HeldClaim) { self.claim = claim }

    package var description: String { "attempt \(claim.attempt) of job \(claim.job) no longer holds its lease" }
}
