import QueueProtocol

/// Gathers findings while a canvas is looked at; how much one matters is said at the end, when it is known what is needed.
///
/// Of many it keeps some: all about the canvas as a whole, the first error about each node, so that a run that is refused
/// says why, and of the rest a number.
struct CanvasFindingList {
    /// As many are kept, besides those that are always.
    private static let mostKept = 4096

    private struct Entry {
        var finding: Finding
        var severity: CanvasFinding.Severity
        /// The node whose run it is in the way of; nil for the canvas as a whole.
        var node: Int?
    }

    private var entries: [Entry] = []
    private var left = 0
    /// By node: whether there is an error about it.
    private(set) var isFaulty: [Bool]
    /// By node: whether one is kept.
    private var hasError: [Bool]
    private let document: CanvasDocument
    private let pointer: String

    init(_ document: CanvasDocument, pointer: String) {
        self.document = document
        self.pointer = pointer
        isFaulty = Array(repeating: false, count: document.nodes.count)
        hasError = isFaulty
    }

    /// The canvas as a whole.
    mutating func whole(_ place: String, _ code: String, _ detail: String) {
        add(Finding(pointer: pointer + place, code: code, detail: detail), .error, nil)
    }

    /// A node.
    mutating func node(
        _ index: Int, _ place: String, _ code: String, _ detail: String, _ severity: CanvasFinding.Severity = .error
    ) {
        add(
            Finding(
                pointer: "\(pointer)/nodes/\(index)\(place)", code: code, detail: detail,
                node: document.nodes[index].id), severity, index)
    }

    /// A node whose fault leaves open what the whole canvas means.
    mutating func ambiguous(_ index: Int, _ place: String, _ code: String, _ detail: String) {
        isFaulty[index] = true
        add(
            Finding(
                pointer: "\(pointer)/nodes/\(index)\(place)", code: code, detail: detail,
                node: document.nodes[index].id), .error, nil)
    }

    /// An edge, and the node whose run it is in the way of.
    mutating func edge(
        _ index: Int, _ place: String, _ code: String, _ detail: String, of node: Int?,
        _ severity: CanvasFinding.Severity = .error
    ) {
        add(
            Finding(
                pointer: "\(pointer)/edges/\(index)\(place)", code: code, detail: detail,
                node: node.map { document.nodes[$0].id }, edge: document.edges[index].id), severity, node)
    }

    /// A finding whose pointer begins in the document, about a node, and about an edge where it came in by one.
    mutating func found(_ finding: Finding, of node: Int, edge: Int? = nil) {
        var finding = finding
        finding.pointer = pointer + finding.pointer
        finding.node = document.nodes[node].id
        finding.edge = edge.map { document.edges[$0].id }
        add(finding, .error, node)
    }

    private mutating func add(_ finding: Finding, _ severity: CanvasFinding.Severity, _ node: Int?) {
        let isFirst = node.map { severity == .error && !hasError[$0] } ?? true
        if isFirst || entries.count < Self.mostKept {
            entries.append(Entry(finding: finding, severity: severity, node: node))
        } else {
            left += 1
        }
        if severity == .error, let node { (isFaulty[node], hasError[node]) = (true, true) }
    }

    /// What was found, in the order of the nodes. An error about a node that is not needed is a warning; nil needs all.
    func findings(needed: [Bool]? = nil) -> CanvasFindings {
        let ordered = entries.enumerated().sorted {
            ($0.element.node ?? -1, $0.offset) < ($1.element.node ?? -1, $1.offset)
        }
        return CanvasFindings(
            ordered.map { _, entry in
                let isInTheWay = entry.node.map { needed?[$0] ?? true } ?? true
                return CanvasFinding(entry.finding, severity: isInTheWay ? entry.severity : .warning)
            }, untold: left)
    }
}
