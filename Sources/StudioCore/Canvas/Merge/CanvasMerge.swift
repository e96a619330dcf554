public import QueueProtocol

/// Brings two versions of a canvas together that were made from the same third one.
///
/// Nodes are told apart by id, and each by its fields: every member, every member of `data`, and every parameter is one.
/// What only one side changed is taken from it; what both changed alike is theirs as well as yours; what both changed
/// otherwise is a conflict, unless it only says where something is drawn: then the later save wins, which is yours. A node's
/// place and its group go together, since the one is counted from the other.
///
/// To delete a node against moving it deletes it; against any other edit it is a conflict. Edges go with the nodes that a
/// side deleted. Of a connection that both sides drew, one edge stays. A node whose group is gone stays where it was seen.
///
/// `merge(base, a, base)` is `a`, `merge(base, base, b)` is `b`, and `merge(base, a, a)` is `a`, to the last member. Several
/// versions of one base, merged in any order, end in the same document, where they end in one and leave places and the order
/// of what was there alone.
public struct CanvasMerge: Sendable {
    /// What came of it.
    public enum Outcome: Sendable, Hashable {
        /// The document that has both sides' changes.
        case merged(JSONValue)
        /// What both sides changed, each in its own way; at least one.
        case conflicting([CanvasConflict])
    }

    let base: CanvasParts
    let theirs: CanvasParts
    let yours: CanvasParts

    /// Merges.
    ///
    /// - Parameters:
    ///   - base: The version that both sides began with.
    ///   - theirs: The version that was saved meanwhile.
    ///   - yours: The version that is saved now.
    /// - Returns: The document, or the conflicts.
    /// - Throws: `StudioError` with code `invalid` where one of the three is no canvas, or has an id twice.
    public static func merge(
        base: JSONValue, theirs: JSONValue, yours: JSONValue
    ) throws(StudioError) -> Outcome {
        if theirs == yours || yours == base { return .merged(theirs) }
        if theirs == base { return .merged(yours) }
        return try CanvasMerge(
            base: CanvasParts(base), theirs: CanvasParts(theirs), yours: CanvasParts(yours)
        ).outcome()
    }

    private func outcome() -> Outcome {
        var conflicts: [CanvasConflict] = []
        var nodes = mergedNodes(&conflicts)
        let gone = Set(base.nodes.byID.keys.filter { nodes[$0] == nil })
        keepInSight(&nodes, without: gone)
        breakCircles(of: &nodes)
        let edges = mergedEdges(without: gone, &conflicts)
        let others = FieldMerge(base: base.fields, theirs: theirs.fields, yours: yours.fields)
        conflicts += others.conflicts(node: nil, edge: nil)
        let (members, clashes) = CanvasFields.members(of: others.merged)
        conflicts += clashes.map { conflict(at: $0, nil, nil) }
        guard conflicts.isEmpty, var document = members.objectValue else { return .conflicting(conflicts) }
        let order = Self.order(base.nodes.order, theirs.nodes.order, yours.nodes.order, of: Set(nodes.keys))
        document["nodes"] = .array(Self.parentsFirst(order, nodes).compactMap { nodes[$0] })
        document["edges"] = .array(
            Self.order(base.edges.order, theirs.edges.order, yours.edges.order, of: Set(edges.keys))
                .compactMap { edges[$0] })
        return .merged(.object(document))
    }

    // MARK: Nodes

    private func mergedNodes(_ conflicts: inout [CanvasConflict]) -> [String: JSONValue] {
        var merged: [String: JSONValue] = [:]
        for id in base.nodes.ids(with: theirs.nodes, yours.nodes) {
            switch (base.nodes.byID[id], theirs.nodes.byID[id], yours.nodes.byID[id]) {
            case (_, let left?, let right?) where left == right: merged[id] = left
            case (let old, let left?, let right?):
                var fields = FieldMerge(
                    base: old.map(CanvasFields.ofNode) ?? [:], theirs: CanvasFields.ofNode(left),
                    yours: CanvasFields.ofNode(right))
                fields.keepPlaceWithGroup()
                let (node, clashes) = CanvasFields.members(of: fields.merged, id: id)
                conflicts += fields.conflicts(node: id, edge: nil)
                conflicts += clashes.map { conflict(at: $0, id, nil) }
                merged[id] = node
            case (let old?, let left, let right):
                guard let kept = left ?? right else { continue }
                // Only its place was changed by the side that has it still: the other one's deletion stands.
                if CanvasFields.content(ofNode: old) == CanvasFields.content(ofNode: kept) { continue }
                conflicts.append(CanvasConflict(node: id, field: "", base: old, theirs: left, yours: right))
                merged[id] = kept
            case (nil, let left, let right): merged[id] = left ?? right
            }
        }
        return merged
    }

