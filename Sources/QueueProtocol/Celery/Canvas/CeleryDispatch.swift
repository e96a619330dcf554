public import FoundationEssentials

/// What is to be put into Redis so that tasks run: found out by applying signatures as a Python worker would, to be written
/// in one step with what caused it.
public struct CeleryDispatch: Sendable, Hashable {
    /// How many parts a chord's group has.
    public struct ChordSize: Sendable, Hashable {
        /// The group.
        public var group: String
        /// The number of tasks that report to it.
        public var size: Int
    }
    /// The results of a group that has groups in it, by which its results are put together.
    public struct SavedGroup: Sendable, Hashable {
        /// The group.
        public var group: String
        /// The document under its key.
        public var document: [UInt8]
    }

    /// The messages in the order in which they are sent.
    public internal(set) var messages: [TaskMessage] = []
    /// Sizes that are set before the messages are sent.
    public internal(set) var chordSizes: [ChordSize] = []
    /// Groups that are saved before the messages are sent.
    public internal(set) var savedGroups: [SavedGroup] = []
    /// What was sent, as results tell of it.
    public internal(set) var children: [WireJSON] = []

    let sender: CelerySender

    /// Nothing yet.
    ///
    /// - Parameter sender: Who sends, and where to.
    public init(from sender: CelerySender) { self.sender = sender }

    /// Sends what follows a task's success: its links, and the next step of its chain.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - result: What it came to.
    /// - Throws: `CanvasError`.
    public mutating func follow(_ task: CeleryTask, with result: WireJSON) throws(CanvasError) {
        let options: WireObject = ["parent_id": .string(task.id), "root_id": .string(task.rootID)]
        try sendTogether(task.callbacks, [result], options: options)
        guard let next = task.chain.last else { return }
        var further = options
        further["chain"] = .array(Array(task.chain.dropLast()))
        try send(next, [result], options: further)
    }

    /// Sends the errbacks of a task that failed, each with its id.
    ///
    /// - Parameters:
    ///   - errbacks: The signatures.
    ///   - id: The task that failed.
    ///   - rootID: The first task of its workflow.
    /// - Throws: `CanvasError`.
    public mutating func report(_ errbacks: [WireJSON], of id: String, rootID: String) throws(CanvasError) {
        guard !errbacks.isEmpty else { return }
        let signatures = try Self.signatures(errbacks)
        try children.append(
            apply(
                CelerySignature(groupOf: signatures), [.string(id)],
                options: ["parent_id": .string(id), "root_id": .string(rootID)]
            ).document)
    }

    /// Sends one signature.
    ///
    /// - Parameters:
    ///   - value: The signature.
    ///   - arguments: What is put before its arguments.
    ///   - options: What goes over its options.
    /// - Throws: `CanvasError`.
    public mutating func send(
        _ value: WireJSON, _ arguments: [WireJSON], options: WireObject = [:]
    ) throws(CanvasError) {
        guard let signature = CelerySignature(value) else { throw CanvasError("a signature has no task") }
        children.append(try apply(signature, arguments, options: options).document)
    }

    /// One by itself, several as a group, and groups by themselves, as Python does.
    private mutating func sendTogether(
        _ values: [WireJSON], _ arguments: [WireJSON], options: WireObject
    ) throws(CanvasError) {
        guard values.count > 1 else {
            for value in values { try send(value, arguments, options: options) }
            return
        }
        let signatures = try Self.signatures(values)
        for group in signatures where group.kind == .group {
            children.append(try apply(group, arguments, options: options).document)
        }
        let others = signatures.filter { $0.kind != .group }
        guard !others.isEmpty else { return }
        children.append(try apply(CelerySignature(groupOf: others), arguments, options: options).document)
    }

    private static func signatures(_ values: [WireJSON]) throws(CanvasError) -> [CelerySignature] {
        var signatures: [CelerySignature] = []
        for value in values {
            guard let signature = CelerySignature(value) else { throw CanvasError("a signature has no task") }
            signatures.append(signature)
        }
        return signatures
    }
}

/// Who sends tasks, and where to.
public struct CelerySender: Sendable, Hashable {
    /// The name that messages give as their origin.
    public var origin: String
    /// The queue of tasks whose signature names none, as Celery's `task_default_queue`.
    public var defaultQueue: String
    /// The time from which countdowns run.
    public var now: Date

    /// A sender.
    ///
    /// - Parameters:
    ///   - origin: The name that messages give as their origin.
    ///   - defaultQueue: The queue of tasks whose signature names none; default `celery`, as with Celery.
    ///   - now: The time from which countdowns run; default now.
    public init(origin: String, defaultQueue: String = "celery", now: Date = Date()) {
        self.origin = origin
        self.defaultQueue = defaultQueue
        self.now = now
    }
}

/// Why a signature cannot be sent from here.
public struct CanvasError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reason, for people.
    public let description: String

    init(_ reason: String) { description = reason }
}
