import QueueProtocol

/// A canvas taken apart for comparing: nodes and edges by id, everything else by field.
struct CanvasParts: Sendable {
    /// Nodes or edges.
    struct Items: Sendable {
        /// The ids in their order.
        private(set) var order: [String] = []
        private(set) var byID: [String: JSONValue] = [:]

        init(_ value: JSONValue?, in list: String) throws(StudioError) {
            guard let value else { return }
            guard let items = value.arrayValue else {
                throw .invalid([Finding(pointer: "/" + list, code: "type", detail: "must be a list")])
            }
            order.reserveCapacity(items.count)
            for (index, item) in items.enumerated() {
                guard let id = item["id"]?.stringValue else {
                    throw .invalid([Finding(pointer: "/\(list)/\(index)/id", code: "required", detail: "is required")])
                }
                guard byID.updateValue(item, forKey: id) == nil else {
                    throw .invalid([
                        Finding(
                            pointer: "/\(list)/\(index)/id", code: "duplicate-id",
                            detail: "\(id) is the id of another one too")
                    ])
                }
                order.append(id)
            }
        }

        /// Every id of three versions, sorted.
        func ids(with others: Items...) -> [String] {
            others.reduce(into: Set(byID.keys)) { $0.formUnion($1.byID.keys) }.sorted()
        }
    }

    let document: JSONValue
    let nodes: Items
    let edges: Items
    /// What is beside nodes and edges.
    let fields: [[String]: JSONValue]

    init(_ document: JSONValue) throws(StudioError) {
        guard let members = document.objectValue else {
            throw .invalid([Finding(pointer: "", code: "type", detail: "a canvas is a JSON object")])
        }
        self.document = document
        nodes = try Items(members["nodes"], in: "nodes")
        edges = try Items(members["edges"], in: "edges")
        fields = CanvasFields.ofDocument(members)
    }
}

/// A node, an edge or a document as fields by path, and back again.
enum CanvasFields {
    /// Members that only say where something is drawn.
    static let drawing: Set<[String]> = [
        ["position"], ["positionAbsolute"], ["width"], ["height"], ["zIndex"], ["extent"],
        ["expandParent"], ["viewport"],
    ]
    /// Where a node is drawn: its place, and the group that the place is counted from.
    private static let place: Set<[String]> = drawing.union([["parentId"]])

    static func ofNode(_ node: JSONValue) -> [[String]: JSONValue] {
        var fields: [[String]: JSONValue] = [:]
        for (key, value) in node.objectValue ?? [:] where key != "id" {
            if key == "data" { add(value, ["data"], opening: "parameters", to: &fields) } else { fields[[key]] = value }
        }
        return fields
    }

    static func ofEdge(_ edge: JSONValue) -> [[String]: JSONValue] {
        var fields: [[String]: JSONValue] = [:]
        let members = edge.objectValue ?? [:]
        for (key, value) in members {
            switch key {
            case "id", "sourceHandle", "targetHandle": continue
            // A handle means something on its node only: the two are one field.
            case "source": fields[[key]] = end(value, members["sourceHandle"])
            case "target": fields[[key]] = end(value, members["targetHandle"])
            case "data": add(value, ["data"], opening: nil, to: &fields)
            default: fields[[key]] = value
            }
        }
        return fields
    }

    static func ofDocument(_ members: [String: JSONValue]) -> [[String]: JSONValue] {
        var fields: [[String]: JSONValue] = [:]
        for (key, value) in members where key != "nodes" && key != "edges" { fields[[key]] = value }
        return fields
    }

    /// What a node says apart from where it is drawn.
    static func content(ofNode node: JSONValue) -> [[String]: JSONValue] {
        ofNode(node).filter { !place.contains($0.key) }
    }

    /// An object's members as fields of their own; that it is one is a field too, so that an empty one comes back.
    private static func add(
        _ value: JSONValue, _ path: [String], opening inner: String?, to fields: inout [[String]: JSONValue]
    ) {
        guard let members = value.objectValue else {
            fields[path] = value
            return
        }
        fields[path] = [:]
        for (key, value) in members {
            if key == inner {
                add(value, path + [key], opening: nil, to: &fields)
            } else {
                fields[path + [key]] = value
            }
        }
    }

    private static func end(_ node: JSONValue, _ handle: JSONValue?) -> JSONValue {
        var members = ["node": node]
        members["handle"] = handle
        return .object(members)
    }

    /// Puts fields together.
    ///
    /// - Parameters:
    ///   - fields: A node's, an edge's or a document's.
    ///   - id: The id, where it has one.
    ///   - isEdge: Whether its ends are put back into four members.
    /// - Returns: The object, and the paths at which one side has a value and the other members.
    static func members(
        of fields: [[String]: JSONValue], id: String? = nil, isEdge: Bool = false
    ) -> (value: JSONValue, clashes: [[String]]) {
        var root: [String: JSONValue] = [:]
        var clashes: [[String]] = []
        // Short paths first: an object is there before its members.
        for (path, value) in fields.sorted(by: { $0.key.count < $1.key.count }) {
            if isEdge, path == ["source"] || path == ["target"] {
                root[path[0]] = value["node"]
                root[path[0] + "Handle"] = value["handle"]
            } else if !set(value, at: path[...], in: &root) {
                clashes.append(Array(path.dropLast()))
            }
        }
        if let id { root["id"] = .string(id) }
        return (.object(root), clashes)
    }

    private static func set(_ value: JSONValue, at path: ArraySlice<String>, in members: inout [String: JSONValue])
        -> Bool
    {
        guard let key = path.first else { return false }
        guard path.count > 1 else {
            members[key] = value
            return true
        }
        // Taken out while it is changed: otherwise every parameter would copy all of them.
        var inner: [String: JSONValue] = [:]
        if let there = members[key] {
            guard case .object(let found) = there else { return false }
            inner = found
        }
        members[key] = .null
        let isSet = set(value, at: path.dropFirst(), in: &inner)
        members[key] = .object(inner)
        return isSet
    }

    static func pointer(_ path: [String]) -> String { path.map { "/" + JSONPointer.escaped($0) }.joined() }
}
