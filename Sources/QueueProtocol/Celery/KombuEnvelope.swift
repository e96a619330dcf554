import FoundationEssentials

/// What Celery's programs tell each other besides tasks, in kombu's form in Redis: an event, a command, or a reply to one.
public struct KombuEnvelope: Sendable, Hashable {
    /// What is said about the message.
    public var headers: WireObject
    /// What is said.
    public var body: WireJSON
    /// The exchange it is sent to.
    public var exchange: String
    /// The routing key; empty for what goes to everybody.
    public var routingKey: String

    /// A message.
    ///
    /// - Parameters:
    ///   - headers: What is said about the message; default nothing.
    ///   - body: What is said.
    ///   - exchange: The exchange it is sent to.
    ///   - routingKey: The routing key; default none.
    public init(headers: WireObject = [:], body: WireJSON, exchange: String, routingKey: String = "") {
        self.headers = headers
        self.body = body
        self.exchange = exchange
        self.routingKey = routingKey
    }

    /// Reads a message.
    ///
    /// - Parameter bytes: The element or payload.
    /// - Throws: `TaskMessageError` for the first thing that is wrong.
    public init(decoding bytes: [UInt8]) throws(TaskMessageError) {
        guard case .object(let envelope) = try WireJSON(decoding: bytes) else {
            throw TaskMessageError(.notAnObject, "the message is JSON and no object")
        }
        guard let text = envelope["body"]?.stringValue else {
            throw TaskMessageError(.missing("body"), "the message has no body that is a text")
        }
        let type = envelope["content-type"]?.stringValue ?? ""
        guard type == "application/json" else {
            throw TaskMessageError(.unsupportedContentType(type), "the body's content type is not read")
        }
        let properties = envelope["properties"]?.objectValue ?? WireObject()
        switch properties["body_encoding"] {
        case .string("base64"):
            guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters) else {
                throw TaskMessageError(.badBody, "the body is not base64")
            }
            body = try WireJSON(decoding: Array(data))
        default:
            body = try WireJSON(decoding: Array(text.utf8))
        }
        headers = envelope["headers"]?.objectValue ?? WireObject()
        let delivery = properties["delivery_info"]?.objectValue ?? WireObject()
        exchange = delivery["exchange"]?.stringValue ?? ""
        routingKey = delivery["routing_key"]?.stringValue ?? ""
    }

    /// The message as it stands in Redis, with a delivery tag that is new at every call.
    ///
    /// - Returns: ASCII text.
    public func encoded() -> [UInt8] {
        let properties: WireObject = [
            "delivery_mode": .integer(1),
            "delivery_info": .object(["exchange": .string(exchange), "routing_key": .string(routingKey)]),
            "priority": .integer(0), "body_encoding": .string("base64"),
            "delivery_tag": .string(UUIDText.text(UUID())),
        ]
        return WireJSON.object([
            "body": .string(Data(body.encoded()).base64EncodedString()), "content-encoding": .string("utf-8"),
            "content-type": .string("application/json"), "headers": .object(headers),
            "properties": .object(properties),
        ]).encoded()
    }
}
