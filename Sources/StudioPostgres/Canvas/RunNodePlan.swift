package import QueueProtocol
package import StudioCore

/// What a node's job is made of, as it is kept with the run: the job can be made again from it alone.
package struct RunNodePlan: Sendable, Hashable, Codable {
    package var function: String
    package var version: String
    /// The revision of the function, by the digest of its manifest.
    package var digest: String
    package var parameters: JSONValue
    /// Files and takes, in the form in which a job's inputs are kept.
    package var inputs: [String: String]
    /// What those files must hold.
    package var hashes: [String: String]
    /// The inputs that other nodes of the run make.
    package var sources: [String: NewRunNode.Source]
    /// The places of nodes that must have succeeded first.
    package var after: [Int]
    package var quality: QualityTier
    package var queue: String
    package var priority: Int
    package var maxAttempts: Int
    package var timeoutSeconds: Int
    package var shot: String?
    package var takeVersion: Int
    package var destination: JobDestination.Kind
    /// The place of the primary file; in the cache each job has its own.
    package var path: String?
    package var replaces: Bool
    package var credits: Int
    package var isWanted: Bool

    /// What is kept of a node.
    package init(_ node: NewRunNode) {
        let job = node.job
        (function, version, digest) = (job.function, job.functionVersion, job.functionDigest)
        parameters = job.parameters
        (inputs, hashes, sources) = (job.inputs, job.inputHashes, node.sources)
        after = node.after
        (quality, queue, priority) = (job.quality, job.queue, job.priority)
        (maxAttempts, timeoutSeconds) = (job.maxAttempts, job.timeoutSeconds)
        (shot, takeVersion) = (job.shot?.text, job.version)
        destination = job.destination.kind
        path = job.destination.path.map { $0.replacing(job.id.description, with: Self.ownID) }
        replaces = if case .export(_, replaces: true) = job.destination { true } else { false }
        (credits, isWanted) = (job.credits, node.isWanted)
    }

    /// What stands in a path for the id of the job itself.
    static let ownID = "{job}"

    /// The node again, with a job of its own.
    ///
    /// - Parameters:
    ///   - node: The node's id.
    ///   - index: Which of its jobs.
    ///   - key: Its key.
    ///   - run: The run, for its tenant and project.
    ///   - user: Who pays.
    /// - Returns: The node; its function's revision is known to the database.
    /// - Throws: `PostgresError` where what is kept is none of this.
    func node(
        _ node: String, index: Int?, key: String, of run: RunRecord, user: UserID
    ) throws(PostgresError) -> NewRunNode {
        let id = JobID()
        let shotName = shot.flatMap { try? ShotName($0) }
        let place = JobDestination(
            kind: destination, path: path?.replacing(Self.ownID, with: id.description), replaces: replaces)
        guard (shotName == nil) == (shot == nil), let place else {
            throw PostgresError(.decoding, operatorDetail: "a run's node")
        }
        var job = NewJob(
            id: id, tenant: run.tenant, project: run.project, user: user, shot: shotName, version: takeVersion,
            function: function, functionVersion: version, functionDigest: digest, manifest: .null,
            parameters: parameters, inputs: inputs, quality: quality, queue: queue, priority: priority,
            maxAttempts: maxAttempts, timeoutSeconds: timeoutSeconds, credits: credits)
        job.destination = place
        job.inputHashes = hashes
        var again = NewRunNode(node: node, index: index, key: key, job: job, sources: sources, isWanted: isWanted)
        again.after = after
        return again
    }
}
