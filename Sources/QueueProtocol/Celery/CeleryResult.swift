public import FoundationEssentials

/// What a Celery client reads about a task: the document under its result key, which is published there too.
public struct CeleryResult: Sendable, Hashable {
    /// The states that we write.
    public enum State: String, Sendable, Hashable {
        /// A worker works on it.
        case started = "STARTED"
        /// A worker works on it and tells how far it is.
        case progress = "PROGRESS"
        /// An attempt failed and there will be another.
        case retry = "RETRY"
        /// Done.
        case success = "SUCCESS"
        /// Failed for good.
        case failure = "FAILURE"
        /// Cancelled, or too late to start.
        case revoked = "REVOKED"

        /// Whether nothing follows.
        public var isFinal: Bool {
            switch self {
            case .success, .failure, .revoked: true
            case .started, .progress, .retry: false
            }
        }
    }

    /// The state.
    public var state: State
    /// What the state comes with; for failures ``CeleryFailure/document``.
    public var result: WireJSON
    /// The end of the log, where there is one.
    public var traceback: String?
    /// The tasks that were sent because of it, each as Celery writes results: `[[id, null], null]`.
    public var children: [WireJSON]

    /// A result.
    ///
    /// - Parameters:
    ///   - state: The state.
    ///   - result: What the state comes with; default null.
    ///   - traceback: The end of the log; default none.
    ///   - children: The tasks that were sent because of it; default none.
    public init(_ state: State, _ result: WireJSON = .null, traceback: String? = nil, children: [WireJSON] = []) {
        self.state = state
        self.result = result
        self.traceback = traceback
        self.children = children
    }

    /// How far a job is.
    ///
    /// - Parameter report: The job's progress.
    /// - Returns: The state `PROGRESS` with `percent`, `stage`, `message`, `attempt` and, where that can be told,
    ///   `eta_seconds`.
    public static func progress(_ report: ProgressReport) -> CeleryResult {
        func tenths(_ value: Double) -> WireJSON { .number("\((value * 10).rounded() / 10)") }
        var document: WireObject = [
            "percent": tenths(report.progress * 100), "stage": .string(report.stage),
            "message": .string(report.message), "attempt": .integer(report.attempt),
        ]
        if let left = report.etaSeconds { document["eta_seconds"] = tenths(left) }
        return CeleryResult(.progress, .object(document))
    }

    /// The document of a task.
    ///
    /// - Parameters:
    ///   - id: The task's id.
    ///   - group: The group it is a member of; default none.
    ///   - parent: The task that sent it; default none.
    ///   - date: When it was done, for states that are final.
    /// - Returns: JSON in Celery's order of members.
    public func encoded(id: String, group: String? = nil, parent: String? = nil, at date: Date) -> [UInt8] {
        var document: WireObject = [
            "status": .string(state.rawValue), "result": result,
            "traceback": traceback.map { .string($0) } ?? .null, "children": .array(children),
            "date_done": state.isFinal ? .string(Self.text(date)) : .null,
        ]
        if let group { document["group_id"] = .string(group) }
        if let parent { document["parent_id"] = .string(parent) }
        document["task_id"] = .string(id)
        return WireJSON.object(document).encoded()
    }

    /// The document of a task.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - date: When it was done, for states that are final.
    /// - Returns: JSON in Celery's order of members.
    public func encoded(of task: CeleryTask, at date: Date) -> [UInt8] {
        encoded(id: task.id, group: task.group, parent: task.parentID, at: date)
    }

    /// A time as Python's `isoformat` writes one in UTC.
    static func text(_ date: Date) -> String { Timestamp.text(date).dropLast() + "000+00:00" }
}

/// An exception as Celery passes it between programs: by the name of its class and its arguments.
public struct CeleryFailure: Sendable, Hashable {
    /// The class.
    public var type: String
    /// The arguments of its constructor.
    public var arguments: [WireJSON]
    /// The module of the class. Clients make a class of that name where they have no such module.
    public var module: String

    /// An exception.
    ///
    /// - Parameters:
    ///   - type: The class.
    ///   - arguments: The arguments of its constructor.
    ///   - module: The module of the class; default `studio`, for what is ours.
    public init(_ type: String, _ arguments: [WireJSON], module: String = "studio") {
        self.type = type
        self.arguments = arguments
        self.module = module
    }

    /// A failure of ours, by its code.
    ///
    /// - Parameters:
    ///   - code: The code, such as `insufficient-credits`: the class is `InsufficientCredits`.
    ///   - message: What happened, for people.
    public init(code: String, _ message: String) {
        let words = code.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }
        self.init(words.joined(), [.string(message)])
    }

    /// Reads what a result holds; nil where it is no exception.
    ///
    /// - Parameter document: The `result` of a result whose state is a failure.
    public init?(_ document: WireJSON) {
        guard let object = document.objectValue, let type = object["exc_type"]?.stringValue else { return nil }
        self.type = type
        module = object["exc_module"]?.stringValue ?? ""
        switch object["exc_message"] {
        case .array(let items)?: arguments = items
        case nil, .null: arguments = []
        case let value?: arguments = [value]
        }
    }

    /// Nobody knows the task.
    ///
    /// - Parameter task: The task's name.
    /// - Returns: The exception.
    public static func notRegistered(_ task: String) -> Self {
        CeleryFailure("NotRegistered", [.string(task)], module: "celery.exceptions")
    }

    /// It will not be done.
    ///
    /// - Parameter reason: `revoked`, `terminated` or `expired`.
    /// - Returns: The exception.
    public static func revoked(_ reason: String) -> Self {
        CeleryFailure("TaskRevokedError", [.string(reason)], module: "celery.exceptions")
    }

    /// A member of a chord failed, so that its body is not run.
    ///
    /// - Parameter message: Which, and why.
    /// - Returns: The exception.
    public static func chord(_ message: String) -> Self {
        CeleryFailure("ChordError", [.string(message)], module: "celery.exceptions")
    }

    /// It ran longer than its sender allowed.
    ///
    /// - Parameter seconds: How long it may have run.
    /// - Returns: The exception.
    public static func timeLimit(_ seconds: Int) -> Self {
        CeleryFailure("TimeLimitExceeded", [.integer(seconds)], module: "billiard.exceptions")
    }

    /// What a result holds.
    public var document: WireJSON {
        .object([
            "exc_type": .string(type), "exc_message": .array(arguments), "exc_module": .string(module),
        ])
    }
}
