/// A task that a Celery client sent, without its arguments: what it takes to answer it, whoever does and whenever.
///
/// What follows it (callbacks, the rest of a chain, a chord's body) is kept as it stood on the wire and sent on so.
public struct CeleryTask: Sendable, Hashable {
    /// The id, any text that is not empty; the key of its result.
    public let id: String
    /// The task's name.
    public let name: String
    /// The first task of the workflow.
    public let rootID: String
    /// The task that sent this one.
    public let parentID: String?
    /// The group or chord it is a member of.
    public let group: String?
    /// Its place in the group: a number as it was spelt.
    public let groupIndex: WireJSON?
    /// Whether nobody wants its result.
    public let ignoresResult: Bool
    /// How often it was tried before by Celery's own retry.
    public let retries: Int
    /// The time before which it may not start, as the sender spelt it.
    public let eta: String?
    /// The time after which it may not start any more, as the sender spelt it.
    public let expires: String?
    /// Seconds it may run: the lesser of the message's two limits; nil where it has none.
    public let timeLimit: Double?
    /// The arguments as text for people.
    public let argumentsText: String
    /// The named arguments as text for people.
    public let keywordsText: String
    /// The queue it was sent to.
    public let queue: String
    /// How urgent it is.
    public let priority: TaskPriority
    /// The W3C trace context that the sender works in, where it gave one.
    public let traceparent: String?
    /// Signatures that are sent after a success.
    public let callbacks: [WireJSON]
    /// Signatures that are sent after a failure.
    public let errbacks: [WireJSON]
    /// The rest of the chain, the next step last.
    public let chain: [WireJSON]
    /// The body of the chord that it is a member of.
    public let chord: WireJSON?

    /// Reads the task of a message.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - call: Its body.
    public init(_ message: TaskMessage, call: TaskCall) {
        self.init(
            id: message.id, name: message.task, headers: message.headers, queue: message.routingKey,
            priority: message.priority, embed: call.wireEmbed)
    }

    init(
        id: String, name: String, headers: WireObject, queue: String, priority: TaskPriority, embed: WireObject
    ) {
        self.id = id
        self.name = name
        rootID = headers["root_id"]?.stringValue ?? id
        parentID = headers["parent_id"]?.stringValue
        group = headers["group"]?.stringValue
        groupIndex = headers["group_index"].flatMap { if case .number = $0 { $0 } else { nil } }
        ignoresResult = headers["ignore_result"] == .bool(true)
        retries = headers["retries"]?.intValue ?? 0
        eta = headers["eta"]?.stringValue
        expires = headers["expires"]?.stringValue
        timeLimit = (headers["timelimit"]?.arrayValue ?? []).compactMap(\.seconds).min()
        argumentsText = Self.shortened(headers["argsrepr"]?.stringValue ?? "()")
        keywordsText = Self.shortened(headers["kwargsrepr"]?.stringValue ?? "{}")
        traceparent = headers["traceparent"]?.stringValue
        self.queue = queue
        self.priority = priority
        callbacks = Self.signatures(embed["callbacks"])
        errbacks = Self.signatures(embed["errbacks"])
        chain = Self.signatures(embed["chain"])
        chord = embed["chord"].flatMap { $0.objectValue == nil ? nil : $0 }
    }

    /// Whether a text can be the id of a task here: neither empty nor longer than the studio keeps, and without NUL.
    ///
    /// - Parameter text: The text.
    /// - Returns: Whether it can.
    public static func mayBeID(_ text: String) -> Bool {
        (1...512).contains(text.unicodeScalars.count) && !text.utf8.contains(0)
    }

    /// The same without what follows it.
    public var alone: CeleryTask {
        CeleryTask(
            id: id, name: name,
            headers: [
                "root_id": .string(rootID), "parent_id": parentID.map { .string($0) } ?? .null,
                "ignore_result": .bool(ignoresResult),
            ], queue: queue, priority: priority, embed: [:])
    }

    /// One signature, a list of them, or none; what is no signature is left out.
    private static func signatures(_ value: WireJSON?) -> [WireJSON] {
        switch value {
        case .array(let items)?: items.filter { $0.objectValue != nil }
        case .object?: value.map { [$0] } ?? []
        default: []
        }
    }

    private static func shortened(_ text: String) -> String {
        text.utf8.count <= 1024 ? text : String(text.unicodeScalars.prefix(1021)) + "..."
    }
}

extension WireJSON {
    /// The items, where this is a list.
    public var arrayValue: [WireJSON]? {
        guard case .array(let items) = self else { return nil }
        return items
    }

    /// A number of seconds, where this is one that is more than none.
    fileprivate var seconds: Double? {
        guard case .number(let text) = self, let value = Double(text), value > 0, value.isFinite else { return nil }
        return value
    }
}