    /// Gives nodes whose group is gone to what is left above it, at the place where they are seen.
    private func keepInSight(_ nodes: inout [String: JSONValue], without gone: Set<String>) {
        for (id, node) in nodes {
            guard let parent = node["parentId"]?.stringValue, gone.contains(parent) else { continue }
            // One side has deleted the group; the other knows where it lay.
            let side = theirs.nodes.byID[parent] == nil ? yours : theirs
            var members = node.objectValue ?? [:]
            var place = members["position"]
            var above: String? = parent
            var passed: Set<String> = []
            while let group = above, gone.contains(group), passed.insert(group).inserted {
                let lay = side.nodes.byID[group] ?? base.nodes.byID[group]
                place = Self.sum(place, lay?["position"])
                above = lay?["parentId"]?.stringValue
            }
            members["position"] = place
            members["parentId"] = above.flatMap { nodes[$0] == nil ? nil : .string($0) }
            nodes[id] = .object(members)
        }
    }

    private static func sum(_ one: JSONValue?, _ other: JSONValue?) -> JSONValue? {
        guard var members = one?.objectValue, let other else { return one }
        for axis in ["x", "y"] {
            guard let first = members[axis]?.doubleValue, let second = other[axis]?.doubleValue else { continue }
            let sum = first + second
            // Two places may be so far out that no number says where both together are.
            guard sum.isFinite else { continue }
            members[axis] = Int64(exactly: sum).map { .integer($0) } ?? .number(sum)
        }
        return .object(members)
    }

    /// Where both sides put groups into each other, the groups that you moved go back to where theirs has them.
    private func breakCircles(of nodes: inout [String: JSONValue]) {
        var sound: Set<String> = []
        for id in nodes.keys.sorted() {
            var passed: Set<String> = []
            var next: String? = id
            while let node = next, !sound.contains(node) {
                guard passed.insert(node).inserted else {
                    putBack(circleFrom: node, &nodes)
                    break
                }
                next = nodes[node]?["parentId"]?.stringValue
            }
            sound.formUnion(passed)
        }
    }

    private func putBack(circleFrom start: String, _ nodes: inout [String: JSONValue]) {
        var id = start
        repeat {
            guard let node = nodes[id], let next = node["parentId"]?.stringValue else { return }
            if let left = theirs.nodes.byID[id], left["parentId"] != node["parentId"] {
                var members = node.objectValue ?? [:]
                members["parentId"] = left["parentId"]
                members["position"] = left["position"]
                nodes[id] = .object(members)
                return
            }
            id = next
        } while id != start
    }

    func conflict(at path: [String], _ node: String?, _ edge: String?) -> CanvasConflict {
        func value(_ parts: CanvasParts) -> JSONValue? {
            var value: JSONValue? = parts.document
            if let node { value = parts.nodes.byID[node] } else if let edge { value = parts.edges.byID[edge] }
            for key in path { value = value?[key] }
            return value
        }
        return CanvasConflict(
            node: node, edge: edge, field: CanvasFields.pointer(path), base: value(base), theirs: value(theirs),
            yours: value(yours))
    }
}

/// A thing that two people changed, each in their own way.
public struct CanvasConflict: Sendable, Hashable, Encodable {
    /// The node, where it is one's.
    public let node: String?
    /// The edge, where it is one's.
    public let edge: String?
    /// Which field, as a JSON pointer below the node, the edge or the document; empty for the whole of it, which one side
    /// deleted.
    public let field: String
    /// What it was; nil where it was not there.
    public let base: JSONValue?
    /// What the version says that was saved meanwhile; nil where it has none.
    public let theirs: JSONValue?
    /// What the version says that is saved now; nil where it has none.
    public let yours: JSONValue?

    init(
        node: String? = nil, edge: String? = nil, field: String, base: JSONValue?, theirs: JSONValue?,
        yours: JSONValue?
    ) {
        self.node = node
        self.edge = edge
        self.field = field
        self.base = base
        self.theirs = theirs
        self.yours = yours
    }
}
