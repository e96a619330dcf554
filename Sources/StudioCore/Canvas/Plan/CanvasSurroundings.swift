public import QueueProtocol

/// A file that an `asset` or `take` node names, as whoever can look found it.
public struct CanvasFile: Sendable, Hashable {
    /// Its path below the project's folder; of a take, that of its media.
    public var path: String
    /// SHA-256 of its bytes in hexadecimal.
    public var sha256: String
    /// How many bytes it has; nil where that was not looked at.
    public var bytes: Int64?
    /// What it is, where a probe has said so; nil goes by the path's extension.
    public var kind: FunctionManifest.Port.Kind?

    /// A file.
    ///
    /// - Parameters:
    ///   - path: Its path below the project's folder.
    ///   - sha256: SHA-256 of its bytes in hexadecimal.
    ///   - bytes: How many bytes it has; default not looked at.
    ///   - kind: What a probe says that it is; default by the path's extension.
    public init(path: String, sha256: String, bytes: Int64? = nil, kind: FunctionManifest.Port.Kind? = nil) {
        self.path = path
        self.sha256 = sha256
        self.bytes = bytes
        self.kind = kind
    }
}

/// Files and takes that a canvas names: what has to be looked up before it can be compiled.
public struct CanvasNeeds: Sendable, Hashable {
    /// Paths of files of the project, as the document has them, not checked, sorted and each once.
    public let files: [String]
    /// Takes, sorted and each once.
    public let takes: [TakeID]
    /// Names of functions, sorted and each once.
    public let functions: [String]

    /// What a canvas names.
    ///
    /// - Parameter document: The canvas.
    public init(of document: CanvasDocument) {
        var files: Set<String> = []
        var takes: Set<TakeID> = []
        var functions: Set<String> = []
        for node in document.nodes {
            switch node.kind {
            case .asset: for path in CanvasNodeText.list(node.data["path"]) { files.insert(path) }
            case .take: takes.formUnion(CanvasNodeText.list(node.data["take"]).compactMap { TakeID($0) })
            case .function:
                if let name = node.data["function"]?.stringValue { functions.insert(name) }
                if node.data["workflow"] != nil { functions.insert(CanvasWorkflow.functionName) }
            default: break
            }
        }
        self.files = files.sorted()
        self.takes = takes.sorted()
        self.functions = functions.sorted()
    }

    /// How many files and takes a canvas names, each as often as it does.
    ///
    /// - Parameter document: The canvas.
    /// - Returns: Their number.
    public static func count(in document: CanvasDocument) -> Int {
        document.nodes.reduce(0) { sum, node in
            switch node.kind {
            case .asset: sum + (node.data["path"]?.arrayValue?.count ?? 1)
            case .take: sum + (node.data["take"]?.arrayValue?.count ?? 1)
            default: sum
            }
        }
    }
}

/// The texts that a member of a node's data holds: one, or a list.
enum CanvasNodeText {
    static func list(_ value: JSONValue?) -> [String] {
        value?.stringValue.map { [$0] } ?? value?.arrayValue?.compactMap(\.stringValue) ?? []
    }
}

/// How much one canvas may be. What is more is refused before anything is worked out.
public struct CanvasLimits: Sendable, Hashable {
    /// The most nodes; default 20,000.
    public var nodes: Int
    /// The most edges; default 100,000.
    public var edges: Int
    /// The most jobs that one canvas becomes; default 20,000.
    public var jobs: Int
    /// The most inputs that all jobs of one canvas have together; default 500,000. As many values its lists may have.
    public var inputs: Int
    /// The most files and takes that the nodes of one canvas name together; default 100,000.
    public var files: Int
    /// How many bytes the parameters of all jobs of one canvas may be together, as JSON; default 64 MiB. A job keeps its
    /// parameters, so that a page of text which many nodes take is there as many times.
    public var parameterBytes: Int
    /// How many bytes the functions of all jobs of one canvas may be together, as their keys name them; default 1 GiB. They
    /// are read for each job and not kept.
    public var functionBytes: Int

    /// Limits.
    ///
    /// - Parameters:
    ///   - nodes: The most nodes.
    ///   - edges: The most edges.
    ///   - jobs: The most jobs.
    ///   - inputs: The most inputs of all jobs.
    ///   - files: The most files and takes.
    ///   - parameterBytes: The most bytes of all jobs' parameters.
    ///   - functionBytes: The most bytes of all jobs' functions.
    public init(
        nodes: Int = 20_000, edges: Int = 100_000, jobs: Int = 20_000, inputs: Int = 500_000, files: Int = 100_000,
        parameterBytes: Int = 64 << 20, functionBytes: Int = 1 << 30
    ) {
        self.nodes = nodes
        self.edges = edges
        self.jobs = jobs
        self.inputs = inputs
        self.files = files
        self.parameterBytes = parameterBytes
        self.functionBytes = functionBytes
    }
}

/// All that a canvas is compiled with besides itself.
public struct CanvasSurroundings: Sendable {
    /// The functions there are.
    public var functions: CanvasFunctions
    /// The files that are there, by the path that the document has; what is not here counts as missing.
    public var files: [String: CanvasFile]
    /// The takes that are there; what is not here counts as missing.
    public var takes: [TakeID: CanvasFile]
    /// What is wrong with a path or a take that cannot be used, by the text that the document has, in place of
    /// "there is no such file".
    public var faults: [String: Finding]
    /// The tier of nodes that do not say.
    public var quality: QualityTier
    /// How much a canvas may be.
    public var limits: CanvasLimits

    /// Surroundings.
    ///
    /// - Parameters:
    ///   - functions: The functions there are.
    ///   - files: The files that are there, by path; default none.
    ///   - takes: The takes that are there; default none.
    ///   - faults: What is wrong with paths and takes that cannot be used; default nothing.
    ///   - quality: The tier of nodes that do not say; default `standard`.
    ///   - limits: How much a canvas may be.
    public init(
        functions: CanvasFunctions, files: [String: CanvasFile] = [:], takes: [TakeID: CanvasFile] = [:],
        faults: [String: Finding] = [:], quality: QualityTier = .standard, limits: CanvasLimits = CanvasLimits()
    ) {
        self.functions = functions
        self.files = files
        self.takes = takes
        self.faults = faults
        self.quality = quality
        self.limits = limits
    }
}
