import QueueProtocol
import StudioCore

/// Says in full what every result of a canvas is made of, by following the edges from its end, and compares whole
/// descriptions: slow, and written from the rules alone, with nothing of the compiler in it.
final class NaiveCanvas {
    /// What a node makes.
    struct Made {
        /// Whether it is a list, though it may have one item.
        var isList: Bool
        /// What each item is, in full.
        var items: [String]
    }

    private let nodes: [String: CanvasNode]
    private let edges: [CanvasEdge]
    private let order: [String]
    private let functions: [String: FunctionManifest]
    private let files: [String: String]
    private var made: [String: Made] = [:]
    /// What the result of a node's job was described by, and what it takes.
    private var takes: [String: Set<String>] = [:]
    /// A short name for each description, so that those that hold others stay readable; equal names, equal texts.
    private let names: Names

    final class Names {
        private var known: [String: String] = [:]

        func name(_ text: String) -> String {
            if let name = known[text] { return name }
            let name = "#\(known.count)"
            known[text] = name
            return name
        }
    }

    init(_ document: CanvasDocument, _ manifests: [JSONValue], files: [String: String], names: Names) throws {
        nodes = Dictionary(uniqueKeysWithValues: document.nodes.map { ($0.id, $0) })
        edges = document.edges
        order = document.nodes.map(\.id)
        functions = Dictionary(
            uniqueKeysWithValues: try manifests.map { try FunctionManifest($0) }.map { ($0.name, $0) })
        self.files = files
        self.names = names
    }

    /// What is to be made where those results and publications are there already, as descriptions.
    func demanded(there: Set<String>) -> Set<String> {
        var wanted: [String] = []
        for id in order {
            guard let node = nodes[id] else { continue }
            let feeds = edges.contains { $0.source == id && $0.targetHandle != "after" }
            if node.kind == .output || (node.kind == .function && !feeds) { wanted += result(of: id).items }
        }
        var demanded: Set<String> = []
        while let next = wanted.popLast() {
            guard !there.contains(next), demanded.insert(next).inserted else { continue }
            wanted += takes[next] ?? []
        }
        return demanded
    }

    /// What stands at each place of the canvas: `node/index`.
    func places() -> [String: String] {
        var places: [String: String] = [:]
        for id in order where nodes[id]?.kind == .function || nodes[id]?.kind == .output {
            for (index, item) in result(of: id).items.enumerated() { places["\(id)/\(index)"] = item }
        }
        return places
    }

    private func result(of id: String) -> Made {
        if let known = made[id] { return known }
        let result: Made
        switch nodes[id]?.kind {
        case .asset?: result = list(nodes[id]?.data["path"]) { "file " + (self.files[$0.stringValue ?? ""] ?? "") }
        case .value?: result = list(nodes[id]?.data["value"]) { Self.text($0) }
        case .output?: result = published(id)
        default: result = run(id)
        }
        made[id] = result
        return result
    }

    private func list(_ value: JSONValue?, _ name: (JSONValue) -> String) -> Made {
        if let items = value?.arrayValue { return Made(isList: true, items: items.map(name)) }
        return Made(isList: false, items: [name(value ?? .null)])
    }

    private func published(_ id: String) -> Made {
        guard let edge = edges.first(where: { $0.target == id }), let data = nodes[id]?.data else {
            return Made(isList: false, items: [])
        }
        let source = result(of: edge.source)
        let items = source.items.enumerated().map { index, item in
            var place = "\(data["shot"]?.stringValue ?? "") \(data["version"]?.intValue ?? 1)"
            if let name = data["export"]?["name"]?.stringValue {
                place = "export \(name) \(source.isList ? index : -1)"
            }
            let text = names.name("publish \(brought(edge, item)) as \(place)")
            takes[text] = nodes[edge.source]?.kind == .function ? [item] : []
            return text
        }
        return Made(isList: source.isList, items: items)
    }

    /// What an edge brings of an item: of a function one of its outputs.
    private func brought(_ edge: CanvasEdge, _ item: String) -> String {
        guard let name = nodes[edge.source]?.data["function"]?.stringValue, let manifest = functions[name] else {
            return item
        }
        return item + "." + (edge.sourceHandle ?? manifest.primaryOutput?.name ?? "")
    }

    private func run(_ id: String) -> Made {
        guard let node = nodes[id], let manifest = functions[node.data["function"]?.stringValue ?? ""] else {
            return Made(isList: false, items: [])
        }
        let tier = node.data["quality"]?.stringValue.flatMap(QualityTier.init(rawValue:)) ?? .standard
        var parameters = manifest.effectiveParameters(node.data["parameters"]?.objectValue ?? [:], tier: tier)
        var varying: [String: [JSONValue]] = [:]
        var ports: [(name: String, isList: Bool, edge: CanvasEdge, made: Made)] = []
        var after: Set<String> = []
        if let fanOut = node.data["fanOut"] {
            varying[fanOut["parameter"]?.stringValue ?? ""] = fanOut["values"]?.arrayValue ?? []
        }
        let incoming = edges.filter { $0.target == id }.sorted {
            let (left, right) = ($0.others["data"]?["order"]?.doubleValue, $1.others["data"]?["order"]?.doubleValue)
            return (left ?? 1e9, $0.id) < (right ?? 1e9, $1.id)
        }
        for edge in incoming {
            let source = result(of: edge.source)
            let handle = edge.targetHandle ?? ""
            if handle == "after" {
                after.formUnion(source.items)
            } else if handle.hasPrefix("parameter:") {
                let name = String(handle.dropFirst(10))
                let value = nodes[edge.source]?.data["value"] ?? .null
                let takesList = manifest.document["parameters"]?["properties"]?[name]?["type"] == "array"
                if let values = value.arrayValue, !takesList {
                    varying[name] = values
                } else {
                    parameters[name] = value
                }
            } else if let port = manifest.inputs.first(where: { $0.name == handle }) {
                ports.append((handle, port.isList, edge, source))
            }
        }
        let counts = varying.values.map(\.count) + ports.filter { !$0.isList && $0.made.isList }.map(\.made.items.count)
        let items = (0..<(counts.first ?? 1)).map { index -> String in
            var own = parameters
            for (name, values) in varying { own[name] = values[index] }
            var (inputs, sources): ([String: String], Set<String>) = ([:], after)
            for port in ports {
                let brought = port.isList || !port.made.isList ? port.made.items : [port.made.items[index]]
                inputs[port.name, default: ""] += brought.map { self.brought(port.edge, $0) + "," }.joined()
                if nodes[port.edge.source]?.kind == .function { sources.formUnion(brought) }
            }
            var text = "\(manifest.name) \(manifest.version) \(tier) \(Self.text(.object(own)))"
            text += " takes \(inputs.sorted { $0.key < $1.key }) after \(after.sorted())"
            // What makes nothing is run for what it does, each by itself.
            if manifest.outputs.isEmpty { text += " at \(id) \(index)" }
            let name = names.name(text)
            takes[name] = sources
            return name
        }
        return Made(isList: !counts.isEmpty, items: items)
    }

    /// A value in full, members in the order of their names.
    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .array(let items): "[" + items.map(text).joined(separator: "|") + "]"
        case .object(let members):
            "{" + members.sorted { $0.key < $1.key }.map { "\($0.key)=\(text($0.value))" }.joined(separator: "|") + "}"
        default: "\(value)"
        }
    }
}
