import Glibc

/// A command to Celery's nodes, as `celery inspect`, `celery control`, Flower and other nodes broadcast it.
public struct PidboxCommand: Sendable, Hashable {
    /// Where an answer goes.
    public struct ReplyAddress: Sendable, Hashable {
        /// The caller's own key, by which its list of answers is found.
        public var routingKey: String
        /// What the caller tells its questions apart by.
        public var ticket: WireJSON

        /// An address.
        ///
        /// - Parameters:
        ///   - routingKey: The caller's own key.
        ///   - ticket: What the caller tells its questions apart by.
        public init(routingKey: String, ticket: WireJSON) {
            self.routingKey = routingKey
            self.ticket = ticket
        }
    }

    /// The exchange that commands are sent to.
    public static let exchange = "celery.pidbox"
    /// The exchange that answers are sent to.
    public static let replyExchange = "reply.celery.pidbox"

    /// What is to be done.
    public let method: String
    /// More about it.
    public let arguments: WireObject
    /// The caller's logical clock; 0 where it gives none.
    public let clock: Int
    /// Where an answer goes; nil where none is wanted.
    public let replyTo: ReplyAddress?
    private let destination: WireJSON
    private let pattern: String?
    private let matcher: String?

    /// A command to everybody.
    ///
    /// - Parameters:
    ///   - method: What is to be done.
    ///   - arguments: More about it; default nothing.
    ///   - clock: The caller's logical clock.
    ///   - replyTo: Where an answer goes; default none is wanted.
    public init(_ method: String, arguments: WireObject = [:], clock: Int, replyTo: ReplyAddress? = nil) {
        self.method = method
        self.arguments = arguments
        self.clock = clock
        self.replyTo = replyTo
        destination = .null
        pattern = nil
        matcher = nil
    }

    /// Reads a command.
    ///
    /// - Parameter bytes: The payload of a published message.
    /// - Throws: `TaskMessageError` where it is none.
    public init(decoding bytes: [UInt8]) throws(TaskMessageError) {
        let envelope = try KombuEnvelope(decoding: bytes)
        guard case .object(let body) = envelope.body else {
            throw TaskMessageError(.badBody, "the command is no object")
        }
        guard let method = body["method"]?.stringValue else {
            throw TaskMessageError(.missing("method"), "the command has no method that is a text")
        }
        self.method = method
        switch body["arguments"] {
        case .object(let arguments): self.arguments = arguments
        case nil, .null: arguments = [:]
        default: throw TaskMessageError(.wrongType("arguments"), "the command's arguments are no object")
        }
        clock = envelope.headers["clock"]?.intValue ?? 0
        destination = body["destination"] ?? .null
        pattern = body["pattern"]?.stringValue
        matcher = body["matcher"]?.stringValue
        if let key = body["reply_to"]?.objectValue?["routing_key"]?.stringValue {
            replyTo = ReplyAddress(routingKey: key, ticket: body["ticket"] ?? .null)
        } else {
            replyTo = nil
        }
    }

    /// The command to everybody as it is published.
    ///
    /// - Returns: ASCII text.
    public func encoded() -> [UInt8] {
        var body: WireObject = [
            "method": .string(method), "arguments": .object(arguments), "destination": destination,
            "pattern": .null, "matcher": .null,
        ]
        if let replyTo {
            body["ticket"] = replyTo.ticket
            body["reply_to"] = .object([
                "exchange": .string(Self.replyExchange), "routing_key": .string(replyTo.routingKey),
            ])
        }
        return KombuEnvelope(
            headers: ["clock": .integer(clock), "expires": .integer(0)], body: .object(body), exchange: Self.exchange
        ).encoded()
    }

    /// An answer as it stands in the caller's list.
    ///
    /// - Parameters:
    ///   - value: The answer.
    ///   - address: Where it goes.
    ///   - node: Who answers.
    ///   - clock: The node's logical clock.
    /// - Returns: ASCII text.
    public static func reply(_ value: WireJSON, to address: ReplyAddress, from node: String, clock: Int) -> [UInt8] {
        KombuEnvelope(
            headers: ["ticket": address.ticket, "clock": .integer(clock)],
            body: .object(WireObject([WireObject.Member(node, value)])), exchange: replyExchange,
            routingKey: address.routingKey
        ).encoded()
    }

    /// Whether a node is meant: by its name, by a pattern of names, or because everybody is.
    ///
    /// - Parameter node: The node's name.
    /// - Returns: Whether it is; not by a pattern that cannot be read.
    public func isMeant(for node: String) -> Bool {
        switch destination {
        case .array(let names) where !names.isEmpty: return names.contains(.string(node))
        case .string(let name) where !name.isEmpty: return name == node
        default: break
        }
        guard let pattern, !pattern.isEmpty, let matcher, !matcher.isEmpty else { return true }
        switch matcher {
        case "glob": return fnmatch(pattern, node, FNM_NOESCAPE) == 0
        case "pcre":
            // Python looks from the start and not to the end.
            guard let regex = try? Regex(pattern) else { return false }
            return (try? regex.prefixMatch(in: node)) != nil
        default: return false
        }
    }
}
