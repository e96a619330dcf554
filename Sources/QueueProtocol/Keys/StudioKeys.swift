/// Every Redis key and channel name of the project.
///
/// Queue lists are named as kombu names them, so that Python clients and workers share them. Everything of our own begins
/// with `studio:`. Pub/sub in Redis does not know databases, so channel names carry the database's number.
public struct StudioKeys: Sendable, Hashable {
    /// The queue that tasks go to when nothing else is said.
    public static let defaultQueue = "studio"

    /// What stands before every name; kombu's `global_keyprefix`. Empty by default.
    public let keyPrefix: String
    /// What stands before the keys of results, which ``keyPrefix`` does not: the `global_keyprefix` of Celery's
    /// `result_backend_transport_options`, with the `_` that Celery puts after one that ends in none of `:_-.`. Empty by
    /// default.
    public let resultKeyPrefix: String
    /// The number of the Redis database; 0 by default.
    public let database: Int

    /// The names of one installation.
    ///
    /// - Parameters:
    ///   - keyPrefix: What stands before every name, for several installations in one Redis; default nothing.
    ///   - resultKeyPrefix: What stands before the keys of results, as Celery's setting has it; default nothing.
    ///   - database: The number of the Redis database that the keys are in; default 0.
    public init(keyPrefix: String = "", resultKeyPrefix: String = "", database: Int = 0) {
        self.keyPrefix = keyPrefix
        self.resultKeyPrefix = resultKeyPrefix + (resultKeyPrefix.last.map { ":_-.".contains($0) } ?? true ? "" : "_")
        self.database = database
    }

    // MARK: Queues, as kombu names them

    /// The list of a queue that a priority goes to: the queue's name for step 0, otherwise name, `06 16`, step.
    ///
    /// - Parameters:
    ///   - queue: The queue's name.
    ///   - priority: The task's priority.
    /// - Returns: The list's key.
    public func list(_ queue: String, _ priority: TaskPriority) -> String { list(queue, step: priority.wireStep) }

    /// The four lists of a queue in the order in which they are served, the most urgent first.
    ///
    /// - Parameter queue: The queue's name.
    /// - Returns: Four keys.
    public func lists(_ queue: String) -> [String] { TaskPriority.wireSteps.map { list(queue, step: $0) } }

    /// All lists of several queues in the order in which a worker serves them.
    ///
    /// The step counts before the queue, as in kombu: what is urgent in the last queue goes before what is not in the
    /// first.
    ///
    /// - Parameter queues: The queues' names, the preferred first.
    /// - Returns: Four keys for each queue.
    public func lists(_ queues: [String]) -> [String] {
        TaskPriority.wireSteps.flatMap { step in queues.map { list($0, step: step) } }
    }

    private func list(_ queue: String, step: Int) -> String {
        step == 0 ? keyPrefix + queue : keyPrefix + queue + "\u{06}\u{16}" + String(step)
    }

    // MARK: Keys of our own

    /// The mark that a task for Python workers was sent, so that it is not sent twice.
    ///
    /// - Parameter task: The task's id.
    /// - Returns: The mark's key.
    public func sentMark(_ task: String) -> String { "\(keyPrefix)studio:sent:\(task)" }

    /// The mark that a worker still asks Celery's nodes.
    ///
    /// - Parameter routingKey: The routing key that replies to it go by.
    /// - Returns: The mark's key.
    public func askingMark(_ routingKey: String) -> String { "\(keyPrefix)studio:asking:\(routingKey)" }

    /// The list of messages that a worker has taken and not acknowledged; the newest is leftmost.
    ///
    /// - Parameter worker: The worker process.
    /// - Returns: The list's key.
    public func processing(_ worker: WorkerID) -> String { "\(keyPrefix)studio:processing:\(worker)" }

    /// The list of messages that a gateway hands to one worker, because the model that they need is loaded there. What
    /// stands in it for more than a moment is put on the runway again, and the list is gone soon after.
    ///
    /// - Parameter worker: The worker process.
    /// - Returns: The list's key.
    public func handed(_ worker: WorkerID) -> String { "\(keyPrefix)studio:handed:\(worker)" }

    /// The newest picture of what a running job makes; gone soon after the last.
    ///
    /// - Parameter job: The job.
    /// - Returns: The key.
    public func preview(_ job: JobID) -> String { "\(keyPrefix)studio:preview:\(job)" }

    /// The set of the ids of all workers that have a processing list.
    public var processingWorkers: String { keyPrefix + "studio:processing" }

    /// The mark that the runway was laid in this very run of the Redis server; it is gone or stale when Redis came back.
    public var runwayMark: String { keyPrefix + "studio:runway" }

    /// The list of elements that were no messages, or messages nobody can read; the newest is leftmost.
    public var deadMessages: String { keyPrefix + "studio:dead" }

    // MARK: Channels

    /// The channel that tells gateways that PostgreSQL has new durable events.
    public var eventsChannel: String { channel("events") }

    /// The channel of one project's progress.
    ///
    /// - Parameter project: The project.
    /// - Returns: The channel's name.
    public func progressChannel(_ project: ProjectID) -> String { channel("progress/\(project)") }

    /// The channel that tells that a job's log has grown.
    ///
    /// - Parameter job: The job.
    /// - Returns: The channel's name.
    public func logChannel(_ job: JobID) -> String { channel("log/\(job)") }

    /// The channel of control messages for every worker.
    public var controlChannel: String { channel("control") }

    /// The channel of control messages for one worker.
    ///
    /// - Parameter worker: The worker process.
    /// - Returns: The channel's name.
    public func controlChannel(_ worker: WorkerID) -> String { channel("control/\(worker)") }

    private func channel(_ name: String) -> String { "\(keyPrefix)/\(database).studio/\(name)" }
}
