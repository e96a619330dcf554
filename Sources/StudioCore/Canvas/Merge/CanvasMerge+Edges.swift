import QueueProtocol

extension CanvasMerge {
    /// What an edge connects.
    private struct Connection: Hashable {
        let source: JSONValue?
        let sourceHandle: JSONValue?
        let target: JSONValue?
        let targetHandle: JSONValue?

        init(_ edge: JSONValue) {
            source = edge["source"]
            // Null is Svelte Flow's word for no handle.
            sourceHandle = edge["sourceHandle"].flatMap { $0.isNull ? nil : $0 }
            target = edge["target"]
            targetHandle = edge["targetHandle"].flatMap { $0.isNull ? nil : $0 }
        }

        func touches(_ nodes: Set<String>) -> Bool {
            [source, target].contains { $0?.stringValue.map(nodes.contains) ?? false }
        }
    }

    /// The edges of both sides.
    ///
    /// - Parameters:
    ///   - gone: The base's nodes that are no longer there.
    ///   - conflicts: What they are added to.
    /// - Returns: The edges by id.
    func mergedEdges(without gone: Set<String>, _ conflicts: inout [CanvasConflict]) -> [String: JSONValue] {
        var merged: [String: JSONValue] = [:]
        for id in base.edges.ids(with: theirs.edges, yours.edges) {
            let (old, left, right) = (base.edges.byID[id], theirs.edges.byID[id], yours.edges.byID[id])
            let versions = [left, right].compactMap(\.self)
            // An edge without its node is none, whatever else was done to it.
            if versions.isEmpty || versions.allSatisfy({ Connection($0).touches(gone) }) { continue }
            switch (old, left, right) {
            case (_, let left?, let right?) where left == right: merged[id] = left
            case (let old, let left?, let right?):
                let fields = FieldMerge(
                    base: old.map(CanvasFields.ofEdge) ?? [:], theirs: CanvasFields.ofEdge(left),
                    yours: CanvasFields.ofEdge(right))
                let (edge, clashes) = CanvasFields.members(of: fields.merged, id: id, isEdge: true)
                if Connection(edge).touches(gone) { continue }
                conflicts += fields.conflicts(node: nil, edge: id)
                conflicts += clashes.map { conflict(at: $0, nil, id) }
                merged[id] = edge
            case (let old?, let left, let right):
                if (left ?? right) == old { continue }
                conflicts.append(CanvasConflict(edge: id, field: "", base: old, theirs: left, yours: right))
            case (nil, let left, let right): merged[id] = left ?? right
            }
        }
        dropDoubles(from: &merged)
        return merged
    }

    /// Where both sides drew the same connection, one edge stays: the one that was there before, otherwise the one whose id
    /// comes first, so that it is the same one whoever saves first.
    private func dropDoubles(from merged: inout [String: JSONValue]) {
        var kept: [Connection: String] = [:]
        for id in theirs.edges.order {
            guard let edge = merged[id], edge == theirs.edges.byID[id], isNew(edge, id) else { continue }
            kept[Connection(edge)] = id
        }
        for id in yours.edges.order {
            guard let edge = merged[id], theirs.edges.byID[id] != edge, isNew(edge, id),
                let other = kept[Connection(edge)], other != id
            else { continue }
            let (wasThere, otherWasThere) = (base.edges.byID[id] != nil, base.edges.byID[other] != nil)
            // Two edges that were there before were both led here on purpose, and which of them goes is for people to say.
            if wasThere && otherWasThere { continue }
            let goes = wasThere == otherWasThere ? max(id, other) : (wasThere ? other : id)
            merged[goes] = nil
        }
    }

    private func isNew(_ edge: JSONValue, _ id: String) -> Bool {
        base.edges.byID[id].map { Connection($0) != Connection(edge) } ?? true
    }
}

extension CanvasMerge {
    /// The order of what is left.
    ///
    /// A side that left the order alone follows the other. Otherwise what was added comes after what it was added after,
    /// sorted by id there, so that the order does not depend on who saves first.
    static func order(
        _ base: [String], _ theirs: [String], _ yours: [String], of left: Set<String>
    ) -> [String] {
        // Whoever is followed may lack what the other one's rules kept.
        if yours == base || theirs == yours, left.isSubset(of: theirs) { return theirs.filter(left.contains) }
        if theirs == base, left.isSubset(of: yours) { return yours.filter(left.contains) }
        // What was there before and is left is there on both sides.
        let known = Set(base).intersection(left)
        let (before, there) = (base.filter(known.contains), yours.filter(known.contains))
        var anchored: [String?: Set<String>] = [:]
        for side in [theirs, yours] {
            var anchor: String?
            for id in side where left.contains(id) {
                if known.contains(id) { anchor = id } else { anchored[anchor, default: []].insert(id) }
            }
        }
        // What came to both sides after different things is put once, after the first that comes.
        var placed: Set<String> = []
        var order: [String] = []
        // Where both moved things about, the later save wins.
        let backbone = there == before ? theirs.filter(known.contains) : there
        for anchor in [nil] + backbone.map(Optional.some) {
            if let anchor { order.append(anchor) }
            order += (anchored[anchor] ?? []).sorted().filter { placed.insert($0).inserted }
        }
        return order
    }

    /// The same order with every group before what lies in it, as Svelte Flow wants it.
    static func parentsFirst(_ order: [String], _ nodes: [String: JSONValue]) -> [String] {
        var sorted: [String] = []
        sorted.reserveCapacity(order.count)
        var placed: Set<String> = []
        for id in order {
            var chain: [String] = []
            var next: String? = id
            var passed: Set<String> = []
            while let node = next, nodes[node] != nil, !placed.contains(node), passed.insert(node).inserted {
                chain.append(node)
                next = nodes[node]?["parentId"]?.stringValue
            }
            for node in chain.reversed() {
                placed.insert(node)
                sorted.append(node)
            }
        }
        return sorted
    }
}
