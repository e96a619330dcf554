package import FoundationEssentials
package import QueueProtocol
package import StudioCore

/// A job as it is asked for: checked by its rules, not yet paid for.
package struct NewJob: Sendable {
    /// The id the job will have; the same id is admitted once.
    package var id: JobID
    package var tenant: TenantID
    package var project: ProjectID
    /// The project's revision that the job was planned for, where it was remembered and may have changed since.
    package var projectRevision: Int?
    /// Who pays.
    package var user: UserID
    /// Nil only where the destination is no take.
    package var shot: ShotName?
    package var version: Int
    /// Where its files go, with the whole path of the primary one; default a take.
    package var destination = JobDestination.take
    /// The function's name.
    package var function: String
    package var functionVersion: String
    /// SHA-256 of the manifest in hexadecimal; the revision is kept under it.
    package var functionDigest: String
    /// The manifest as it is sold now.
    package var manifest: JSONValue
    package var parameters: JSONValue
    /// What inputs must hold that are files or takes: input name → SHA-256 in hexadecimal; default nothing is asked.
    package var inputHashes: [String: String] = [:]
    /// The node of a run that it is made for. Such a job may read what jobs of the tenant's other projects made.
    package var place: RunPlace?
    /// What it makes, by all that it is made from; with `place` only.
    package var contentKey: String?
    /// Input name → project path, `take:<id>`, `job:<id>` or `job:<id>#<port>`.
    package var inputs: [String: String]
    package var quality: QualityTier
    package var queue: String
    /// 0…9, the higher the sooner.
    package var priority: Int
    package var maxAttempts: Int
    package var timeoutSeconds: Int
    package var notBefore: Date?
    /// Not to be started after; then it is cancelled.
    package var expiresAt: Date?
    /// Jobs of the same project that must succeed first, those behind `job:` inputs included.
    package var dependsOn: [JobID]
    /// The job of the same unit, before it in the list, that makes its preview: it is held until somebody approves it.
    package var previewJob: JobID?
    /// The job of the same unit that this one is made for alone. It costs nothing of its own.
    package var partOf: JobID?
    /// Whether that one makes by itself what all of its parts make, where this part cannot be made of its source.
    package var isSpared = false
    /// What the job costs; 0 is allowed and moves nothing.
    package var credits: Int
    package var requestID: String?
    package var traceparent: String?
    /// The Celery task that asks for it; kept with it, and answered when it ends.
    package var celery: CeleryTask?

    package init(
        id: JobID, tenant: TenantID, project: ProjectID, projectRevision: Int? = nil, user: UserID,
        shot: ShotName?, version: Int, function: String,
        functionVersion: String, functionDigest: String, manifest: JSONValue, parameters: JSONValue,
        inputs: [String: String] = [:], quality: QualityTier = .standard, queue: String, priority: Int = 5,
        maxAttempts: Int = 3, timeoutSeconds: Int = 900, notBefore: Date? = nil, dependsOn: [JobID] = [], credits: Int,
        requestID: String? = nil, traceparent: String? = nil
    ) {
        self.id = id
        self.tenant = tenant
        self.project = project
        self.projectRevision = projectRevision
        self.user = user
        self.shot = shot
        self.version = version
        self.function = function
        self.functionVersion = functionVersion
        self.functionDigest = functionDigest
        self.manifest = manifest
        self.parameters = parameters
        self.inputs = inputs
        self.quality = quality
        self.queue = queue
        self.priority = priority
        self.maxAttempts = maxAttempts
        self.timeoutSeconds = timeoutSeconds
        self.notBefore = notBefore
        self.dependsOn = dependsOn
        self.credits = credits
        self.requestID = requestID
        self.traceparent = traceparent
    }
}
