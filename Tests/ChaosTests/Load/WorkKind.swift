/// What a job of a run is about.
enum WorkKind: String, Sendable {
    /// Nothing for a while, for nothing.
    case noop
    /// Nothing for a while, for credits.
    case errand
    /// Longer than it may take: fails.
    case stumble
    /// A picture: a take.
    case image = "mock-image"
    /// A film: a take.
    case video = "mock-video"
    /// A picture that a Python worker of Celery makes: a take.
    case paint
    /// A picture that a container of its own makes: a take.
    case box
    /// A picture that a Cog model in a container that stays makes: a take.
    case sky
    /// A picture that a ComfyUI server makes: a take.
    case dream
    /// A picture of a film's take.
    case thumbnail
    /// A picture of what is no film: fails.
    case garbage

    var function: String { self == .garbage ? "thumbnail" : rawValue }

    /// The code it fails with by itself; nil where it has no reason to fail.
    var fault: String? {
        switch self {
        case .stumble: "runner-timeout"
        case .garbage: "input-invalid"
        default: nil
        }
    }
}

/// One job as it is submitted.
struct Order: Sendable {
    /// Finds the job again in the database, whatever was answered: its prompt, or its shot where it has none.
    let token: String
    let kind: WorkKind
    let shot: String
    let parameters: [String: Int]
    var inputs: [String: String] = [:]
    var dependsOn: [String] = []
    var priority: Int?
    var maxAttempts: Int?
    var notBefore: String?
    /// Whether what it makes is kept in the cache, without a take.
    var isCached = false
}
