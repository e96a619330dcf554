extension TaskMessage {
    /// All headers in their order, those of other programs too.
    public var headers: WireObject { envelope["headers"]?.objectValue ?? WireObject() }

    /// All properties in their order.
    public var properties: WireObject { envelope["properties"]?.objectValue ?? WireObject() }

    /// The W3C trace context that the sender works in, where it gave one.
    public var traceparent: String? { headers["traceparent"]?.stringValue }

    /// The first task of the workflow; the task itself where the sender does not say.
    public var rootID: String { headers["root_id"]?.stringValue ?? id }

    /// The task that sent this one.
    public var parentID: String? { headers["parent_id"]?.stringValue }

    /// How often the task was tried before by Celery's own retry; 0 where the sender does not say.
    public var retries: Int { headers["retries"]?.intValue ?? 0 }

    /// The time before which the task may not start, as the sender spelt it.
    public var eta: String? { headers["eta"]?.stringValue }

    /// The time after which the task may not start any more, as the sender spelt it.
    public var expires: String? { headers["expires"]?.stringValue }

    /// Whether the sender wants no result kept; nil leaves it to the task.
    public var ignoresResult: Bool? {
        guard case .bool(let value)? = headers["ignore_result"] else { return nil }
        return value
    }

    /// Whether the message was returned to a queue before.
    public var isRedelivered: Bool { headers["redelivered"] == .bool(true) }
}
