import QueueProtocol
import StudioCore

/// How a job's inputs are kept: the port's name, or `port/0`, `port/1`, … for a port that takes a list.
enum JobInputs {
    /// The stored form of what was submitted.
    static func stored(_ inputs: [String: [InputReference]], function: FunctionManifest) -> [String: String] {
        var stored: [String: String] = [:]
        for (name, references) in inputs {
            let isList = function.inputs.first { $0.name == name }?.isList ?? false
            for (index, reference) in references.enumerated() {
                stored[isList ? "\(name)/\(index)" : name] = reference.text
            }
        }
        return stored
    }

    /// What people see: text for a port, a list for a port that takes one.
    static func document(_ stored: [String: String]) -> JSONValue {
        var members: [String: JSONValue] = [:]
        var lists: [String: [Int: String]] = [:]
        for (key, reference) in stored {
            if let slash = key.lastIndex(of: "/"), let index = Int(key[key.index(after: slash)...]) {
                lists[String(key[..<slash]), default: [:]][index] = reference
            } else {
                members[key] = .string(reference)
            }
        }
        for (name, items) in lists {
            members[name] = .array(items.sorted { $0.key < $1.key }.map { .string($0.value) })
        }
        return .object(members)
    }
}
