import QueueProtocol
import StudioCore
import Testing

/// Two versions of a canvas made from one, brought together.
@Suite struct CanvasMergeTests {
    private static func node(
        _ id: String, _ data: JSONValue = [:], at x: Int64 = 0, in parent: String? = nil
    ) -> JSONValue {
        var members: [String: JSONValue] = [
            "id": .string(id), "type": "function", "position": ["x": .integer(x), "y": 0], "data": data,
        ]
        members["parentId"] = parent.map { .string($0) }
        return .object(members)
    }

    private static func edge(
        _ id: String, _ source: String, _ target: String, handle: String? = nil, label: String? = nil
    ) -> JSONValue {
        var members: [String: JSONValue] = [
            "id": .string(id), "source": .string(source), "target": .string(target),
        ]
        members["targetHandle"] = handle.map { .string($0) }
        members["label"] = label.map { .string($0) }
        return .object(members)
    }

    private static func canvas(_ nodes: [JSONValue], _ edges: [JSONValue] = [], _ others: [String: JSONValue] = [:])
        -> JSONValue
    {
        .object(others.merging(["nodes": .array(nodes), "edges": .array(edges)]) { $1 })
    }

    private static func merged(_ base: JSONValue, _ theirs: JSONValue, _ yours: JSONValue) throws -> JSONValue {
        guard case .merged(let document) = try CanvasMerge.merge(base: base, theirs: theirs, yours: yours) else {
            throw Unmerged()
        }
        return document
    }

    private struct Unmerged: Error {}

    private static func conflicts(
        _ base: JSONValue, _ theirs: JSONValue, _ yours: JSONValue
    ) throws -> [CanvasConflict] {
        guard case .conflicting(let found) = try CanvasMerge.merge(base: base, theirs: theirs, yours: yours) else {
            return []
        }
        return found
    }

    private static func prompt(_ text: String, seed: Int64 = 1) -> JSONValue {
        ["function": "f", "parameters": ["prompt": .string(text), "seed": .integer(seed)]]
    }

