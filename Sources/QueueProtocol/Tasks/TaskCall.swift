/// What a task message asks for: the decoded body, `[args, kwargs, embed]`.
public struct TaskCall: Sendable, Hashable {
    /// The positional arguments as they stood.
    public let wireArguments: [WireJSON]
    /// The named arguments as they stood.
    public let wireKeywords: WireObject
    /// What follows the task, as it stood; empty where the body says null.
    public let wireEmbed: WireObject

    /// The positional arguments.
    public var arguments: [JSONValue] { wireArguments.map(\.value) }

    /// The named arguments.
    public var keywords: [String: JSONValue] { Self.values(of: wireKeywords) }

    /// What follows the task: `callbacks`, `errbacks`, `chain`, `chord`; empty where the body says null.
    public var embed: [String: JSONValue] { Self.values(of: wireEmbed) }

    /// An argument that a caller may have given by name or by place.
    ///
    /// - Parameters:
    ///   - name: The argument's name.
    ///   - position: Its place.
    /// - Returns: The value, by name first; nil where neither is given.
    public func argument(_ name: String, at position: Int) -> JSONValue? {
        if let value = wireKeywords[name] { return value.value }
        guard wireArguments.indices.contains(position) else { return Optional.none }
        return wireArguments[position].value
    }

    init(decoding bytes: [UInt8]) throws(TaskMessageError) {
        let document: WireJSON
        do {
            document = try WireJSON(decoding: bytes)
        } catch {
            throw TaskMessageError(.badBody, "the body is not JSON: \(error.message)")
        }
        guard case .array(let parts) = document, parts.count == 3 else {
            throw TaskMessageError(.badBody, "the body is not a list of args, kwargs and embed")
        }
        guard case .array(let arguments) = parts[0] else {
            throw TaskMessageError(.badBody, "the body's args are not a list")
        }
        guard case .object(let keywords) = parts[1] else {
            throw TaskMessageError(.badBody, "the body's kwargs are not an object")
        }
        switch parts[2] {
        case .object(let embed): wireEmbed = embed
        case .null: wireEmbed = [:]
        default: throw TaskMessageError(.badBody, "the body's embed is not an object")
        }
        wireArguments = arguments
        wireKeywords = keywords
    }

    private static func values(of object: WireObject) -> [String: JSONValue] {
        Dictionary(object.members.map { ($0.name, $0.value.value) }, uniquingKeysWith: { $1 })
    }
}
