/// What of a canvas is asked for, by node.
struct CanvasReach {
    /// What is wanted for itself.
    private(set) var isGoal: [Bool]
    /// What a goal is or is made of, directly or not.
    private(set) var isNeeded: [Bool]
    /// What is made again in any case.
    private(set) var isForced: [Bool]

    /// - Parameters:
    ///   - goal: What is asked for.
    ///   - graph: The canvas.
    ///   - findings: Gets what is wrong with the goal.
    init(_ goal: CanvasGoal, in graph: CanvasGraph, _ findings: inout CanvasFindingList) {
        let nodes = graph.document.nodes
        isGoal = Array(repeating: false, count: nodes.count)
        isNeeded = isGoal
        isForced = isGoal
        if let from = goal.from {
            if let number = graph.numbers[from], Self.canRun(nodes[number]) {
                isForced = Self.taking(from: number, in: graph)
            } else {
                findings.whole("", "unknown-from", Self.unknown(from, in: graph))
            }
        }
        if let targets = goal.targets {
            if targets.count > CanvasDocument.mostTargets {
                findings.whole("", "limit", "at most \(CanvasDocument.mostTargets) targets can be named")
            }
            var members = CanvasMembers(of: graph)
            for id in targets.prefix(CanvasDocument.mostTargets) {
                guard let found = members.runnable(id) else {
                    findings.whole("", "unknown-target", Self.unknown(id, in: graph))
                    continue
                }
                for number in found { isGoal[number] = true }
            }
        } else {
            var givesOn = Array(repeating: false, count: nodes.count)
            for links in graph.incoming {
                for link in links where link.target != .after { givesOn[link.source] = true }
            }
            for number in nodes.indices where Self.canRun(nodes[number]) && !givesOn[number] {
                isGoal[number] = goal.from == nil || isForced[number]
            }
        }
        isNeeded = Self.given(to: isGoal, in: graph)
        if !goal.isForced { isForced = Array(repeating: false, count: nodes.count) }
    }

    static func canRun(_ node: CanvasNode) -> Bool { node.kind == .function || node.kind == .output }

    private static func unknown(_ id: String, in graph: CanvasGraph) -> String {
        graph.numbers[id] == nil
            ? "there is no node \(id.prefix(64))" : "the node \(id.prefix(64)) is nothing that could be run"
    }

    /// The node and all that is made of it, directly or not.
    private static func taking(from number: Int, in graph: CanvasGraph) -> [Bool] {
        var takers: [[Int]] = Array(repeating: [], count: graph.incoming.count)
        for (node, links) in graph.incoming.enumerated() { for link in links { takers[link.source].append(node) } }
        return reached(from: [number], by: { takers[$0] }, count: takers.count)
    }

    /// These and all that they are made of, directly or not.
    private static func given(to goals: [Bool], in graph: CanvasGraph) -> [Bool] {
        let starts = goals.indices.filter { goals[$0] }
        return reached(from: starts, by: { graph.incoming[$0].map(\.source) }, count: goals.count)
    }

    private static func reached(from starts: [Int], by next: (Int) -> [Int], count: Int) -> [Bool] {
        var isReached = Array(repeating: false, count: count)
        var open = starts
        for start in starts { isReached[start] = true }
        while let node = open.popLast() {
            for other in next(node) where !isReached[other] {
                isReached[other] = true
                open.append(other)
            }
        }
        return isReached
    }
}

/// What is drawn in groups, for goals that name them.
private struct CanvasMembers {
    private let graph: CanvasGraph
    /// By group, the numbers of the nodes in it; made where a group is first asked for.
    private var members: [String: [Int]]?
    /// Groups that were told already, by number.
    private var told: Set<Int> = []

    init(of graph: CanvasGraph) { self.graph = graph }

    /// The nodes that an id stands for: itself, or those in it that can be run and were not told before.
    ///
    /// - Returns: Nil where it stands for none.
    mutating func runnable(_ id: String) -> [Int]? {
        let nodes = graph.document.nodes
        guard let number = graph.numbers[id] else { return nil }
        if CanvasReach.canRun(nodes[number]) { return [number] }
        guard nodes[number].kind == .group else { return nil }
        guard !told.contains(number) else { return [] }
        let members =
            self.members
            ?? Dictionary(grouping: nodes.indices.filter { nodes[$0].parentID != nil }) {
                nodes[$0].parentID ?? ""
            }
        self.members = members
        var (found, hasTold) = ([Int](), false)
        var open = [number]
        while let group = open.popLast() {
            guard told.insert(group).inserted else {
                hasTold = true
                continue
            }
            for member in members[nodes[group].id] ?? [] {
                if CanvasReach.canRun(nodes[member]) { found.append(member) }
                if nodes[member].kind == .group { open.append(member) }
            }
        }
        return found.isEmpty && !hasTold ? nil : found
    }
}

extension CanvasDocument {
    /// The most nodes that a run may name as its targets.
    static let mostTargets = 10_000
}
