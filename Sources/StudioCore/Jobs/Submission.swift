public import FoundationEssentials
public import QueueProtocol

/// What an input of a job names.
public enum InputReference: Sendable, Hashable {
    /// A file of the project, by its path below the project's folder; not checked here.
    case file(String)
    /// A finished take.
    case take(TakeID)
    /// What another job of the project will make: its take or primary file, or the file of one of its outputs; implies a
    /// dependency.
    case job(JobID, port: String?)

    /// Reads the text form: `take:<id>`, `job:<id>`, `job:<id>#<port>`, or a path.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - pointer: Where it came from, for the finding.
    /// - Throws: `StudioError` with code `invalid` where an id is none.
    public init(_ text: String, pointer: String) throws(StudioError) {
        func refuse(_ what: String) -> StudioError {
            .invalid([Finding(pointer: pointer, code: "input", detail: "after \(what) comes the id, a UUID")])
        }
        if text.hasPrefix("take:") {
            guard let id = TakeID(String(text.dropFirst(5))) else { throw refuse("take:") }
            self = .take(id)
        } else if text.hasPrefix("job:") {
            let parts = text.dropFirst(4).split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            guard let id = JobID(String(parts[0])), parts.count == 1 || !parts[1].isEmpty else {
                throw refuse("job:")
            }
            self = .job(id, port: parts.count == 1 ? nil : String(parts[1]))
        } else {
            self = .file(text)
        }
    }

    /// The text form.
    public var text: String {
        switch self {
        case .file(let path): path
        case .take(let id): "take:\(id)"
        case .job(let id, let port): "job:\(id)" + (port.map { "#" + $0 } ?? "")
        }
    }
}

/// A request to run a function, as `POST …/jobs` and `studio.submit` bring it, checked for its shape alone.
public struct Submission: Sendable, Hashable {
    /// The shot the take belongs to; nil only where the destination is no take.
    public var shot: ShotName?
    /// The shot's version, 1 to 9999; default 1.
    public var version: Int
    /// The function's name.
    public var function: String
    /// Where the files go; a path in it is still without its extension, which follows from the function. Default a take.
    public var destination: JobDestination
    /// The parameters the user sent.
    public var parameters: [String: JSONValue]
    /// The inputs by port; a port that takes a list may have several.
    public var inputs: [String: [InputReference]]
    /// The quality asked for; nil takes the project's.
    public var quality: QualityTier?
    /// 0 to 9, 9 most urgent; default 5.
    public var priority: Int
    /// How often it is tried; nil takes the function's.
    public var maxAttempts: Int?
    /// How long an attempt may take; nil takes the function's.
    public var timeoutSeconds: Int?
    /// Not to be started before; nil at once.
    public var notBefore: Date?
    /// Every which frame a preview makes, 2 to 1000, while the whole waits for its approval; nil makes the whole at once.
    public var sparse: Int?
    /// Whether a film is made in chunks by several jobs; nil leaves it to the studio.
    public var split: ChunkPlan.Mode?
    /// Jobs of the project that must have succeeded first.
    public var dependsOn: [JobID]

    /// Reads a body and gathers everything that is wrong with its shape.
    ///
    /// - Parameter body: The body.
    /// - Throws: `StudioError` with code `invalid` and all findings.
    public init(_ body: JSONValue) throws(StudioError) {
        var reader = SubmissionReader(body)
        let asked = reader.destination()
        destination = asked ?? .take
        let shot = reader.shot(isRequired: asked == .take)
        let function = reader.text("function", required: true)
        version = reader.whole("version", in: 1...9999) ?? 1
        parameters = reader.object("parameters")
        inputs = reader.inputs()
        quality = reader.quality()
        priority = reader.whole("priority", in: 0...9) ?? 5
        maxAttempts = reader.whole("maxAttempts", in: 1...100)
        timeoutSeconds = reader.whole("timeoutSeconds", in: 1...604_800)
        notBefore = reader.time("notBefore")
        sparse = reader.whole("sparse", in: 2...1000)
        split = reader.split()
        dependsOn = reader.dependencies()
        reader.refuseUnknown([
            "shot", "version", "function", "parameters", "inputs", "quality", "priority", "maxAttempts",
            "timeoutSeconds", "notBefore", "sparse", "split", "dependsOn", "destination",
        ])
        guard reader.findings.isEmpty, let function else { throw .invalid(reader.findings) }
        self.shot = shot
        self.function = function
    }

    /// A submission of the program's own, whose files do not become a take.
    ///
    /// - Parameters:
    ///   - function: The function's name.
    ///   - parameters: The parameters; default none of its own.
    ///   - inputs: The inputs by port; default none.
    ///   - destination: Where the files go; a path in it is without its extension, which follows from the function.
    ///   - priority: 0 to 9, 9 most urgent; default 5.
    public init(
        function: String, parameters: [String: JSONValue] = [:], inputs: [String: [InputReference]] = [:],
        destination: JobDestination, priority: Int = 5
    ) {
        self.function = function
        self.parameters = parameters
        self.inputs = inputs
        self.destination = destination
        self.priority = priority
        version = 1
        dependsOn = []
    }

    /// Every job this one must wait for: the named ones and those whose takes it reads.
    public var allDependencies: Set<JobID> {
        var all = Set(dependsOn)
        for case .job(let id, _) in inputs.values.joined() { all.insert(id) }
        return all
    }
}
