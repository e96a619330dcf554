package import FoundationEssentials
package import QueueProtocol
package import StudioCore

/// Which node of which run a job is.
package struct RunPlace: Sendable, Hashable {
    package var run: RunID
    /// The node's id in its canvas.
    package var node: String
    /// Which of the jobs that the node fans out to; nil for a node that is one job.
    package var index: Int?

    package init(run: RunID, node: String, index: Int? = nil) {
        self.run = run
        self.node = node
        self.index = index
    }
}

/// A run of a canvas as it is asked for: which of its nodes become jobs is decided by the transaction that admits it.
package struct NewRun: Sendable {
    /// The id the run will have, or the run that is resumed.
    package var id: RunID
    package var tenant: TenantID
    package var project: ProjectID
    /// Who asks, and pays for what is made.
    package var user: UserID
    /// The canvas' name.
    package var canvas: String
    /// The canvas' text, as it is run.
    package var document: String
    /// SHA-256 of the text, in hexadecimal.
    package var documentDigest: String
    /// The saved version that it is; nil for one that was not saved.
    package var etag: String?
    package var commit: String?
    /// What was asked for, for those who read it later.
    package var asked: JSONValue
    /// Every node's jobs, each after those whose results it reads.
    package var nodes: [NewRunNode]
    /// Whether a run that is there already goes on, which failed or was cancelled.
    package var isResumed = false
    /// Makes what is kept as the first answer to the request's idempotency key.
    package var answer: (@Sendable (AdmittedRun) throws -> IdempotentAnswer)?

    package init(
        id: RunID, tenant: TenantID, project: ProjectID, user: UserID, canvas: String, document: String,
        documentDigest: String, etag: String? = nil, commit: String? = nil, asked: JSONValue, nodes: [NewRunNode]
    ) {
        self.id = id
        self.tenant = tenant
        self.project = project
        self.user = user
        self.canvas = canvas
        self.document = document
        self.documentDigest = documentDigest
        self.etag = etag
        self.commit = commit
        self.asked = asked
        self.nodes = nodes
    }
}

/// One job of a run, if it has to be made.
package struct NewRunNode: Sendable {
    /// The result of another node of the run.
    package struct Source: Sendable, Hashable, Codable {
        /// The place of that node's job in the run.
        package var position: Int
        /// The output; nil is the primary one.
        package var port: String?

        package init(position: Int, port: String? = nil) {
            self.position = position
            self.port = port
        }
    }

    /// The node's id in its canvas.
    package var node: String
    /// Which of the jobs that the node fans out to; nil for a node that is one job.
    package var index: Int?
    /// What it makes, by all that it is made from: SHA-256 in hexadecimal.
    package var key: String
    /// The job, with those of its inputs that are files and takes.
    package var job: NewJob
    /// The inputs that other nodes of the run make, in the form in which a job's inputs are kept.
    package var sources: [String: Source]
    /// The places of nodes that must have succeeded first, though it reads nothing of them.
    package var after: [Int] = []
    /// Whether somebody asked for its result, so that it is made again where its file is gone.
    package var isWanted: Bool
    /// Whether it is made although there is a result.
    package var isForced: Bool

    package init(
        node: String, index: Int? = nil, key: String, job: NewJob, sources: [String: Source] = [:],
        isWanted: Bool = true, isForced: Bool = false
    ) {
        self.node = node
        self.index = index
        self.key = key
        self.job = job
        self.sources = sources
        self.isWanted = isWanted
        self.isForced = isForced
    }
}

/// How a node of a run came to its job.
package enum RunNodeOrigin: String, Sendable, Hashable, CaseIterable {
    /// The run made it.
    case made
    /// It was finished already.
    case cached
    /// It was under way, for another run or another node.
    case shared
}

/// A run that was admitted.
package struct AdmittedRun: Sendable {
    /// One node of it.
    package struct Node: Sendable, Hashable {
        package var node: String
        package var index: Int?
        package var key: String
        package var origin: RunNodeOrigin
        /// The job that makes or made it; nil where its file is gone and nothing needs it.
        package var job: JobID?
        package var function: String
        /// What is held for it; 0 where the run does not make it.
        package var credits: Int
        /// Its state as the run begins; nil where it has no job.
        package var state: JobState?
    }

    package var id: RunID
    package var canvas: String
    package var createdAt: Date
    package var nodes: [Node]
    /// The jobs that the run makes.
    package var jobs: [AdmittedJob]

    /// What is held for what the run makes.
    package var credits: Int { CanvasPlan.sum(nodes.lazy.map(\.credits)) }
    /// Whether anything is still to be waited for.
    package var isRunning: Bool { nodes.contains { $0.origin != .cached } }
}
