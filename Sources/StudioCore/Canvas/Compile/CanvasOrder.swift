/// An order in which every node stands behind those that it takes from, or the circles that keep it from having one.
struct CanvasOrder {
    /// The nodes that are in no circle and behind none, each behind all that it takes from.
    let nodes: [Int]
    /// One circle for each knot of nodes that take from each other: each node gives to the next, the last to the first; the
    /// node that was drawn first leads.
    let circles: [[Int]]

    init(_ incoming: [[CanvasLink]]) {
        let count = incoming.count
        var open = incoming.map(\.count)
        var takers: [[Int]] = Array(repeating: [], count: count)
        for (node, links) in incoming.enumerated() { for link in links { takers[link.source].append(node) } }
        var order: [Int] = []
        order.reserveCapacity(count)
        for node in 0..<count where open[node] == 0 { order.append(node) }
        var next = 0
        while next < order.count {
            for taker in takers[order[next]] {
                open[taker] -= 1
                if open[taker] == 0 { order.append(taker) }
            }
            next += 1
        }
        nodes = order
        guard order.count < count else {
            circles = []
            return
        }
        var knots = CanvasKnots(incoming, isOpen: open.map { $0 > 0 })
        circles = knots.found().map { Self.circle(in: $0, knots.knotOf, incoming) }
    }

    /// In a knot every node takes from one of the knot: following them ends in a circle.
    private static func circle(in knot: [Int], _ knotOf: [Int], _ incoming: [[CanvasLink]]) -> [Int] {
        var places: [Int: Int] = [:]
        var way: [Int] = []
        var node = knot.min() ?? 0
        while places.updateValue(way.count, forKey: node) == nil {
            way.append(node)
            let source = incoming[node].first { knotOf[$0.source] == knotOf[node] }?.source
            guard let source else { break }
            node = source
        }
        let first = way.firstIndex(of: node) ?? 0
        // Told in the direction of the edges.
        let circle = Array(way[first...].reversed())
        let lead = circle.indices.min { circle[$0] < circle[$1] } ?? 0
        return Array(circle[lead...] + circle[..<lead])
    }
}

/// The knots of a graph: the largest groups of nodes each of which takes from each other, directly or not.
///
/// R. Tarjan, "Depth-first search and linear graph algorithms", 1972; with a stack of its own in place of recursion.
private struct CanvasKnots {
    /// By node, the number of the knot that it is in; -1 for none.
    private(set) var knotOf: [Int]
    private let incoming: [[CanvasLink]]
    private let isOpen: [Bool]
    private var number: [Int]
    private var lowest: [Int]
    private var isOnStack: [Bool]
    private var stack: [Int] = []
    private var counter = 0
    private var knots: [[Int]] = []

    init(_ incoming: [[CanvasLink]], isOpen: [Bool]) {
        self.incoming = incoming
        self.isOpen = isOpen
        knotOf = Array(repeating: -1, count: incoming.count)
        number = knotOf
        lowest = knotOf
        isOnStack = Array(repeating: false, count: incoming.count)
    }

    mutating func found() -> [[Int]] {
        for node in incoming.indices where isOpen[node] && number[node] < 0 { walk(from: node) }
        // A node alone is a knot only where it takes from itself.
        let circular = knots.filter { knot in
            knot.count > 1 || incoming[knot[0]].contains { $0.source == knot[0] }
        }
        for (index, knot) in circular.enumerated() { for node in knot { knotOf[node] = index } }
        return circular.sorted { ($0.min() ?? 0) < ($1.min() ?? 0) }
    }

    private mutating func walk(from start: Int) {
        var way: [(node: Int, next: Int)] = []
        enter(start)
        way.append((start, 0))
        while let (node, next) = way.last {
            if next < incoming[node].count {
                way[way.count - 1].next += 1
                let source = incoming[node][next].source
                guard isOpen[source] else { continue }
                if number[source] < 0 {
                    enter(source)
                    way.append((source, 0))
                } else if isOnStack[source] {
                    lowest[node] = min(lowest[node], number[source])
                }
                continue
            }
            way.removeLast()
            if let taker = way.last?.node { lowest[taker] = min(lowest[taker], lowest[node]) }
            if lowest[node] == number[node] { leave(node) }
        }
    }

    private mutating func enter(_ node: Int) {
        number[node] = counter
        lowest[node] = counter
        counter += 1
        stack.append(node)
        isOnStack[node] = true
    }

    private mutating func leave(_ node: Int) {
        var knot: [Int] = []
        while let member = stack.popLast() {
            isOnStack[member] = false
            knot.append(member)
            if member == node { break }
        }
        knots.append(knot)
    }
}
