import QueueProtocol

extension Order {
    /// Whether its prompt carries its token.
    var hasPrompt: Bool { kind == .image || kind == .video }

    /// The body of its submission.
    var body: JSONValue {
        var values = parameters.mapValues { JSONValue.integer(Int64($0)) }
        if hasPrompt { values["prompt"] = .string(token) }
        if kind == .video { values["seconds"] = 0.2 }
        var body: [String: JSONValue] = [
            "function": .string(kind.function), "parameters": .object(values),
            "inputs": .object(inputs.mapValues { .string($0) }),
        ]
        if isCached { body["destination"] = "cache" } else { body["shot"] = .string(shot) }
        if !dependsOn.isEmpty { body["dependsOn"] = .array(dependsOn.map { .string($0) }) }
        if let priority { body["priority"] = .integer(Int64(priority)) }
        if let maxAttempts { body["maxAttempts"] = .integer(Int64(maxAttempts)) }
        if let notBefore { body["notBefore"] = .string(notBefore) }
        return .object(body)
    }

    /// The document of a request that submits several.
    static func batch(_ orders: [Order]) -> JSONValue { ["jobs": .array(orders.map(\.body))] }
}
