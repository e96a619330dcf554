public import FoundationEssentials

/// A task for Python workers, as we send it.
public struct PythonTask: Sendable, Hashable {
    /// The task's name, as the Python worker has registered it.
    public var name: String
    /// The task's id; any text that no other task has.
    public var id: String
    /// The queue it goes to.
    public var queue: String
    /// The named arguments.
    public var keywords: [String: JSONValue]
    /// Which of the queue's lists it goes to.
    public var priority: TaskPriority
    /// After this it is not to be started any more; nil sets no bound.
    public var expires: Date?
    /// How long it may take before its worker ends it, in seconds; nil sets no bound.
    public var timeLimit: Int?

    /// A task.
    ///
    /// - Parameters:
    ///   - name: The task's name.
    ///   - id: The task's id.
    ///   - queue: The queue.
    ///   - keywords: The named arguments.
    ///   - priority: Which of the queue's lists it goes to; default the one that is served first.
    ///   - expires: After this it is not to be started any more; default no bound.
    ///   - timeLimit: How long it may take, in seconds; default no bound.
    public init(
        name: String, id: String, queue: String, keywords: [String: JSONValue],
        priority: TaskPriority = TaskPriority(wire: 0), expires: Date? = nil, timeLimit: Int? = nil
    ) {
        self.name = name
        self.id = id
        self.queue = queue
        self.keywords = keywords
        self.priority = priority
        self.expires = expires
        self.timeLimit = timeLimit
    }

    /// The message; its delivery tag is new at every call.
    ///
    /// - Parameter origin: Who sends, in Celery's form `gen<pid>@<host>`; default `studio`.
    /// - Returns: The message.
    public func message(origin: String = "studio") -> TaskMessage {
        // Whatever the task's own setting: without its result nobody would know that it is over.
        var options: WireObject = [
            "queue": .string(queue), "priority": .integer(priority.wire), "ignore_result": .bool(false),
        ]
        if let expires { options["expires"] = .string(Timestamp.text(expires)) }
        if let timeLimit { options["time_limit"] = .integer(timeLimit) }
        // By name, so that the same task is the same body.
        let named = keywords.sorted { $0.key < $1.key }.map { WireObject.Member($0.key, WireJSON($0.value)) }
        return TaskMessage(
            task: name, id: id, arguments: [], keywords: WireObject(named), options: options,
            sender: CelerySender(origin: origin))
    }
}
