import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

/// Random canvases that several people edit at once.
@Suite struct CanvasMergePropertyTests {
    /// A canvas that is edited as a page edits it: deleting a node deletes its edges and what lies in it.
    private struct Sketch {
        var nodes: [(id: String, members: [String: JSONValue])] = []
        var edges: [(id: String, members: [String: JSONValue])] = []

        var json: JSONValue {
            [
                "nodes": .array(nodes.map { .object($0.members.merging(["id": .string($0.id)]) { $1 }) }),
                "edges": .array(edges.map { .object($0.members.merging(["id": .string($0.id)]) { $1 }) }),
            ]
        }

        static func random(_ random: inout SeededGenerator) -> Sketch {
            var sketch = Sketch()
            for _ in 0..<Int.random(in: 0...6, using: &random) { sketch.add(by: "b", &random) }
            for _ in 0..<Int.random(in: 0...5, using: &random) { sketch.connect(by: "b", &random) }
            return sketch
        }

        mutating func edit(by writer: String, _ random: inout SeededGenerator) {
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                switch Int.random(in: 0..<9, using: &random) {
                case 0, 1: add(by: writer, &random)
                case 2: connect(by: writer, &random)
                case 3: delete(&random)
                case 4:
                    guard let index = edges.indices.randomElement(using: &random) else { continue }
                    edges.remove(at: index)
                case 5:
                    guard let index = edges.indices.randomElement(using: &random),
                        let node = nodes.randomElement(using: &random)
                    else { continue }
                    edges[index].members[Bool.random(using: &random) ? "source" : "target"] = .string(node.id)
                case 6:
                    guard let index = nodes.indices.randomElement(using: &random) else { continue }
                    nodes[index].members["position"] = [
                        "x": .integer(.random(in: 0..<100, using: &random)), "y": 0,
                    ]
                default:
                    guard let index = nodes.indices.randomElement(using: &random) else { continue }
                    var data = nodes[index].members["data"]?.objectValue ?? [:]
                    var parameters = data["parameters"]?.objectValue ?? [:]
                    let value: JSONValue? =
                        Int.random(in: 0..<4, using: &random) == 0
                        ? nil : .integer(.random(in: 0..<3, using: &random))
                    if Bool.random(using: &random) {
                        data["label"] = value
                    } else {
                        parameters[["a", "b", "c"].randomElement(using: &random) ?? "a"] = value
                    }
                    data["parameters"] = .object(parameters)
                    nodes[index].members["data"] = .object(data)
                }
            }
        }

        private mutating func add(by writer: String, _ random: inout SeededGenerator) {
            let id = "\(Int.random(in: 0..<60, using: &random))\(writer)"
            guard !nodes.contains(where: { $0.id == id }) else { return }
            var members: [String: JSONValue] = [
                "type": "function", "position": ["x": 1, "y": 2], "data": ["parameters": ["a": 1]],
            ]
            // Groups lie before what lies in them.
            var index = Int.random(in: 0...nodes.count, using: &random)
            if let group = nodes.indices.randomElement(using: &random), Int.random(in: 0..<3, using: &random) == 0 {
                members["parentId"] = .string(nodes[group].id)
                index = Int.random(in: (group + 1)...nodes.count, using: &random)
            }
            nodes.insert((id, members), at: index)
        }

        private mutating func connect(by writer: String, _ random: inout SeededGenerator) {
            guard let source = nodes.randomElement(using: &random), let target = nodes.randomElement(using: &random)
            else { return }
            let id = "e\(Int.random(in: 0..<60, using: &random))\(writer)"
            guard !edges.contains(where: { $0.id == id }),
                !edges.contains(where: {
                    $0.members["source"] == .string(source.id) && $0.members["target"] == .string(target.id)
                })
            else { return }
            edges.append((id, ["source": .string(source.id), "target": .string(target.id)]))
        }

