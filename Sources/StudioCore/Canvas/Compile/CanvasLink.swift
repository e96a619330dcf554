import QueueProtocol

/// An edge that was understood: what of which node goes where.
struct CanvasLink {
    /// Where it goes.
    enum Target: Hashable {
        /// An input of a function, by number in its manifest.
        case port(Int)
        /// A parameter of a function.
        case parameter(String)
        /// Nowhere: the node waits.
        case after
        /// What an output publishes.
        case publication
    }

    /// The edge's number in the document.
    let edge: Int
    /// The number of the node that it comes from.
    let source: Int
    /// Which output of a function it is; nil where the source is none, or waits are all.
    let port: FunctionManifest.Port?
    let target: Target
    /// The number of the node that it goes to.
    let node: Int
}

/// A canvas as a graph: what nodes mean, and the edges between them.
struct CanvasGraph {
    let document: CanvasDocument
    let steps: [CanvasStep]
    /// What goes into each node, in the order of the edges; that of one port that takes a list in the order that it has.
    private(set) var incoming: [[CanvasLink]]
    /// The number of the first node of that id.
    let numbers: [String: Int]

    init(_ document: CanvasDocument, reader: inout CanvasNodeReader, findings: inout CanvasFindingList) {
        self.document = document
        var numbers: [String: Int] = [:]
        numbers.reserveCapacity(document.nodes.count)
        var steps: [CanvasStep] = []
        steps.reserveCapacity(document.nodes.count)
        for (index, node) in document.nodes.enumerated() {
            if let first = numbers[node.id] {
                findings.ambiguous(index, "/id", "duplicate-id", "is the id of the node at /nodes/\(first) already")
            } else {
                numbers[node.id] = index
            }
            steps.append(reader.step(node, at: index, &findings))
        }
        self.numbers = numbers
        self.steps = steps
        incoming = Array(repeating: [], count: document.nodes.count)
        checkParents(&findings)
        var edges: [String: Int] = [:]
        edges.reserveCapacity(document.edges.count)
        var taken: [Taken: Int] = [:]
        for (index, edge) in document.edges.enumerated() {
            if let first = edges.updateValue(index, forKey: edge.id) {
                findings.edge(
                    index, "/id", "duplicate-id", "is the id of the edge at /edges/\(first) already",
                    of: numbers[edge.target])
            }
            guard let link = link(edge, at: index, &findings) else { continue }
            if !takesSeveral(link), let first = taken.updateValue(index, forKey: Taken(link)) {
                findings.edge(
                    index, "/targetHandle", "port-taken",
                    "the edge \(document.edges[first].id) goes there already; only a port that takes a list takes several",
                    of: link.node)
                continue
            }
            incoming[link.node].append(link)
        }
        // With nothing of `self` lent out: a copy of it would make every change copy the whole list.
        for index in incoming.indices where incoming[index].count > 1 {
            incoming[index] = Self.sorted(incoming[index], by: document.edges)
        }
    }

    private struct Taken: Hashable {
        let node: Int
        let target: CanvasLink.Target

        init(_ link: CanvasLink) {
            node = link.node
            target = link.target
        }
    }

    private func takesSeveral(_ link: CanvasLink) -> Bool {
        switch link.target {
        case .after: return true
        case .parameter, .publication: return false
        case .port(let number):
            guard case .function(let step) = steps[link.node] else { return false }
            return step.function.manifest.inputs[number].isList
        }
    }

    /// By `data.order` where edges have it, then by their ids.
    private static func sorted(_ links: [CanvasLink], by edges: [CanvasEdge]) -> [CanvasLink] {
        let keyed = links.map { link in
            (edges[link.edge].others["data"]?["order"]?.doubleValue ?? .infinity, edges[link.edge].id, link)
        }
        return keyed.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
    }

    private func checkParents(_ findings: inout CanvasFindingList) {
        // 0 not looked at, 1 on the way, 2 done.
        var states = Array(repeating: 0, count: document.nodes.count)
        for start in document.nodes.indices {
            var way: [Int] = []
            var next: Int? = start
            while let index = next, states[index] == 0 {
                states[index] = 1
                way.append(index)
                guard let parent = document.nodes[index].parentID else { break }
                next = numbers[parent]
                if next == nil {
                    findings.node(
                        index, "/parentId", "parent-missing", "there is no node \(parent.prefix(64)) to be drawn in",
                        .warning)
                } else if let next, states[next] == 1 {
                    findings.node(index, "/parentId", "parent-cycle", "a node cannot be drawn in itself")
                }
            }
            for index in way { states[index] = 2 }
        }
    }

