import QueueProtocol

/// How many jobs each node becomes, and whether what comes into it fits.
struct CanvasWidths {
    /// By node: nil for one result, which is no list.
    private(set) var counts: [Int?]
    /// By node: whether it is or takes from something that is wrong, and what it makes is not known.
    private(set) var isBlocked: [Bool]
    private let graph: CanvasGraph
    private let limits: CanvasLimits
    private let demand: CanvasDemand
    private var jobs = 0
    private var inputs = 0
    private var parameterBytes = 0
    private var functionBytes = 0
    private var isTooMuch = false

    /// - Parameters:
    ///   - graph: The canvas.
    ///   - order: Its nodes, each behind all that it takes from.
    ///   - limits: How much it may be.
    ///   - demand: What the jobs of each node carry with them.
    ///   - findings: Gets what does not fit.
    init(
        _ graph: CanvasGraph, order: [Int], limits: CanvasLimits, demand: CanvasDemand,
        _ findings: inout CanvasFindingList
    ) {
        self.graph = graph
        self.limits = limits
        self.demand = demand
        counts = graph.steps.map(\.count)
        // What is in a circle or behind one is not in the order, and stays blocked.
        isBlocked = Array(repeating: true, count: graph.steps.count)
        for node in order {
            look(at: node, &findings)
            if isTooMuch { return }
        }
    }

    private mutating func look(at node: Int, _ findings: inout CanvasFindingList) {
        let links = graph.incoming[node]
        for link in links { check(link, &findings) }
        var isKnown = !findings.isFaulty[node]
        for link in links where isBlocked[link.source] { isKnown = false }
        switch graph.steps[node] {
        case .function(let step):
            checkRequired(of: step, links, at: node, &findings)
            if isKnown { spread(step, links, at: node, &findings) }
        case .output:
            if let link = links.first {
                if isKnown {
                    counts[node] = counts[link.source]
                    add(jobs: counts[node] ?? 1, inputs: 1, at: node, &findings)
                }
            } else {
                findings.node(node, "", "input-required", "nothing is published: the input in is not connected")
            }
        case .files, .values, .nothing: break
        }
        isBlocked[node] = !isKnown || findings.isFaulty[node]
        if case .nothing = graph.steps[node], !graph.document.nodes[node].kind.isDrawing { isBlocked[node] = true }
    }

    private func checkRequired(
        of step: CanvasFunctionStep, _ links: [CanvasLink], at node: Int, _ findings: inout CanvasFindingList
    ) {
        for (number, port) in step.function.manifest.inputs.enumerated()
        where port.isRequired && !links.contains(where: { $0.target == .port(number) }) {
            findings.node(node, "", "input-required", "the input \(port.name) is not connected")
        }
    }

    /// Whether what an edge brings is of a kind that its target takes.
    private func check(_ link: CanvasLink, _ findings: inout CanvasFindingList) {
        func mismatch(_ detail: String) {
            findings.edge(link.edge, "", "input-type", detail, of: link.node)
        }
        switch (graph.steps[link.source], link.target) {
        case (.nothing, _), (_, .after): break
        case (.values, .port), (.values, .publication):
            mismatch("a value goes into a parameter, not into an input that takes a file")
        case (.values, .parameter(let name)):
            guard case .function(let step) = graph.steps[link.node], step.fanOut?.parameter == name else { return }
            mismatch("the node has a list of its own for the parameter \(name)")
        case (_, .parameter): mismatch("a file goes into an input; a parameter takes a value")
        case (.function, .port(let number)):
            guard let made = link.port, let port = port(number, of: link.node), !port.kind.takes(made.kind) else {
                return
            }
            mismatch("the input \(port.name) takes \(port.kind.rawValue), and gets \(made.kind.rawValue)")
        case (.files(let files, _), .port(let number)):
            guard let port = port(number, of: link.node) else { return }
            for file in files {
                guard let kind = file.kind, !port.kind.takes(kind) else { continue }
                mismatch("the input \(port.name) takes \(port.kind.rawValue), and \(file.path) is \(kind.rawValue)")
                return
            }
        case (.files(let files, _), .publication):
            for file in files where file.kind == nil {
                mismatch("\(file.path) does not say by its name what it is, and cannot be published")
                return
            }
        case (.function, .publication), (.output, _): break
        }
    }

    private func port(_ number: Int, of node: Int) -> FunctionManifest.Port? {
        guard case .function(let step) = graph.steps[node] else { return nil }
        return step.function.manifest.inputs[number]
    }

    /// How many jobs a function's node becomes by the lists that meet in it.
    private mutating func spread(
        _ step: CanvasFunctionStep, _ links: [CanvasLink], at node: Int, _ findings: inout CanvasFindingList
    ) {
        let manifest = step.function.manifest
        var lists: [(name: String, count: Int)] = []
        if let fanOut = step.fanOut { lists.append((fanOut.parameter, fanOut.values.count)) }
        var whole = 0
        for link in links {
            switch link.target {
            case .port(let number) where manifest.inputs[number].isList: whole += counts[link.source] ?? 1
            case .port(let number):
                whole += 1
                if let count = counts[link.source] { lists.append((manifest.inputs[number].name, count)) }
            case .parameter(let name):
                if !manifest.parameters.root.takesList(in: name), let count = counts[link.source] {
                    lists.append((name, count))
                }
            case .after: whole += counts[link.source] ?? 1
            case .publication: break
            }
        }
        if let first = lists.first, let other = lists.first(where: { $0.count != first.count }) {
            findings.node(
                node, "", "list-lengths",
                "lists of different lengths meet: \(first.name) has \(first.count), \(other.name) has \(other.count)")
            return
        }
        counts[node] = lists.first?.count
        add(jobs: counts[node] ?? 1, inputs: whole, at: node, &findings)
    }

    /// Counts a node's jobs, each with so many inputs.
    private mutating func add(jobs count: Int, inputs each: Int, at node: Int, _ findings: inout CanvasFindingList) {
        func add(_ each: Int, to sum: inout Int, atMost limit: Int) {
            let (all, isOver) = each.multipliedReportingOverflow(by: count)
            sum += isOver ? limit + 1 : min(all, limit + 1)
        }
        add(1, to: &jobs, atMost: limits.jobs)
        add(each, to: &inputs, atMost: limits.inputs)
        add(demand.common[node], to: &parameterBytes, atMost: limits.parameterBytes)
        if case .function(let step) = graph.steps[node] {
            add(step.function.identity.count, to: &functionBytes, atMost: limits.functionBytes)
        }
        let excess: String? =
            if jobs > limits.jobs {
                "becomes more than \(limits.jobs) jobs"
            } else if inputs > limits.inputs {
                "has more than \(limits.inputs) inputs in all its jobs"
            } else if parameterBytes > limits.parameterBytes {
                "has more than \(limits.parameterBytes >> 20) MiB of parameters in all its jobs"
            } else if functionBytes > limits.functionBytes {
                "has more than \(limits.functionBytes >> 20) MiB of workflows in all its jobs"
            } else {
                nil
            }
        guard let excess else { return }
        isTooMuch = true
        findings.whole("", "limit", "\(excess), at the node \(id(node))")
    }

    private func id(_ node: Int) -> String { String(graph.document.nodes[node].id.prefix(64)) }
}

extension SchemaNode {
    /// Whether a list is one value of that member, and not one value for each of several jobs.
    func takesList(in member: String) -> Bool { properties[member]?.types.contains(.array) ?? false }
}
