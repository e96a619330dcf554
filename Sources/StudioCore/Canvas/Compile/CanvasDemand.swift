import QueueProtocol

/// How much the jobs of a canvas carry with them. It is added up before anything is checked or made: a canvas is small, and
/// what it multiplies is not.
struct CanvasDemand {
    /// By node: how many bytes the parameters are that each of its jobs has.
    private(set) var common: [Int]
    private let limits: CanvasLimits
    private var jobs = 0
    private var values = 0
    private var bytes = 0

    init(of graph: CanvasGraph, limits: CanvasLimits) {
        self.limits = limits
        common = Array(repeating: 0, count: graph.steps.count)
    }

    /// Adds what a function's node has by itself. What comes in may make it more jobs, each with the same.
    ///
    /// - Parameters:
    ///   - parameters: The node's values.
    ///   - node: The node.
    /// - Returns: What it is too much of, in words; nil where it is not.
    mutating func add(_ parameters: CanvasParameters, of node: Int) -> String? {
        jobs += parameters.lists.lazy.map(\.values.count).max() ?? 1
        if jobs > limits.jobs { return "becomes more than \(limits.jobs) jobs" }
        for list in parameters.lists { values += list.values.count }
        if values > limits.inputs { return "has more than \(limits.inputs) values in its lists" }
        var room = limits.parameterBytes - bytes
        for (name, value) in parameters.effective where room >= 0 { value.take(from: &room, besides: name.utf8.count) }
        common[node] = limits.parameterBytes - bytes - room
        for list in parameters.lists {
            for value in list.values where room >= 0 { value.take(from: &room) }
        }
        bytes = limits.parameterBytes - room
        return room < 0 ? "has more than \(limits.parameterBytes >> 20) MiB of parameters in all its jobs" : nil
    }
}

extension JSONValue {
    /// Takes about as many bytes from a room as the value has as JSON, and stops where nothing is left: what looks at a value
    /// costs no more than there was room for.
    fileprivate func take(from room: inout Int, besides more: Int = 0) {
        room -= 8 + more
        switch self {
        case .string(let text): room -= text.utf8.count
        case .array(let items):
            for item in items where room >= 0 { item.take(from: &room) }
        case .object(let members):
            for (name, value) in members where room >= 0 { value.take(from: &room, besides: name.utf8.count) }
        case .null, .bool, .integer, .unsigned, .number: break
        }
    }
}
