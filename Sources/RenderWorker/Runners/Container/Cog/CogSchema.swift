import QueueProtocol
import StudioCore

/// The inputs that a model takes, as its server's `/openapi.json` names them.
///
/// The server itself leaves out an input that it does not know, without a word; a misspelt parameter would be ignored.
struct CogSchema: Sendable, Hashable {
    /// The names of all inputs.
    let inputs: Set<String>
    /// Those without a default.
    let required: Set<String>

    /// - Parameter document: The server's `/openapi.json`; nil is returned where it describes no inputs.
    init?(_ document: JSONValue) {
        guard let input = document["components"]?["schemas"]?["Input"], input.objectValue != nil else { return nil }
        inputs = Set((input["properties"]?.objectValue ?? [:]).keys)
        required = Set((input["required"]?.arrayValue ?? []).compactMap(\.stringValue))
    }

    /// Holds what is to be sent against the model's inputs.
    ///
    /// - Parameter given: The names of parameters and input ports that are sent.
    /// - Throws: `JobFailure` with `parameters-invalid` that names all that are unknown or missing.
    func check(_ given: some Collection<String>) throws(JobFailure) {
        let unknown = given.filter { !inputs.contains($0) }.sorted()
        let missing = required.subtracting(given).sorted()
        guard !unknown.isEmpty || !missing.isEmpty else { return }
        var problems: [String] = []
        if !unknown.isEmpty {
            problems.append("has no input \(unknown.joined(separator: ", ")) (it has \(Self.list(inputs)))")
        }
        if !missing.isEmpty { problems.append("needs \(missing.joined(separator: ", "))") }
        throw JobFailure(.parametersInvalid, "The model \(problems.joined(separator: " and ")).")
    }

    private static func list(_ names: Set<String>) -> String {
        let shown = names.sorted().prefix(32).joined(separator: ", ")
        return names.count > 32 ? shown + ", …" : shown.isEmpty ? "none" : shown
    }
}
