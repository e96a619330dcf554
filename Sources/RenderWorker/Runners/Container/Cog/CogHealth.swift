import QueueProtocol

/// What a Cog server says of itself: `GET /health-check`.
struct CogHealth: Sendable, Hashable {
    /// In what condition it is.
    enum Status: String, Sendable, Hashable, CaseIterable {
        /// The model is being loaded.
        case starting = "STARTING"
        /// It waits for a prediction.
        case ready = "READY"
        /// It works on as many predictions as it can at once.
        case busy = "BUSY"
        /// The model could not be loaded, and will not be.
        case setupFailed = "SETUP_FAILED"
        /// It cannot go on.
        case defunct = "DEFUNCT"
        /// The model's own check says no; also where the process that holds the model has died.
        case unhealthy = "UNHEALTHY"
        /// A word that this version does not know.
        case unknown = "UNKNOWN"
    }

    /// In what condition it is.
    var status: Status
    /// What was written while the model was loaded; empty where the server does not say.
    var setupLog = ""
    /// Why the model's own check says no.
    var complaint: String?
    /// The server's version; nil where it does not say.
    var version: String?

    init(status: Status) { self.status = status }

    /// - Parameter document: The answer's body; nil is returned where it is none of a Cog server's.
    init?(_ document: JSONValue) {
        guard let word = document["status"]?.stringValue else { return nil }
        status = Status(rawValue: word) ?? .unknown
        setupLog = document["setup"]?["logs"]?.stringValue ?? ""
        complaint = document["user_healthcheck_error"]?.stringValue
        let versions = document["version"]
        version = (versions?["coglet"] ?? versions?["cog"] ?? versions?["python_sdk"])?.stringValue
    }
}