    @Test func `Different nodes and different fields of one node come together, what is unknown is kept`() throws {
        let base = Self.canvas([Self.node("a", Self.prompt("x")), Self.node("b")], [], ["viewport": ["x": 0]])
        let theirs = Self.canvas(
            [Self.node("a", Self.prompt("theirs"), at: 5), Self.node("b")], [], ["viewport": ["x": 1], "theirs": 1])
        let yours = Self.canvas(
            [
                Self.node("a", ["function": "f", "label": "L", "parameters": ["prompt": "x", "seed": 7]]),
                Self.node("b", ["colour": "red"]),
            ], [], ["viewport": ["x": 2], "yours": [1, 2]])
        let merged = try Self.merged(base, theirs, yours)
        #expect(
            merged
                == Self.canvas(
                    [
                        Self.node(
                            "a", ["function": "f", "label": "L", "parameters": ["prompt": "theirs", "seed": 7]], at: 5),
                        Self.node("b", ["colour": "red"]),
                    ], [], ["viewport": ["x": 2], "theirs": 1, "yours": [1, 2]]))
    }

    @Test func `A field that both changed otherwise is named with all three values, alike is none`() throws {
        let base = Self.canvas([Self.node("a", Self.prompt("x"))])
        let theirs = Self.canvas([Self.node("a", Self.prompt("theirs", seed: 9))])
        let yours = Self.canvas([Self.node("a", Self.prompt("yours", seed: 9))])
        let found = try Self.conflicts(base, theirs, yours)
        #expect(found.count == 1 && found.first?.node == "a" && found.first?.field == "/data/parameters/prompt")
        #expect(found.first?.base == "x" && found.first?.theirs == "theirs" && found.first?.yours == "yours")
        #expect(try Self.merged(base, theirs, theirs) == theirs)
    }

    @Test func `Of two places the later save's counts`() throws {
        let base = Self.canvas([Self.node("a")])
        let yours = Self.canvas([Self.node("a", at: 2)])
        #expect(try Self.merged(base, Self.canvas([Self.node("a", at: 1)]), yours) == yours)
    }

    @Test func `To delete a node beats moving and grouping it, but not editing it`() throws {
        let base = Self.canvas([Self.node("g"), Self.node("a", Self.prompt("x"))])
        let deleted = Self.canvas([Self.node("g")])
        for moved in [Self.node("a", Self.prompt("x"), at: 9), Self.node("a", Self.prompt("x"), in: "g")] {
            #expect(try Self.merged(base, Self.canvas([Self.node("g"), moved]), deleted) == deleted)
            #expect(try Self.merged(base, deleted, Self.canvas([Self.node("g"), moved])) == deleted)
        }
        let edited = Self.canvas([Self.node("g"), Self.node("a", Self.prompt("y"))])
        let one = try #require(try Self.conflicts(base, edited, deleted).first)
        #expect(one.node == "a" && one.field.isEmpty && one.yours == nil)
        #expect(one.theirs == Self.node("a", Self.prompt("y")) && one.base == Self.node("a", Self.prompt("x")))
        #expect(try Self.conflicts(base, deleted, edited).first?.theirs == nil)
    }

    @Test func `An edge goes with its node, also one that the other side has drawn or named since`() throws {
        let nodes = ["a", "b", "c"].map { Self.node($0) }
        let base = Self.canvas(nodes, [Self.edge("ab", "a", "b"), Self.edge("bc", "b", "c")])
        let deleted = Self.canvas(Array(nodes.prefix(2)), [Self.edge("ab", "a", "b")])
        let drawn = Self.canvas(
            nodes,
            [Self.edge("ab", "a", "b"), Self.edge("bc", "b", "c", label: "L"), Self.edge("ac", "a", "c")])
        #expect(try Self.merged(base, deleted, drawn) == deleted)
        #expect(try Self.merged(base, drawn, deleted) == deleted)
        // Led elsewhere it no longer needs that node: whether it is wanted is for people to say.
        let led = Self.canvas(nodes, [Self.edge("ab", "a", "b"), Self.edge("bc", "b", "a")])
        #expect(try Self.conflicts(base, deleted, led).map(\.edge) == ["bc"])
        #expect(try Self.conflicts(base, led, deleted).map(\.edge) == ["bc"])
    }

    @Test func `A connection that both drew is one edge, the same one whoever saves first`() throws {
        let nodes = ["a", "b", "c"].map { Self.node($0) }
        let base = Self.canvas(nodes, [Self.edge("old", "b", "c")])
        let one = Self.canvas(nodes, [Self.edge("old", "b", "c"), Self.edge("e2", "a", "b", handle: "in")])
        let other = Self.canvas(nodes, [Self.edge("old", "b", "c"), Self.edge("e1", "a", "b", handle: "in")])
        #expect(try Self.merged(base, one, other) == other)
        #expect(try Self.merged(base, other, one) == other)
        let port = Self.canvas(nodes, [Self.edge("old", "b", "c"), Self.edge("e1", "a", "b", handle: "mask")])
        #expect(try Self.merged(base, one, port)["edges"]?.arrayValue?.count == 3)
        // The one that was there before stays, now that it is led there.
        let led = Self.canvas(nodes, [Self.edge("old", "a", "b", handle: "in")])
        #expect(try Self.merged(base, led, other) == led)
        #expect(try Self.merged(base, other, led) == led)
        // One side's own doubles are its own matter.
        let doubles = Self.canvas(nodes, [Self.edge("x", "a", "b"), Self.edge("y", "a", "b")])
        let moved = Self.canvas([nodes[0], nodes[1], Self.node("c", at: 4)], [Self.edge("old", "b", "c")])
        #expect(try Self.merged(base, moved, doubles)["edges"] == doubles["edges"])
    }

    @Test func `The ends of an edge are a field each, a node together with its port`() throws {
        let nodes = ["a", "b", "c", "d"].map { Self.node($0) }
        let base = Self.canvas(nodes, [Self.edge("e", "a", "b", handle: "in")])
        let source = Self.canvas(nodes, [Self.edge("e", "c", "b", handle: "in")])
        let target = Self.canvas(nodes, [Self.edge("e", "a", "d")])
        #expect(try Self.merged(base, source, target) == Self.canvas(nodes, [Self.edge("e", "c", "d")]))
        let port = Self.canvas(nodes, [Self.edge("e", "a", "b", handle: "mask")])
        #expect(try Self.conflicts(base, port, target).map(\.field) == ["/target"])
    }

    @Test func `A node whose group the other side deleted stays where it is seen`() throws {
        let base = Self.canvas([Self.node("o", at: 100), Self.node("g", at: 10, in: "o")])
        let filled = Self.canvas([
            Self.node("o", at: 100), Self.node("g", at: 10, in: "o"), Self.node("new", at: 3, in: "g"),
        ])
        let inner = Self.canvas([Self.node("o", at: 100)])
        #expect(
            try Self.merged(base, inner, filled)
                == Self.canvas([Self.node("o", at: 100), Self.node("new", at: 13, in: "o")]))
        #expect(try Self.merged(base, filled, Self.canvas([])) == Self.canvas([Self.node("new", at: 113)]))
    }

    @Test func `A place goes with the group it is counted from, and groups never lie in each other`() throws {
        let base = Self.canvas([Self.node("g", at: 50), Self.node("h", at: 90), Self.node("a", at: 60)])
        let grouped = Self.canvas([Self.node("g", at: 50), Self.node("h", at: 90), Self.node("a", at: 10, in: "g")])
        let moved = Self.canvas([Self.node("g", at: 50), Self.node("h", at: 90), Self.node("a", at: 70)])
        #expect(try Self.merged(base, grouped, moved) == grouped)
        #expect(try Self.merged(base, moved, grouped) == grouped)
        let one = Self.canvas([Self.node("h", at: 90), Self.node("g", at: 1, in: "h"), Self.node("a", at: 60)])
        let other = Self.canvas([Self.node("g", at: 50), Self.node("h", at: 2, in: "g"), Self.node("a", at: 60)])
        let merged = try Self.merged(base, one, other)
        #expect(Set(merged["nodes"]?.arrayValue ?? []) == Set(one["nodes"]?.arrayValue ?? []))
    }

    @Test func `A group comes before what lies in it, and what both added is sorted where it was added`() throws {
        let base = Self.canvas(["a", "b"].map { Self.node($0) })
        let one = Self.canvas([
            Self.node("a"), Self.node("z"), Self.node("c", in: "z"), Self.node("b"),
        ])
        let other = Self.canvas([Self.node("a"), Self.node("d"), Self.node("b"), Self.node("e")])
        for (theirs, yours) in [(one, other), (other, one)] {
            let merged = try Self.merged(base, theirs, yours)
            #expect(
                merged["nodes"]?.arrayValue?.compactMap { $0["id"]?.stringValue } == ["a", "z", "c", "d", "b", "e"])
        }
    }

    @Test func `What one side made a value of and the other has filled is a conflict, not a loss`() throws {
        let base = Self.canvas([Self.node("a", ["parameters": [:]])])
        let text = Self.canvas([Self.node("a", ["parameters": "none"])])
        let filled = Self.canvas([Self.node("a", ["parameters": ["prompt": "x"]])])
        let one = try #require(try Self.conflicts(base, text, filled).first)
        #expect(one.node == "a" && one.field == "/data/parameters")
        #expect(one.base == [:] && one.theirs == "none" && one.yours == ["prompt": "x"])
    }

    @Test func `Members with a slash are told apart, and an id that is there twice is refused`() throws {
        let base = Self.canvas([Self.node("a", ["a/b": 1, "parameters": [:]])])
        let theirs = Self.canvas([Self.node("a", ["a/b": 2, "parameters": [:]])])
        let yours = Self.canvas([Self.node("a", ["a/b": 3, "parameters": [:]])])
        #expect(try Self.conflicts(base, theirs, yours).map(\.field) == ["/data/a~1b"])
        #expect(throws: StudioError.self) {
            try CanvasMerge.merge(base: base, theirs: theirs, yours: Self.canvas([Self.node("a"), Self.node("a")]))
        }
    }

    @Test func `Changes between versions name nodes, edges and fields, and who touched them last`() throws {
        let base = Self.canvas([Self.node("a", Self.prompt("x")), Self.node("b")], [Self.edge("e", "a", "b")])
        let middle = Self.canvas([Self.node("a", Self.prompt("y")), Self.node("b")], [Self.edge("e", "a", "b")])
        let new = Self.canvas([Self.node("a", Self.prompt("y", seed: 3), at: 4), Self.node("c")], [], ["k": 1])
        let first = try CanvasChange.between(base, middle)
        let second = try CanvasChange.between(middle, new)
        #expect(first.map(\.fields) == [["/data/parameters/prompt"]])
        let all = CanvasChange.attributing(
            try CanvasChange.between(base, new), to: [(first, "Ada", nil), (second, "Ben", nil)])
        #expect(all.map(\.node) == ["a", "b", "c", nil, nil] && all.map(\.edge) == [nil, nil, nil, "e", nil])
        #expect(all.map(\.kind) == [.changed, .removed, .added, .removed, .changed])
        #expect(all.first?.fields == ["/data/parameters/prompt", "/data/parameters/seed", "/position"])
        #expect(all.allSatisfy { $0.by == "Ben" })
        #expect(try CanvasChange.between(base, base).isEmpty)
        let reordered = Self.canvas([Self.node("b"), Self.node("a", Self.prompt("x"))], [Self.edge("e", "a", "b")])
        #expect(try CanvasChange.between(base, reordered).map(\.fields) == [["/nodes"]])
    }
}
