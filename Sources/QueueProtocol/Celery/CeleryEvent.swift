/// Something that Celery's monitors want to know: what became of a task, or how a node is.
public struct CeleryEvent: Sendable, Hashable {
    /// The kind, such as `task-started`.
    public let type: String
    /// What is told of it, without what every event tells: who, when, and in which order.
    public let fields: WireObject

    /// An event of any kind.
    ///
    /// - Parameters:
    ///   - type: The kind; a `task-` kind that Celery does not know becomes a state of that name, in upper case.
    ///   - fields: What is told of it.
    public init(_ type: String, _ fields: WireObject) {
        self.type = type
        self.fields = fields
    }

    /// A node took a task.
    ///
    /// - Parameters:
    ///   - task: What is told of the task.
    ///   - retries: How often it was tried before.
    /// - Returns: The event.
    public static func received(_ task: CeleryTaskFacts, retries: Int) -> CeleryEvent {
        CeleryEvent(
            "task-received",
            [
                "uuid": .string(task.id), "name": .string(task.name), "args": .string(task.arguments),
                "kwargs": .string(task.keywords), "root_id": .string(task.rootID ?? task.id),
                "parent_id": task.parentID.map { .string($0) } ?? .null, "retries": .integer(retries), "eta": .null,
                "expires": .null,
            ])
    }

    /// A task began.
    ///
    /// - Parameter id: The task's id.
    /// - Returns: The event.
    public static func started(_ id: String) -> CeleryEvent { CeleryEvent("task-started", ["uuid": .string(id)]) }

    /// A running task came further.
    ///
    /// Told as a second start, spelt in a way that moves no time: a monitor goes on to show the task as started, offers to
    /// terminate it, and shows the text as its result. A state of its own would outrank every later word that the task was
    /// revoked. Must not be said after the task's end.
    ///
    /// - Parameters:
    ///   - id: The task's id.
    ///   - result: How far it is, as Python would spell it.
    /// - Returns: The event.
    public static func progress(_ id: String, result: String) -> CeleryEvent {
        CeleryEvent("task-STARTED", ["uuid": .string(id), "result": .string(result)])
    }

    /// A task succeeded.
    ///
    /// - Parameters:
    ///   - id: The task's id.
    ///   - result: Its result, as Python would spell it.
    ///   - runtime: How long it ran, in seconds.
    /// - Returns: The event.
    public static func succeeded(_ id: String, result: String, runtime: Double) -> CeleryEvent {
        CeleryEvent(
            "task-succeeded", ["uuid": .string(id), "result": .string(result), "runtime": .number("\(runtime)")])
    }

    /// A task failed for good.
    ///
    /// - Parameters:
    ///   - id: The task's id.
    ///   - exception: The exception, as Python would spell it.
    ///   - traceback: More about it; default nothing.
    /// - Returns: The event.
    public static func failed(_ id: String, exception: String, traceback: String = "") -> CeleryEvent {
        CeleryEvent(
            "task-failed",
            ["uuid": .string(id), "exception": .string(exception), "traceback": .string(traceback)])
    }

    /// A task will be tried again.
    ///
    /// - Parameters:
    ///   - id: The task's id.
    ///   - exception: Why, as Python would spell it.
    /// - Returns: The event.
    public static func retried(_ id: String, exception: String) -> CeleryEvent {
        CeleryEvent(
            "task-retried", ["uuid": .string(id), "exception": .string(exception), "traceback": .string("")])
    }

    /// A task that had ended, or was given up, begins again: whatever a monitor thinks of it, it is open again.
    ///
    /// - Parameter id: The task's id.
    /// - Returns: The event.
    public static func reopened(_ id: String) -> CeleryEvent { CeleryEvent("task-RETRY", ["uuid": .string(id)]) }

    /// A task was revoked.
    ///
    /// - Parameters:
    ///   - id: The task's id.
    ///   - terminated: Whether it ran and was stopped.
    ///   - expired: Whether its time had come before it could start; default no.
    /// - Returns: The event.
    public static func revoked(_ id: String, terminated: Bool, expired: Bool = false) -> CeleryEvent {
        CeleryEvent(
            "task-revoked",
            [
                "uuid": .string(id), "terminated": .bool(terminated),
                "signum": terminated ? .string("SIGTERM") : .null, "expired": .bool(expired),
            ])
    }

    /// The messages that carry some events of one node.
    ///
    /// - Parameters:
    ///   - events: The events, of tasks only or one of the node itself.
    ///   - node: Who tells them.
    /// - Returns: The message; its routing key names the channel.
    public static func envelope(_ events: [StampedCeleryEvent], from node: String) -> KombuEnvelope {
        let documents = events.map { $0.document(node: node) }
        let isSingle = events.count == 1
        let key =
            isSingle ? events[0].event.type.split(separator: "-").joined(separator: ".").lowercased() : "task.multi"
        return KombuEnvelope(
            headers: ["hostname": .string(node)], body: isSingle ? documents[0] : .array(documents),
            exchange: "celeryev", routingKey: key)
    }
}

/// What monitors show of a task.
public struct CeleryTaskFacts: Sendable, Hashable {
    /// The task's id.
    public var id: String
    /// The task's name.
    public var name: String
    /// Its positional arguments, as Python would spell them.
    public var arguments: String
    /// Its named arguments, as Python would spell them.
    public var keywords: String
    /// The first task of its workflow; nil for the task itself.
    public var rootID: String?
    /// The task that sent it.
    public var parentID: String?

    /// The facts of a task.
    ///
    /// - Parameters:
    ///   - id: The task's id.
    ///   - name: The task's name.
    ///   - arguments: Its positional arguments, as Python would spell them; default none.
    ///   - keywords: Its named arguments, as Python would spell them; default none.
    ///   - rootID: The first task of its workflow; default the task itself.
    ///   - parentID: The task that sent it; default none.
    public init(
        id: String, name: String, arguments: String = "()", keywords: String = "{}", rootID: String? = nil,
        parentID: String? = nil
    ) {
        self.id = id
        self.name = name
        self.arguments = arguments
        self.keywords = keywords
        self.rootID = rootID
        self.parentID = parentID
    }
}

/// An event with its moment.
public struct StampedCeleryEvent: Sendable, Hashable {
    /// What happened.
    public let event: CeleryEvent
    /// When, in seconds since 1970.
    public let timestamp: Double
    /// Its place in the order of all programs' events.
    public let clock: Int
    /// The process that tells it.
    public let pid: Int

    /// An event with its moment.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - timestamp: When, in seconds since 1970.
    ///   - clock: Its place in the order of all programs' events.
    ///   - pid: The process that tells it.
    public init(_ event: CeleryEvent, timestamp: Double, clock: Int, pid: Int) {
        self.event = event
        self.timestamp = timestamp
        self.clock = clock
        self.pid = pid
    }

    /// Without `utcoffset`: a monitor in another time zone would move the times by it.
    func document(node: String) -> WireJSON {
        var object: WireObject = ["hostname": .string(node), "pid": .integer(pid), "clock": .integer(clock)]
        object.members += event.fields.members
        object.members.append(WireObject.Member("timestamp", .number("\(timestamp)")))
        object.members.append(WireObject.Member("type", .string(event.type)))
        return .object(object)
    }
}
