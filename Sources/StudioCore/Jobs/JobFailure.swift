/// Why an attempt or a job failed: a closed list, so that programs can act on it.
public enum FailureCode: String, Sendable, Hashable, Codable, CaseIterable {
    /// An input file or take is not there.
    case inputMissing = "input-missing"
    /// An input is there and cannot be used: not media, damaged, too large.
    case inputInvalid = "input-invalid"
    /// The function refused its parameters.
    case parametersInvalid = "parameters-invalid"
    /// The runner ended with an error.
    case runnerFailed = "runner-failed"
    /// The attempt took longer than the job allows.
    case runnerTimeout = "runner-timeout"
    /// The runner was ended for using more memory than it may.
    case outOfMemory = "out-of-memory"
    /// The runner ended well and its output is not what it promised.
    case outputInvalid = "output-invalid"
    /// The worker vanished and its lease ran out.
    case workerLost = "worker-lost"
    /// The job took two workers down with it, and is not given to a third.
    case poison
    /// No space is left to write the output.
    case storageFull = "storage-full"
    /// A job this one depends on failed or was cancelled.
    case dependencyFailed = "dependency-failed"
    /// The project's Git repository could not take the result.
    case publishFailed = "publish-failed"
    /// The worker does not know the function's runner.
    case runnerUnknown = "runner-unknown"

    /// Whether another attempt may end differently.
    public var isRetryable: Bool {
        switch self {
        case .runnerFailed, .runnerTimeout, .outOfMemory, .workerLost, .storageFull, .publishFailed, .runnerUnknown:
            true
        case .inputMissing, .inputInvalid, .parametersInvalid, .outputInvalid, .dependencyFailed, .poison: false
        }
    }

    /// Whether it may be the worker's own fault, so that the same again and again says something of the worker.
    public var speaksAgainstWorker: Bool {
        switch self {
        case .runnerFailed, .runnerTimeout, .outOfMemory, .runnerUnknown: true
        case .inputMissing, .inputInvalid, .parametersInvalid, .outputInvalid, .workerLost, .poison, .storageFull,
            .dependencyFailed, .publishFailed:
            false
        }
    }

    /// How many times longer than after another failure the next attempt waits: space and memory take time to be there
    /// again.
    public var patience: Int {
        switch self {
        case .storageFull, .outOfMemory: 4
        default: 1
        }
    }
}

/// The cause of a failed attempt, kept with the job and shown to people.
public struct JobFailure: Error, Sendable, Hashable, Codable {
    /// Which cause.
    public var code: FailureCode
    /// What happened, for people; without paths of the machine.
    public var message: String
    /// Whether another attempt may end differently; a runner may know better than its code.
    public var retryable: Bool
    /// The last lines of the runner's log, where there is one.
    public var logTail: String?
    /// Whether the work was done by somebody else than the worker that made the attempt, so that its failing says nothing
    /// of that worker. Not kept with the job.
    public var isElsewhere = false

    private enum CodingKeys: String, CodingKey { case code, message, retryable, logTail }

    /// A failure.
    ///
    /// - Parameters:
    ///   - code: Which cause.
    ///   - message: What happened, for people.
    ///   - retryable: Whether another attempt may end differently; default what the code says.
    ///   - logTail: The last lines of the runner's log; default none.
    public init(_ code: FailureCode, _ message: String, retryable: Bool? = nil, logTail: String? = nil) {
        self.code = code
        self.message = message
        self.retryable = retryable ?? code.isRetryable
        self.logTail = logTail
    }
}
