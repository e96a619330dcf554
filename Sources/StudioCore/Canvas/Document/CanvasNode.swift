public import QueueProtocol

/// One node of a canvas.
public struct CanvasNode: Sendable, Hashable {
    /// What a node is for.
    public enum Kind: Sendable, Hashable {
        /// Runs a function of the catalogue.
        case function
        /// A file of the project.
        case asset
        /// A finished take.
        case take
        /// A text, a number, a truth value, or a list of them.
        case value
        /// Says where a result is published: a take of a shot, or an export.
        case output
        /// Words for people; drawing only.
        case note
        /// A frame around other nodes; drawing only.
        case group
        /// A type that this program does not know.
        case unknown(String)

        /// The kind that a node's `type` says.
        ///
        /// - Parameter type: The text.
        public init(type: String) {
            self = Self.named[type] ?? .unknown(type)
        }

        /// The node's `type`.
        public var type: String {
            switch self {
            case .function: "function"
            case .asset: "asset"
            case .take: "take"
            case .value: "value"
            case .output: "output"
            case .note: "note"
            case .group: "group"
            case .unknown(let type): type
            }
        }

        /// Whether the node means nothing to a run.
        public var isDrawing: Bool { self == .note || self == .group }

        private static let named: [String: Kind] = [
            "function": .function, "asset": .asset, "take": .take, "value": .value, "output": .output, "note": .note,
            "group": .group,
        ]
    }

    /// The node's id, alone in its canvas.
    public var id: String
    /// What it is for.
    public var kind: Kind
    /// What it says, by its kind: `function` and `parameters`, `path`, `take`, `value`, `shot`, …
    public var data: [String: JSONValue]
    /// The group that it is drawn in; nil for none.
    public var parentID: String?
    /// All other members as they were read, `position` among them.
    public var others: [String: JSONValue]

    /// A node.
    ///
    /// - Parameters:
    ///   - id: The node's id.
    ///   - kind: What it is for.
    ///   - data: What it says.
    ///   - parentID: The group that it is drawn in; default none.
    ///   - others: All other members; default a position at 0, 0.
    public init(
        id: String, kind: Kind, data: [String: JSONValue] = [:], parentID: String? = nil,
        others: [String: JSONValue] = ["position": ["x": 0, "y": 0]]
    ) {
        self.id = id
        self.kind = kind
        self.data = data
        self.parentID = parentID
        self.others = others
    }

    /// The node as JSON.
    public var json: JSONValue {
        var members = others
        members["id"] = .string(id)
        members["type"] = .string(kind.type)
        members["data"] = .object(data)
        if let parentID { members["parentId"] = .string(parentID) }
        return .object(members)
    }
}

/// One edge of a canvas: what one node makes goes into another.
public struct CanvasEdge: Sendable, Hashable {
    /// The edge's id, alone in its canvas.
    public var id: String
    /// The id of the node that it comes from.
    public var source: String
    /// The output that it comes from; nil is the primary one.
    public var sourceHandle: String?
    /// The id of the node that it goes to.
    public var target: String
    /// The input that it goes to, or `parameter:<name>`; nil where the node has one alone.
    public var targetHandle: String?
    /// All other members as they were read, `data` among them.
    public var others: [String: JSONValue]

    /// An edge.
    ///
    /// - Parameters:
    ///   - id: The edge's id.
    ///   - source: The id of the node that it comes from.
    ///   - sourceHandle: The output that it comes from; default the primary one.
    ///   - target: The id of the node that it goes to.
    ///   - targetHandle: The input that it goes to; default the only one.
    ///   - others: All other members; default none.
    public init(
        id: String, source: String, sourceHandle: String? = nil, target: String, targetHandle: String? = nil,
        others: [String: JSONValue] = [:]
    ) {
        self.id = id
        self.source = source
        self.sourceHandle = sourceHandle
        self.target = target
        self.targetHandle = targetHandle
        self.others = others
    }

    /// The edge as JSON.
    public var json: JSONValue {
        var members = others
        members["id"] = .string(id)
        members["source"] = .string(source)
        members["target"] = .string(target)
        if let sourceHandle { members["sourceHandle"] = .string(sourceHandle) }
        if let targetHandle { members["targetHandle"] = .string(targetHandle) }
        return .object(members)
    }
}
