import QueueProtocol
import StudioCore

/// What a prediction that did not succeed means for its job.
enum CogFailure {
    /// The longest message that is kept.
    private static let longest = 1000
    /// What the server says where the process that holds the model has died.
    static let crash = "Worker crashed"

    /// - Parameter error: The prediction's `error`.
    /// - Returns: The failure; not of this worker's making.
    static func failure(_ error: String) -> JobFailure {
        var text = Substring(error)
        for prefix in ["Prediction failed: ", "Generator iteration error: "] {
            while text.hasPrefix(prefix) { text = text.dropFirst(prefix.count) }
        }
        let message = text.isEmpty ? "The model failed without a word." : String(text.prefix(longest))
        var failure = JobFailure(code(of: message), message)
        // A model that fails is no reason to take functions from this worker.
        failure.isElsewhere = true
        return failure
    }

    private static func code(of message: String) -> FailureCode {
        // Without a schema of its own, the server calls the model with whatever it is given.
        if message.hasPrefix("Input validation error") || message.contains("got an unexpected keyword argument")
            || message.contains("required positional argument") || message.contains("required keyword-only argument")
        {
            return .parametersInvalid
        }
        // PyTorch's is `OutOfMemoryError: CUDA out of memory. …`, of any Python `MemoryError`.
        if message.hasPrefix("MemoryError") || message.contains("OutOfMemoryError")
            || message.contains("CUDA out of memory")
        {
            return .outOfMemory
        }
        if message.hasPrefix("Failed to upload output") { return .outputInvalid }
        if message.contains("No space left on device") { return .storageFull }
        return .runnerFailed
    }

    /// What an answer means that refuses the inputs: status 422 with a list of what is wrong.
    ///
    /// - Parameter document: The answer's body.
    /// - Returns: The failure.
    static func refusal(_ document: JSONValue) -> JobFailure {
        let findings = (document["detail"]?.arrayValue ?? []).prefix(16).map { finding in
            let place = (finding["loc"]?.arrayValue ?? []).dropFirst(2).compactMap(\.stringValue).joined(separator: ".")
            return "\(place): \(finding["msg"]?.stringValue ?? "is not accepted")"
        }
        let text = findings.isEmpty ? "it does not say why" : findings.joined(separator: "; ")
        return JobFailure(.parametersInvalid, "The model does not accept its inputs: \(text.prefix(longest)).")
    }
}
