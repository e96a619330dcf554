import QueueProtocol

/// A prediction as a Cog server tells of it, running or over.
struct CogPrediction: Sendable, Hashable {
    /// How far it is.
    enum Status: String, Sendable, Hashable {
        case starting, processing, succeeded, failed, canceled
    }

    /// How far it is.
    var status: Status
    /// What the model returned.
    var output: JSONValue
    /// Why it failed; empty where it did not.
    var error: String
    /// What the model wrote so far. The server leaves it out where a prediction failed or was cancelled.
    var logs: String
    /// What the model measured, and `predict_time` in seconds once it is over.
    var metrics: [String: JSONValue]

    /// Whether nothing more will come of it.
    var isOver: Bool { status != .starting && status != .processing }

    /// - Parameter document: What the server sent; nil is returned where it is no prediction.
    init?(_ document: JSONValue) {
        guard let status = document["status"]?.stringValue.flatMap(Status.init(rawValue:)) else { return nil }
        self.status = status
        output = document["output"] ?? .null
        error = document["error"]?.stringValue ?? ""
        logs = document["logs"]?.stringValue ?? ""
        metrics = document["metrics"]?.objectValue ?? [:]
    }
}
