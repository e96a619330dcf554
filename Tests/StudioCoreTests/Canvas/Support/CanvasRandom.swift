import QueueProtocol
import StudioCore
import StudioTestKit

/// Draws canvases and changes them by chance; the same seed draws the same.
struct CanvasRandom {
    private(set) var generator: SeededGenerator
    private(set) var document = CanvasDocument()
    private(set) var manifests = CanvasSamples.manifests
    private(set) var files = ["a.png": "a", "b.png": "b", "c.png": "a", "d.mp4": "d"]
    private var counter = 0

    init(seed: UInt64) { generator = SeededGenerator(state: seed) }

    mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    private mutating func pick<Item>(_ items: [Item]) -> Item { items[below(items.count)] }

    private mutating func id(_ letter: String) -> String {
        counter += 1
        return "\(letter)\(counter)"
    }

    /// A step of change: mostly one, at times several things.
    mutating func change() {
        while document.nodes.count < 10 { addNode() }
        repeat {
            switch below(16) {
            case 0, 1: addNode()
            case 2, 3: addEdge()
            case 4: removeNode()
            case 5: if !document.edges.isEmpty { document.edges.remove(at: below(document.edges.count)) }
            case 6: files[pick(["a.png", "b.png", "c.png", "d.mp4"])] = pick(["a", "b", "x", "y"])
            case 7: changeManifest()
            case 8: rename()
            case 9: reorder()
            default: changeData()
            }
        } while chance(20)
    }

    mutating func addNode() {
        let position: JSONValue = ["x": .integer(Int64(below(100))), "y": 0]
        var node: CanvasNode
        switch below(12) {
        case 0...6:
            let name = pick(["image", "image", "video", "cut", "tags", "sound", "ping"])
            node = CanvasNode(id: id("n"), kind: .function, data: ["function": .string(name)])
            node.data["parameters"] = .object(parameters(of: name))
            if chance(15), name == "image" {
                node.data["fanOut"] = ["parameter": "seed", "values": pick([[1, 2], [1, 1], [3, 4, 5]])]
            }
        case 7:
            node = CanvasNode(id: id("a"), kind: .asset, data: ["path": pick(["a.png", "b.png", ["a.png", "c.png"]])])
        case 8, 9:
            node = CanvasNode(id: id("v"), kind: .value, data: ["value": pick(["x", ["x", "y"], 3, ["y", "y"]])])
        case 10: node = CanvasNode(id: id("t"), kind: .note, data: ["text": "words"])
        default: node = CanvasNode(id: id("o"), kind: .output, data: ["shot": pick(["S", "T"])])
        }
        node.others["position"] = position
        document.nodes.insert(node, at: below(document.nodes.count + 1))
        for _ in 0..<(node.kind == .function || node.kind == .output ? 2 : 0) { addEdge(to: node) }
    }

    private mutating func parameters(of name: String) -> [String: JSONValue] {
        switch name {
        case "image":
            var parameters: [String: JSONValue] = ["prompt": pick(["x", "y"])]
            if chance(50) { parameters["seed"] = pick([1, 2]) }
            if chance(30) { parameters["strength"] = pick([0.5, 0.25]) }
            return parameters
        case "video": return chance(50) ? ["seconds": pick([2, 3])] : [:]
        case "cut": return chance(30) ? ["container": pick(["mp4", "mov"])] : [:]
        case "tags": return ["words": pick([["a"], []])]
        default: return [:]
        }
    }

    private mutating func addEdge() {
        let targets = document.nodes.filter { $0.kind == .function || $0.kind == .output }
        if !targets.isEmpty { addEdge(to: pick(targets)) }
    }

    private mutating func addEdge(to target: CanvasNode, required: Bool = false) {
        let handles: [String?]
        switch target.data["function"]?.stringValue {
        case "image"?: handles = ["like", "parameter:prompt", "parameter:prompt", "after"]
        case "video"?: handles = required ? ["image"] : ["image", "sound", "parameter:seconds"]
        case "cut"?: handles = ["clips"]
        case "tags"?: handles = ["parameter:words"]
        case "ping"?: handles = ["after", "parameter:n"]
        case "sound"?: handles = ["after"]
        default: handles = ["in", nil]
        }
        let handle = pick(handles)
        let sources = document.nodes.filter { $0.id != target.id && Self.fits($0, handle) }
        guard !sources.isEmpty else { return }
        let source = pick(sources)
        var edge = CanvasEdge(id: id("e"), source: source.id, target: target.id, targetHandle: handle)
        if source.data["function"] == "video" {
            edge.sourceHandle = handle == "like" || handle == "image" ? "poster" : pick([nil, "video"])
        }
        document.edges.append(edge)
    }

