public import FoundationEssentials
public import QueueProtocol

/// A node or an edge that differs between two versions of a canvas, or what is beside them.
public struct CanvasChange: Sendable, Hashable, Encodable {
    /// What became of it.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// It is new.
        case added
        /// It has other fields.
        case changed
        /// It is gone.
        case removed
    }

    /// The node, where it is one.
    public let node: String?
    /// The edge, where it is one.
    public let edge: String?
    /// What became of it.
    public let kind: Kind
    /// The fields that differ, as JSON pointers below the node, the edge or the document, sorted; empty for what is new or
    /// gone. `/nodes` and `/edges` say that only their order is another.
    public let fields: [String]
    /// Who changed it last; nil where that is not known.
    public var by: String?
    /// When that was saved; nil where that is not known.
    public var at: Date?

    init(node: String? = nil, edge: String? = nil, kind: Kind, fields: [String] = []) {
        self.node = node
        self.edge = edge
        self.kind = kind
        self.fields = fields
    }

    /// Compares two versions.
    ///
    /// - Parameters:
    ///   - old: The earlier one.
    ///   - new: The later one.
    /// - Returns: What differs: first nodes, then edges, each by id, then what is beside them. Empty for equal versions.
    /// - Throws: `StudioError` with code `invalid` where one of them is no canvas, or has an id twice.
    public static func between(_ old: JSONValue, _ new: JSONValue) throws(StudioError) -> [CanvasChange] {
        guard old != new else { return [] }
        let (before, after) = (try CanvasParts(old), try CanvasParts(new))
        var changes: [CanvasChange] = []
        for id in before.nodes.ids(with: after.nodes) {
            let (left, right) = (before.nodes.byID[id], after.nodes.byID[id])
            guard left != right else { continue }
            let fields = differing(left.map(CanvasFields.ofNode), right.map(CanvasFields.ofNode))
            changes.append(CanvasChange(node: id, kind: kind(left, right), fields: fields))
        }
        for id in before.edges.ids(with: after.edges) {
            let (left, right) = (before.edges.byID[id], after.edges.byID[id])
            guard left != right else { continue }
            let fields = differing(left.map(CanvasFields.ofEdge), right.map(CanvasFields.ofEdge))
            changes.append(CanvasChange(edge: id, kind: kind(left, right), fields: fields))
        }
        var beside = differing(before.fields, after.fields)
        if isReordered(before.nodes, after.nodes) { beside.append("/nodes") }
        if isReordered(before.edges, after.edges) { beside.append("/edges") }
        if !beside.isEmpty { changes.append(CanvasChange(kind: .changed, fields: beside.sorted())) }
        return changes
    }

    /// Says of each change who made it last.
    ///
    /// - Parameters:
    ///   - changes: What differs between the first and the last of some versions.
    ///   - steps: What differs between each of them and the next, in order, with who saved it and when.
    /// - Returns: The changes, each with the newest step that touched the same thing.
    public static func attributing(
        _ changes: [CanvasChange], to steps: [(changes: [CanvasChange], by: String?, at: Date?)]
    ) -> [CanvasChange] {
        var last: [Thing: (by: String?, at: Date?)] = [:]
        for step in steps {
            for change in step.changes { last[change.thing] = (step.by, step.at) }
        }
        return changes.map { change in
            guard let found = last[change.thing] else { return change }
            var change = change
            change.by = found.by
            change.at = found.at
            return change
        }
    }

    private struct Thing: Hashable {
        let node: String?
        let edge: String?
    }

    private var thing: Thing { Thing(node: node, edge: edge) }

    private static func kind(_ old: JSONValue?, _ new: JSONValue?) -> Kind {
        old == nil ? .added : new == nil ? .removed : .changed
    }

    private static func differing(_ old: [[String]: JSONValue]?, _ new: [[String]: JSONValue]?) -> [String] {
        guard let old, let new else { return [] }
        return Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.map(CanvasFields.pointer).sorted()
    }

    private static func isReordered(_ old: CanvasParts.Items, _ new: CanvasParts.Items) -> Bool {
        old.order.filter { new.byID[$0] != nil } != new.order.filter { old.byID[$0] != nil }
    }
}
