public import QueueProtocol

/// What of a canvas is asked for.
public struct CanvasGoal: Sendable, Hashable {
    /// The ids of the nodes whose results are wanted, a group's standing for all nodes in it; nil wants all that nothing
    /// else is made of: outputs, and functions whose result goes nowhere.
    public var targets: [String]?
    /// The id of a node that is made again, and all that is made of it, whether there is a result or not; without
    /// ``targets`` nothing else is asked for.
    public var from: String?
    /// Whether what ``from`` names is made again; otherwise it only says what is asked for.
    public var isForced: Bool

    /// A goal.
    ///
    /// - Parameters:
    ///   - targets: The nodes whose results are wanted; default all that nothing else is made of.
    ///   - from: The node that is made again with all that is made of it; default none.
    ///   - isForced: Whether that is made again; default it is.
    public init(targets: [String]? = nil, from: String? = nil, isForced: Bool = true) {
        self.targets = targets
        self.from = from
        self.isForced = isForced
    }
}

/// The jobs that a canvas becomes, in an order in which each stands behind all that it needs.
///
/// The same canvas with the same functions and files has the same keys, on every machine and at any time.
public struct CanvasPlan: Sendable {
    /// A node's place among the jobs: the node, and which of its jobs where it is fanned out.
    public struct Place: Sendable, Hashable {
        /// The node's id.
        public let node: String
        /// Which of the node's jobs, from 0; nil where it has one alone.
        public let index: Int?
    }

    /// What goes into a port.
    public enum Input: Sendable, Hashable {
        /// A file of the project, by its path, with the SHA-256 of its bytes.
        case file(path: String, sha256: String)
        /// A take, with the SHA-256 of its media.
        case take(TakeID, sha256: String)
        /// What another job of the plan makes: the job's number in ``CanvasPlan/jobs``, and which of its outputs.
        case result(job: Int, port: String)
    }

    /// One run of a function.
    public struct Job: Sendable {
        /// Where in the canvas it stands; several places where nodes are the same in all that matters. The first names it.
        public internal(set) var places: [Place]
        /// The function.
        public let function: CanvasFunction
        /// The effective parameters, checked, with the seed that it was given where the node has none.
        public let parameters: [String: JSONValue]
        /// The tier.
        public let quality: QualityTier
        /// What goes into each port, in its order; a port that takes a list may have several.
        public let inputs: [String: [Input]]
        /// Names the result: equal keys, equal results. SHA-256 in hexadecimal.
        public let key: String
        /// The shot that it is shown under; nil for none.
        public let shot: ShotName?
        /// The jobs of the plan that it waits for, by number, sorted and each once.
        public let dependsOn: [Int]
        /// What it costs if it is made.
        public let credits: Int
        /// Whether it is wanted for itself, and not only because something else needs it.
        public internal(set) var isGoal: Bool
        /// Whether it is made also where there is a result.
        public internal(set) var isForced: Bool

        /// The place that names it.
        public var place: Place { places[0] }
        /// Whether its result is a file that can be kept and used again; not so of a function without outputs, which is
        /// run for what it does.
        public var isKept: Bool { function.manifest.primaryOutput != nil }
    }

    /// Where a result goes.
    public enum Publication: Sendable, Hashable {
        /// It becomes a take of the shot.
        case take(ShotName, version: Int)
        /// It becomes the file of that name, without a folder and with its extension, of the exports.
        case export(fileName: String, replaces: Bool)
    }

    /// One result that is published under a name of its own.
    public struct Output: Sendable {
        /// The output node, and which of its results where it gets a list.
        public let place: Place
        /// What is published.
        public let source: Input
        /// What kind of file it is.
        public let kind: FunctionManifest.Port.Kind
        /// The file's extension without a dot.
        public let fileExtension: String
        /// Where it goes.
        public let publication: Publication
        /// Names the publication in its project: of the source and of where it goes. SHA-256 in hexadecimal.
        public let key: String
        /// Whether it is published also where it has been.
        public let isForced: Bool
    }

    /// The jobs, each behind all that it depends on.
    public let jobs: [Job]
    /// What is published.
    public let outputs: [Output]
    /// What is worth knowing; no errors.
    public let findings: CanvasFindings
    /// The functions of the jobs, by name and each once: with them and the document the same plan can be made at any time.
    public let functions: [CanvasFunction]

    /// What all jobs cost, where nothing is there yet.
    public var credits: Int { Self.sum(jobs.lazy.map(\.credits)) }

    /// What prices come to together; more than a number can say is as much as it can.
    ///
    /// - Parameter credits: The prices, none below 0.
    /// - Returns: Their sum.
    public static func sum(_ credits: some Sequence<Int>) -> Int {
        credits.reduce(0) { $0.addingReportingOverflow($1).overflow ? .max : $0 + $1 }
    }
}
