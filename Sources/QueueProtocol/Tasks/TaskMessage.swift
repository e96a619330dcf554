import FoundationEssentials

/// One element of a queue list: a task in Celery's message protocol 2, in the form that kombu gives it in Redis.
///
/// The envelope is read at once and checked for everything a worker of Celery cannot do without; the body is read by
/// ``call()``. What came with a message and is not known here stays in it, in its place, and is written back.
public struct TaskMessage: Sendable, Hashable {
    /// The most bytes a body may have, as it came and decompressed: what a submission over HTTP may have.
    public static let longestBody = 16 << 20

    /// The whole envelope.
    public private(set) var envelope: WireObject
    /// The task's name, `headers.task`.
    public let task: String
    /// The task's id, `headers.id`; for our own tasks the job's id.
    public let id: String
    /// What identifies this copy of the message, made by its sender.
    public let deliveryTag: String
    /// The queue it was sent to: the routing key of the anonymous exchange.
    public let routingKey: String
    /// How urgent it is; the least number of the wire, so the first served, where it does not say.
    public let priority: TaskPriority
    private let bodyText: String

    /// Reads an element of a queue list.
    ///
    /// - Parameter bytes: The element.
    /// - Throws: `TaskMessageError` for the first thing that is wrong with the envelope; the body is not looked into.
    public init(decoding bytes: [UInt8]) throws(TaskMessageError) {
        guard case .object(let envelope) = try WireJSON(decoding: bytes) else {
            throw TaskMessageError(.notAnObject, "the element is JSON and no object")
        }
        try self.init(envelope: envelope)
    }

    init(envelope: WireObject) throws(TaskMessageError) {
        let headers = try Self.object(envelope, "headers")
        let properties = try Self.object(envelope, "properties")
        let delivery = try Self.object(properties, "delivery_info", in: "properties.")
        bodyText = try Self.text(envelope, "body")
        _ = try Self.text(envelope, "content-type")
        task = try Self.text(headers, "task", in: "headers.", mayBeEmpty: false)
        id = try Self.text(headers, "id", in: "headers.", mayBeEmpty: false)
        deliveryTag = try Self.text(properties, "delivery_tag", in: "properties.", mayBeEmpty: false)
        _ = try Self.text(delivery, "exchange", in: "properties.delivery_info.")
        routingKey = try Self.text(delivery, "routing_key", in: "properties.delivery_info.")
        priority = TaskPriority(wire: properties["priority"]?.intValue ?? 0)
        self.envelope = envelope
    }

    /// A message whose parts are known to agree with its envelope.
    init(
        envelope: WireObject, task: String, id: String, deliveryTag: String, routingKey: String,
        priority: TaskPriority, bodyText: String
    ) {
        self.envelope = envelope
        self.task = task
        self.id = id
        self.deliveryTag = deliveryTag
        self.routingKey = routingKey
        self.priority = priority
        self.bodyText = bodyText
    }

    /// The element of the queue list: JSON in Python's spelling, members in their order.
    ///
    /// - Returns: ASCII text.
    public func encoded() -> [UInt8] { WireJSON.object(envelope).encoded() }

    /// Reads the body.
    ///
    /// - Returns: What is asked for.
    /// - Throws: `TaskMessageError`: `unsupportedContentType`, `unsupportedCompression`, `tooLarge` or `badBody`.
    public func call() throws(TaskMessageError) -> TaskCall {
        let contentType = envelope["content-type"]?.stringValue ?? ""
        guard contentType == "application/json" else {
            throw TaskMessageError(.unsupportedContentType(contentType), "the body's content type is not read")
        }
        return try TaskCall(decoding: try bodyBytes())
    }

    /// The body's text: its base64 and its compression undone.
    private func bodyBytes() throws(TaskMessageError) -> [UInt8] {
        guard bodyText.utf8.count <= Self.longestBody * 2 else { throw .tooLarge(Self.longestBody) }
        let bytes: [UInt8]
        switch properties["body_encoding"] {
        case .string("base64"):
            // Python's decoder steps over characters outside the alphabet, so ours does.
            guard let data = Data(base64Encoded: bodyText, options: .ignoreUnknownCharacters) else {
                throw TaskMessageError(.badBody, "the body is not base64")
            }
            bytes = Array(data)
        case nil, .null, .string("utf-8"): bytes = Array(bodyText.utf8)
        default: throw TaskMessageError(.badBody, "the body's encoding is neither base64 nor utf-8")
        }
        guard bytes.count <= Self.longestBody else { throw .tooLarge(Self.longestBody) }
        guard let compression = headers["compression"], compression != .null else { return bytes }
        return try CompressedBody.bytes(
            of: bytes, compression: compression.stringValue ?? "unnamed", atMost: Self.longestBody)
    }

    /// The same message marked as delivered before, as kombu marks what it returns to a queue; the delivery tag stays.
    ///
    /// - Returns: The marked message.
    public func redelivered() -> TaskMessage {
        var headers = headers
        var properties = properties
        var delivery = properties["delivery_info"]?.objectValue ?? WireObject()
        headers["redelivered"] = .bool(true)
        delivery["redelivered"] = .bool(true)
        properties["delivery_info"] = .object(delivery)
        var copy = self
        copy.envelope["headers"] = .object(headers)
        copy.envelope["properties"] = .object(properties)
        return copy
    }

    private static func object(_ parent: WireObject, _ name: String, in path: String = "")
        throws(TaskMessageError) -> WireObject
    {
        guard let value = parent[name] else { throw missing(path + name) }
        guard case .object(let object) = value else { throw wrongType(path + name, "an object") }
        return object
    }

    private static func text(_ parent: WireObject, _ name: String, in path: String = "", mayBeEmpty: Bool = true)
        throws(TaskMessageError) -> String
    {
        guard let value = parent[name] else { throw missing(path + name) }
        guard case .string(let text) = value else { throw wrongType(path + name, "a text") }
        guard mayBeEmpty || !text.isEmpty else { throw wrongType(path + name, "a text that is not empty") }
        return text
    }

    private static func missing(_ path: String) -> TaskMessageError {
        TaskMessageError(.missing(path), "the message has no \(path)")
    }

    private static func wrongType(_ path: String, _ expected: String) -> TaskMessageError {
        TaskMessageError(.wrongType(path), "the message's \(path) is not \(expected)")
    }
}
