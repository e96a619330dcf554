/// What a task message asks for: the decoded body, `[args, kwargs, embed]`.
public struct TaskCall: Sendable, Hashable {
    /// The positional arguments.
    public let arguments: [JSONValue]
    /// The named arguments.
    public let keywords: [String: JSONValue]
    /// What follows the task: `callbacks`, `errbacks`, `chain`, `chord`; empty where the body says null.
    public let embed: [String: JSONValue]

    /// An argument that a caller may have given by name or by place.
    ///
    /// - Parameters:
    ///   - name: The argument's name.
    ///   - position: Its place.
    /// - Returns: The value, by name first; nil where neither is given.
    public func argument(_ name: String, at position: Int) -> JSONValue? {
        if let value = keywords[name] { return value }
        guard arguments.indices.contains(position) else { return Optional.none }
        return arguments[position]
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
        guard case .object(let keywords) = parts[1].value else {
            throw TaskMessageError(.badBody, "the body's kwargs are not an object")
        }
        switch parts[2].value {
        case .object(let embed): self.embed = embed
        case .null: embed = [:]
        default: throw TaskMessageError(.badBody, "the body's embed is not an object")
        }
        self.arguments = arguments.map(\.value)
        self.keywords = keywords
    }
}
