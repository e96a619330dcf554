import FoundationEssentials
import QueueProtocol
import StudioCore

/// What a container finds in `/studio/request.json`.
enum BatchRequest {
    /// The document.
    static func document(_ context: RunContext) -> JSONValue {
        let seconds = context.timeout.components.seconds
        var outputs: [String: JSONValue] = [:]
        for port in context.function.outputs {
            outputs[port.name] = .string("\(BatchFiles.root)/outputs/\(port.name).\(port.fileExtension ?? "")")
        }
        return [
            "job": .string("\(context.key.job)"), "attempt": .integer(Int64(context.key.attempt)),
            "function": .string(context.function.name), "version": .string(context.function.version),
            "parameters": .object(context.parameters), "quality": .string(context.quality.rawValue),
            "seed": .unsigned(context.seed), "inputs": .object(inputs(context)),
            "models": .object(
                Dictionary(
                    context.models.map { ($0.name, .string("\(BatchFiles.root)/models/\($0.name)")) },
                    uniquingKeysWith: { $1 })),
            "outputs": .object(outputs), "timeoutSeconds": .integer(seconds),
            "deadline": .string(Timestamp.text(Date(timeIntervalSinceNow: Double(seconds)))),
        ]
    }

    /// A port that takes a list has a list; every other has a path.
    private static func inputs(_ context: RunContext) -> [String: JSONValue] {
        var inputs: [String: JSONValue] = [:]
        for port in context.function.inputs {
            let paths = (context.inputs[port.name] ?? []).enumerated().map { number, path in
                JSONValue.string("\(BatchFiles.root)/inputs/\(port.name)/\(BatchFiles.name(number, of: path))")
            }
            if port.isList {
                inputs[port.name] = .array(paths)
            } else if let path = paths.first {
                inputs[port.name] = path
            }
        }
        return inputs
    }
}