        private mutating func delete(_ random: inout SeededGenerator) {
            guard let node = nodes.randomElement(using: &random) else { return }
            var gone: Set<String> = [node.id]
            while let child = nodes.first(where: {
                !gone.contains($0.id) && gone.contains($0.members["parentId"]?.stringValue ?? "")
            }) {
                gone.insert(child.id)
            }
            nodes.removeAll { gone.contains($0.id) }
            edges.removeAll {
                gone.contains($0.members["source"]?.stringValue ?? "")
                    || gone.contains($0.members["target"]?.stringValue ?? "")
            }
        }
    }

    private static func merge(_ base: JSONValue, _ versions: [JSONValue]) throws -> CanvasMerge.Outcome {
        var current = base
        for version in versions {
            switch try CanvasMerge.merge(base: base, theirs: current, yours: version) {
            case .merged(let document): current = document
            case .conflicting(let conflicts): return .conflicting(conflicts)
            }
        }
        return .merged(current)
    }

    /// Where the later save wins, the order of the saves may show.
    private static func withoutPlaces(_ document: JSONValue) -> JSONValue {
        var members = document.objectValue ?? [:]
        members["nodes"] = .array(
            (members["nodes"]?.arrayValue ?? []).map {
                .object(($0.objectValue ?? [:]).filter { $0.key != "position" })
            })
        return .object(members)
    }

    private static let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]

    @Test func `Three people's edits end in one document in any order, or a conflict is named`() throws {
        var merges = (done: 0, conflicting: 0)
        for seed in UInt64(0)..<3000 {
            var random = SeededGenerator(state: seed)
            let base = Sketch.random(&random)
            let versions = ["p", "q", "r"].map { writer in
                var sketch = base
                sketch.edit(by: writer, &random)
                return sketch.json
            }
            var results: Set<JSONValue> = []
            for order in Self.orders {
                switch try Self.merge(base.json, order.map { versions[$0] }) {
                case .merged(let document):
                    merges.done += 1
                    results.insert(Self.withoutPlaces(document))
                    try Self.expectSound(document, seed)
                case .conflicting(let conflicts):
                    merges.conflicting += 1
                    #expect(
                        !conflicts.isEmpty && conflicts.allSatisfy { $0.node != nil || $0.edge != nil }, "seed \(seed)")
                }
            }
            #expect(results.count <= 1, "seed \(seed): \(results)")
        }
        // Both happen, or this would show nothing.
        #expect(merges.done > 1500 && merges.conflicting > 150, "\(merges)")
    }

    @Test func `Two people's edits come together or conflict whoever saves first`() throws {
        for seed in UInt64(0)..<3000 {
            var random = SeededGenerator(state: seed &+ 1_000_000)
            let base = Sketch.random(&random)
            var (one, other) = (base, base)
            one.edit(by: "p", &random)
            other.edit(by: "q", &random)
            switch (
                try Self.merge(base.json, [one.json, other.json]), try Self.merge(base.json, [other.json, one.json])
            ) {
            case (.merged(let first), .merged(let second)):
                #expect(Self.withoutPlaces(first) == Self.withoutPlaces(second), "seed \(seed)")
            case (.conflicting(let first), .conflicting(let second)):
                let mirrored = second.map { [$0.node, $0.edge, $0.field] }
                #expect(first.map { [$0.node, $0.edge, $0.field] } == mirrored, "seed \(seed)")
                #expect(first.map(\.theirs) == second.map(\.yours), "seed \(seed)")
            default: Issue.record("seed \(seed): a conflict in one order alone")
            }
        }
    }

    @Test func `A version alone comes out as it is, and so does one that both have`() throws {
        for seed in UInt64(0)..<1000 {
            var random = SeededGenerator(state: seed &+ 2_000_000)
            let base = Sketch.random(&random)
            var edited = base
            edited.edit(by: "p", &random)
            let (old, new) = (base.json, edited.json)
            for (theirs, yours) in [(new, old), (old, new), (new, new)] {
                #expect(
                    try CanvasMerge.merge(base: old, theirs: theirs, yours: yours) == .merged(new), "seed \(seed)")
            }
            #expect(try CanvasChange.between(old, new).isEmpty == (old == new), "seed \(seed)")
        }
    }

    /// No edge without its nodes, no node without its group, every group before what lies in it, no connection twice.
    private static func expectSound(_ document: JSONValue, _ seed: UInt64) throws {
        var seen: Set<String> = []
        for node in document["nodes"]?.arrayValue ?? [] {
            if let parent = node["parentId"]?.stringValue { #expect(seen.contains(parent), "seed \(seed)") }
            let id = try #require(node["id"]?.stringValue)
            #expect(seen.insert(id).inserted, "seed \(seed)")
        }
        for edge in document["edges"]?.arrayValue ?? [] {
            for end in ["source", "target"] {
                #expect(seen.contains(edge[end]?.stringValue ?? ""), "seed \(seed)")
            }
        }
    }
}
