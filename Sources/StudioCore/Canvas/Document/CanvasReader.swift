import QueueProtocol

/// Reads a canvas and gathers what is wrong with its shape.
struct CanvasReader {
    /// As long as an id may be, in bytes.
    static let longestID = 200
    /// As many findings are told; of the rest only that there are more.
    static let mostTold = 200

    private(set) var findings: [Finding] = []
    private let pointer: String

    init(pointer: String) { self.pointer = pointer }

    /// The canvas; of use only where there are no findings.
    mutating func document(_ document: JSONValue) -> CanvasDocument {
        guard var members = document.objectValue else {
            find("", "type", "a canvas is an object with nodes and edges")
            return CanvasDocument()
        }
        let nodes = list(&members, "nodes")
        let edges = list(&members, "edges")
        let viewport = members.removeValue(forKey: "viewport").flatMap { $0.isNull ? nil : $0 }
        if let viewport, viewport.objectValue == nil { find("/viewport", "type", "must be an object") }
        var read = CanvasDocument(viewport: viewport, others: members)
        read.nodes.reserveCapacity(nodes.count)
        read.edges.reserveCapacity(edges.count)
        for (index, value) in nodes.enumerated() {
            if let node = node(value, "/nodes/\(index)") { read.nodes.append(node) }
        }
        for (index, value) in edges.enumerated() {
            if let edge = edge(value, "/edges/\(index)") { read.edges.append(edge) }
        }
        return read
    }

    private mutating func node(_ value: JSONValue, _ place: String) -> CanvasNode? {
        guard var members = members(value, place, "a node is an object with id, type, position and data") else {
            return nil
        }
        let id = id(&members, place)
        let type = text(&members, "type", place, node: id, required: true)
        let parent = text(&members, "parentId", place, node: id)
        let data = members.removeValue(forKey: "data") ?? .null
        if !data.isNull, data.objectValue == nil {
            find(place + "/data", "type", "must be an object", node: id)
        }
        if let position = members["position"] {
            if position["x"]?.doubleValue == nil || position["y"]?.doubleValue == nil {
                find(place + "/position", "type", "must be an object with the numbers x and y", node: id)
            }
        } else {
            find(place + "/position", "required", "is required", node: id)
        }
        guard let id, let type else { return nil }
        return CanvasNode(
            id: id, kind: .init(type: type), data: data.objectValue ?? [:], parentID: parent, others: members)
    }

    private mutating func edge(_ value: JSONValue, _ place: String) -> CanvasEdge? {
        guard var members = members(value, place, "an edge is an object with id, source and target") else { return nil }
        let id = id(&members, place)
        let source = text(&members, "source", place, edge: id, required: true)
        let target = text(&members, "target", place, edge: id, required: true)
        let sourceHandle = text(&members, "sourceHandle", place, edge: id)
        let targetHandle = text(&members, "targetHandle", place, edge: id)
        guard let id, let source, let target else { return nil }
        return CanvasEdge(
            id: id, source: source, sourceHandle: sourceHandle, target: target, targetHandle: targetHandle,
            others: members)
    }

    private mutating func members(_ value: JSONValue, _ place: String, _ rule: String) -> [String: JSONValue]? {
        guard var members = value.objectValue else {
            find(place, "type", rule)
            return nil
        }
        for name in CanvasDocument.transient { members[name] = nil }
        return members
    }

    private mutating func list(_ members: inout [String: JSONValue], _ name: String) -> [JSONValue] {
        guard let value = members.removeValue(forKey: name), !value.isNull else { return [] }
        if value.arrayValue == nil { find("/" + name, "type", "must be a list") }
        return value.arrayValue ?? []
    }

    private mutating func id(_ members: inout [String: JSONValue], _ place: String) -> String? {
        guard let id = text(&members, "id", place, required: true) else { return nil }
        guard !id.isEmpty, id.utf8.count <= Self.longestID else {
            find(place + "/id", "length", "must have 1 to \(Self.longestID) bytes")
            return nil
        }
        return id
    }

    /// A text member; null is none.
    private mutating func text(
        _ members: inout [String: JSONValue], _ name: String, _ place: String, node: String? = nil,
        edge: String? = nil, required: Bool = false
    ) -> String? {
        guard let value = members.removeValue(forKey: name), !value.isNull else {
            if required { find("\(place)/\(name)", "required", "is required", node: node, edge: edge) }
            return nil
        }
        if value.stringValue == nil { find("\(place)/\(name)", "type", "must be text", node: node, edge: edge) }
        return value.stringValue
    }

    private mutating func find(
        _ place: String, _ code: String, _ detail: String, node: String? = nil, edge: String? = nil
    ) {
        guard findings.count <= Self.mostTold else { return }
        guard findings.count < Self.mostTold else {
            findings.append(Finding(pointer: pointer, code: "more", detail: "and more"))
            return
        }
        findings.append(Finding(pointer: pointer + place, code: code, detail: detail, node: node, edge: edge))
    }
}
