/// A job's state changed.
public struct JobStateChange: Sendable, Hashable, Codable {
    /// The job.
    public var job: JobID
    /// The state it is in now.
    public var state: String
    /// The attempt it is in, or was in last; 0 before the first.
    public var attempt: Int
    /// Why it failed, where it did: an object with `code` and `message`.
    public var failure: JSONValue?
    /// The run of a canvas that made it; nil for a job of its own.
    public var run: RunID?
    /// The node of the canvas; with `run` only.
    public var node: String?
    /// Which of the jobs that the node fans out to; nil for a node that is one job.
    public var index: Int?
    /// Nodes of other runs, and other nodes of this one, that wait for the same job.
    public var shared: [RunNodeName]?

    /// The change.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - state: The state it is in now.
    ///   - attempt: The attempt it is in, or was in last; 0 before the first.
    ///   - failure: Why it failed, where it did: an object with `code` and `message`; default none.
    public init(job: JobID, state: String, attempt: Int, failure: JSONValue? = nil) {
        self.job = job
        self.state = state
        self.attempt = attempt
        self.failure = failure
    }
}

/// A node of a canvas' run.
public struct RunNodeName: Sendable, Hashable, Codable {
    /// The run.
    public var run: RunID
    /// The node's id in its canvas.
    public var node: String
    /// Which of the jobs that the node fans out to; nil for a node that is one job.
    public var index: Int?

    /// A node.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - node: The node's id in its canvas.
    ///   - index: Which of the node's jobs; default its only one.
    public init(run: RunID, node: String, index: Int? = nil) {
        self.run = run
        self.node = node
        self.index = index
    }
}

/// A canvas' run began, went on, or ended.
public struct RunStateChange: Sendable, Hashable, Codable {
    /// The run.
    public var run: RunID
    /// The canvas' name.
    public var canvas: String
    /// `running`, `succeeded`, `failed` or `cancelled`.
    public var state: String

    /// The change.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - canvas: The canvas' name.
    ///   - state: The state it is in now.
    public init(run: RunID, canvas: String, state: String) {
        self.run = run
        self.canvas = canvas
        self.state = state
    }
}

/// A take was published.
public struct TakeCreation: Sendable, Hashable, Codable {
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

    /// The publication.
    ///
    /// - Parameters:
    ///   - job: The job that made it.
    ///   - take: The take.
    ///   - shot: The shot it is of.
    ///   - version: The shot's version.
    ///   - number: The take's number, counted from 1 in each version.
    ///   - path: The take's file, relative to the project.
    public init(job: JobID, take: TakeID, shot: String, version: Int, number: Int, path: String) {
        self.job = job
        self.take = take
        self.shot = shot
        self.version = version
        self.number = number
        self.path = path
    }
}

/// A project's documents or settings changed.
public struct ProjectChange: Sendable, Hashable, Codable {
    /// What changed, such as `settings`, `canvas` or `archived`.
    public var change: String
    /// More about it, where there is more.
    public var detail: JSONValue?

    /// The change.
    ///
    /// - Parameters:
    ///   - change: What changed, such as `settings`, `canvas` or `archived`.
    ///   - detail: More about it, where there is more; default none.
    public init(change: String, detail: JSONValue? = nil) {
        self.change = change
        self.detail = detail
    }
}

/// A file came into a project's asset folder, changed, or went.
public struct AssetChange: Sendable, Hashable, Codable {
    /// `added`, `changed` or `removed`.
    public var change: String
    /// The file, relative to the project.
    public var path: String
    /// SHA-256 of its bytes, or of the last it had, 64 hexadecimal digits.
    public var sha256: String
    /// Its size in bytes, or the last it had.
    public var sizeBytes: Int64

    /// The change.
    ///
    /// - Parameters:
    ///   - change: `added`, `changed` or `removed`.
    ///   - path: The file, relative to the project.
    ///   - sha256: SHA-256 of its bytes.
    ///   - sizeBytes: Its size in bytes.
    public init(change: String, path: String, sha256: String, sizeBytes: Int64) {
        self.change = change
        self.path = path
        self.sha256 = sha256
        self.sizeBytes = sizeBytes
    }
}

/// Something the client sent cannot be done.
public struct ErrorNotice: Sendable, Hashable, Codable {
    /// What is wrong, for programs.
    public var code: String
    /// What is wrong, for people.
    public var detail: String

    /// The notice.
    ///
    /// - Parameters:
    ///   - code: What is wrong, for programs.
    ///   - detail: What is wrong, for people.
    public init(code: String, detail: String) {
        self.code = code
        self.detail = detail
    }
}