    private static func fits(_ source: CanvasNode, _ handle: String?) -> Bool {
        let function = source.data["function"]?.stringValue ?? ""
        switch handle {
        case "like", "image": return source.kind == .asset || ["image", "tags", "video"].contains(function)
        case "clips": return source.kind == .asset || ["image", "video", "cut"].contains(function)
        case "sound": return ["sound", "video", "cut"].contains(function)
        case "parameter:prompt": return source.kind == .value && !holds(source.data["value"], number: true)
        case "parameter:words": return source.kind == .value && source.data["value"]?.arrayValue != nil
        case .some(let name) where name.hasPrefix("parameter:"):
            return source.kind == .value && !holds(source.data["value"], number: false)
        case "after": return source.kind == .function
        default: return source.kind == .asset || (source.kind == .function && function != "ping")
        }
    }

    /// Whether a value is, or has, a number; or else a text.
    private static func holds(_ value: JSONValue?, number: Bool) -> Bool {
        let items = value?.arrayValue ?? [value ?? .null]
        return items.contains { number ? $0.intValue != nil : $0.stringValue != nil }
    }

    /// Takes away, or adds, what findings are about, until a canvas can be run.
    mutating func mend(_ findings: [Finding]) {
        for finding in findings {
            if let edge = finding.edge {
                document.edges.removeAll { $0.id == edge }
            } else if let id = finding.node, let node = document.nodes.first(where: { $0.id == id }) {
                let incoming = document.edges.indices.filter { document.edges[$0].target == id }
                if finding.code == "input-required", chance(70) {
                    addEdge(to: node, required: true)
                } else if ["cycle", "list-lengths"].contains(finding.code), !incoming.isEmpty {
                    document.edges.remove(at: pick(incoming))
                } else {
                    document.nodes.removeAll { $0.id == id }
                    document.edges.removeAll { $0.source == id || $0.target == id }
                }
            }
        }
    }

    private mutating func removeNode() {
        guard document.nodes.count > 3 else { return }
        let gone = document.nodes.remove(at: below(document.nodes.count))
        document.edges.removeAll { $0.source == gone.id || $0.target == gone.id }
    }

    private mutating func rename() {
        guard !document.nodes.isEmpty else { return }
        let index = below(document.nodes.count)
        let (old, new) = (document.nodes[index].id, id("r"))
        document.nodes[index].id = new
        for edge in document.edges.indices {
            if document.edges[edge].source == old { document.edges[edge].source = new }
            if document.edges[edge].target == old { document.edges[edge].target = new }
        }
    }

    private mutating func reorder() {
        document.nodes.shuffle(using: &generator)
        document.edges.shuffle(using: &generator)
        guard !document.edges.isEmpty, chance(60) else { return }
        document.edges[below(document.edges.count)].others["data"] = ["order": .integer(Int64(below(3)))]
    }

    private mutating func changeManifest() {
        let index = below(manifests.count)
        guard var members = manifests[index].objectValue else { return }
        if chance(50) {
            members["title"] = .string("Title \(below(5))")
            members["cost"] = ["credits": .integer(Int64(below(9)))]
        } else {
            members["version"] = .string("2.1.\(below(3))")
        }
        manifests[index] = .object(members)
    }

    private mutating func changeData() {
        guard !document.nodes.isEmpty else { return }
        let index = below(document.nodes.count)
        var node = document.nodes[index]
        switch node.kind {
        case .function:
            switch below(5) {
            case 0: node.data["label"] = .string("Label \(below(9))")
            case 1: node.data["quality"] = pick(["low", "standard", .null])
            case 2: node.data["shot"] = pick(["S", "T"])
            default: node.data["parameters"] = .object(parameters(of: node.data["function"]?.stringValue ?? ""))
            }
        case .value: node.data["value"] = pick(["x", "y", ["x", "y"], ["x"], ["y", "x", "x"], 3])
        case .asset: node.data["path"] = pick(["a.png", "b.png", "c.png", ["a.png", "b.png"], ["c.png"]])
        case .output:
            node.data =
                chance(70) ? ["shot": pick(["S", "T"]), "version": pick([1, 2])] : ["export": ["name": "film"]]
        default: node.others["position"] = ["x": .integer(Int64(below(100))), "y": 3]
        }
        document.nodes[index] = node
    }
}
