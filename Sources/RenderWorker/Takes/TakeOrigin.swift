import QueueProtocol
import StudioCore
import StudioPostgres

/// What made a take's file beyond what its job says: the runner's own account, and the model files it read. It is noted with
/// the file's digest, so that an attempt that publishes what an earlier one made still knows.
struct TakeOrigin: Sendable, Hashable {
    /// As the take's sidecar says it; empty where nothing is known.
    let document: [String: JSONValue]

    /// - Parameters:
    ///   - result: What the runner made.
    ///   - runner: The runner's kind.
    ///   - models: The model files that it read.
    init(_ result: RunResult, runner: String, models: [ModelFile]) {
        var document = result.provenance
        document["kind"] = .string(runner)
        if !models.isEmpty {
            document["models"] = .array(
                models.map { ["path": .string($0.name), "sha256": .string($0.sha256)] })
        }
        self.document = document
    }

    /// What an earlier attempt has noted.
    init(noted take: TakeRecord?) { document = take?.provenance?["runner"]?.objectValue ?? [:] }
}
