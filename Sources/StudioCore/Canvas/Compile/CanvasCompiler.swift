/// Makes a plan of a canvas, or says all that keeps it from being one.
///
/// It looks at nothing but what it is given, and does the same with the same: what a canvas names is looked up first
/// (``CanvasNeeds``), and whether a result is there is asked afterwards, by its key (``CanvasPlan/work(results:publications:)``).
/// Its time grows with the nodes, the edges and the jobs, and with nothing faster.
public struct CanvasCompiler: Sendable {
    private let surroundings: CanvasSurroundings
    private let sha256: @Sendable ([UInt8]) -> String

    /// A compiler.
    ///
    /// - Parameters:
    ///   - surroundings: The functions, files and takes there are, and how much a canvas may be.
    ///   - sha256: Gives the SHA-256 of bytes in hexadecimal.
    public init(_ surroundings: CanvasSurroundings, sha256: @escaping @Sendable ([UInt8]) -> String) {
        self.surroundings = surroundings
        self.sha256 = sha256
    }

    /// Looks for everything that is wrong with a canvas.
    ///
    /// - Parameters:
    ///   - document: The canvas.
    ///   - goal: What is asked for; what is wrong with nodes that this does not need is a warning. Default everything.
    ///   - pointer: Where the canvas stands in what was sent, for the findings; default the root.
    /// - Returns: All findings.
    public func validate(
        _ document: CanvasDocument, goal: CanvasGoal = CanvasGoal(), pointer: String = ""
    ) -> CanvasFindings {
        examine(document, goal, pointer).findings
    }

    /// Makes a canvas into jobs.
    ///
    /// - Parameters:
    ///   - document: The canvas.
    ///   - goal: What is asked for; default everything.
    ///   - pointer: Where the canvas stands in what was sent, for the findings; default the root.
    /// - Returns: The jobs that the goal needs, whether there are results or not.
    /// - Throws: `StudioError` with code `invalid` and all that is wrong with what the goal needs.
    public func compile(
        _ document: CanvasDocument, goal: CanvasGoal = CanvasGoal(), pointer: String = ""
    ) throws(StudioError) -> CanvasPlan {
        let examined = examine(document, goal, pointer)
        try examined.findings.throwIfInvalid()
        guard let parts = examined.parts else {
            throw StudioError(.internalFault, "a canvas without faults was not understood")
        }
        var maker = CanvasJobMaker(parts.graph, parts.widths, parts.reach, sha256: sha256)
        return maker.plan(order: parts.order, findings: examined.findings)
    }

    private struct Parts {
        let graph: CanvasGraph
        let order: [Int]
        let reach: CanvasReach
        let widths: CanvasWidths
    }

    /// - Returns: All findings, and what was understood; nil where the canvas is too much to be looked at.
    private func examine(
        _ document: CanvasDocument, _ goal: CanvasGoal, _ pointer: String
    ) -> (findings: CanvasFindings, parts: Parts?) {
        var findings = CanvasFindingList(document, pointer: pointer)
        let limits = surroundings.limits
        if document.nodes.count > limits.nodes {
            findings.whole("/nodes", "limit", "has \(document.nodes.count) nodes; \(limits.nodes) are the most")
        }
        if document.edges.count > limits.edges {
            findings.whole("/edges", "limit", "has \(document.edges.count) edges; \(limits.edges) are the most")
        }
        let needs = CanvasNeeds.count(in: document)
        if needs > limits.files {
            findings.whole("/nodes", "limit", "names \(needs) files and takes; \(limits.files) are the most")
        }
        guard document.nodes.count <= limits.nodes, document.edges.count <= limits.edges, needs <= limits.files else {
            return (findings.findings(), nil)
        }
        var reader = CanvasNodeReader(surroundings, sha256: sha256)
        let graph = CanvasGraph(document, reader: &reader, findings: &findings)
        let order = CanvasOrder(graph.incoming)
        for circle in order.circles {
            let names = (circle + [circle[0]]).map { String(document.nodes[$0].id.prefix(64)) }
            findings.node(
                circle[0], "", "cycle", "is made of itself: " + Self.shortened(names).joined(separator: " → "))
        }
        let reach = CanvasReach(goal, in: graph, &findings)
        var demand = CanvasDemand(of: graph, limits: limits)
        for (node, step) in graph.steps.enumerated() {
            guard case .function(let step) = step else { continue }
            let parameters = CanvasParameters(of: node, step, in: graph)
            if let excess = demand.add(parameters, of: node) {
                findings.whole("", "limit", "\(excess), at the node \(document.nodes[node].id.prefix(64))")
                return (findings.findings(), nil)
            }
            parameters.check(&findings)
        }
        let widths = CanvasWidths(graph, order: order.nodes, limits: limits, demand: demand, &findings)
        CanvasOutputs(graph: graph, widths: widths).check(order.nodes, &findings)
        return (
            findings.findings(needed: goal.targets == nil && goal.from == nil ? nil : reach.isNeeded),
            Parts(graph: graph, order: order.nodes, reach: reach, widths: widths)
        )
    }

    /// A circle of very many nodes is told by its beginning and its end.
    private static func shortened(_ names: [String]) -> [String] {
        names.count <= 40 ? names : names.prefix(30) + ["…"] + names.suffix(5)
    }
}