    /// The edge as a link; nil where it cannot be one, which was then found.
    private func link(_ edge: CanvasEdge, at index: Int, _ findings: inout CanvasFindingList) -> CanvasLink? {
        let (source, target) = (numbers[edge.source], numbers[edge.target])
        for (number, place, id) in [(source, "/source", edge.source), (target, "/target", edge.target)]
        where number == nil {
            findings.edge(
                index, place, "dangling-edge", "there is no node \(id.prefix(64))", of: target ?? source)
        }
        guard let source, let target else { return nil }
        if document.nodes[source].kind.isDrawing || document.nodes[target].kind.isDrawing {
            findings.edge(
                index, "", "drawing-edge", "goes to or from a drawing, and means nothing", of: target, .warning)
            return nil
        }
        guard let goal = goal(of: edge, at: index, target, &findings) else { return nil }
        guard let origin = origin(of: edge, at: index, source, target, goal, &findings) else { return nil }
        return CanvasLink(edge: index, source: source, port: origin.port, target: goal, node: target)
    }

    /// Where the edge goes.
    private func goal(
        of edge: CanvasEdge, at index: Int, _ target: Int, _ findings: inout CanvasFindingList
    ) -> CanvasLink.Target? {
        let handle = edge.targetHandle
        switch steps[target] {
        case .function(let step):
            let manifest = step.function.manifest
            let names = manifest.inputs.map(\.name)
            guard let handle else {
                if names.count == 1 { return .port(0) }
                findings.edge(
                    index, "/targetHandle", "required",
                    "is required: \(manifest.name) has \(names.isEmpty ? "no inputs" : names.joined(separator: ", "))",
                    of: target)
                return nil
            }
            if let number = names.firstIndex(of: handle) { return .port(number) }
            if handle == "after" { return .after }
            if handle.hasPrefix("parameter:") {
                let name = String(handle.dropFirst("parameter:".count))
                if manifest.parameters.root.takes(member: name) { return .parameter(name) }
            }
            let known = names.isEmpty ? "none" : names.joined(separator: ", ")
            findings.edge(
                index, "/targetHandle", "unknown-input",
                "\(handle.prefix(64)) is neither an input of \(manifest.name) (\(known)) nor a parameter of it",
                of: target)
        case .output:
            if handle == nil || handle == "in" { return .publication }
            findings.edge(index, "/targetHandle", "unknown-input", "an output has the input in", of: target)
        case .files, .values:
            findings.edge(index, "/target", "unknown-input", "a node of this type takes nothing", of: target)
        case .nothing:
            // What it would take is not known: what is wrong with it was found.
            return document.nodes[target].kind == .output ? .publication : .after
        }
        return nil
    }

    private struct Origin {
        /// Which output of a function it is; nil where the source is none.
        let port: FunctionManifest.Port?
    }

    /// What the edge brings; nil where it brings nothing.
    private func origin(
        of edge: CanvasEdge, at index: Int, _ source: Int, _ target: Int, _ goal: CanvasLink.Target,
        _ findings: inout CanvasFindingList
    ) -> Origin? {
        switch steps[source] {
        case .function(let step):
            let manifest = step.function.manifest
            if goal == .after { return Origin(port: nil) }
            let port =
                edge.sourceHandle.map { name in manifest.outputs.first { $0.name == name } }
                ?? manifest.primaryOutput
            if let port { return Origin(port: port) }
            let known = manifest.outputs.map(\.name).joined(separator: ", ")
            findings.edge(
                index, "/sourceHandle", "unknown-output",
                known.isEmpty
                    ? "\(manifest.name) makes no file; only the input after can wait for it"
                    : "is not an output of \(manifest.name); known: \(known)", of: target)
        case .files, .values:
            if edge.sourceHandle == nil || edge.sourceHandle == "out" { return Origin(port: nil) }
            findings.edge(
                index, "/sourceHandle", "unknown-output", "a node of this type has the output out", of: target)
        case .output: findings.edge(index, "/source", "unknown-output", "an output gives nothing on", of: target)
        case .nothing: return Origin(port: nil)
        }
        return nil
    }
}

extension SchemaNode {
    /// Whether an object that this schema describes may have a member of that name.
    func takes(member name: String) -> Bool { properties[name] != nil || additional != .refused }
}
