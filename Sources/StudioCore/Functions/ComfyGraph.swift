import QueueProtocol

/// A ComfyUI workflow in API format, read and held against what a server would choke on.
struct ComfyGraph {
    /// Far above what people draw; a server's own recursion ends before.
    static let most = 2000

    private(set) var nodes: [String: JSONValue] = [:]
    private(set) var findings: [Finding] = []
    /// The nodes that each node takes something from.
    private var sources: [String: Set<String>] = [:]
    private var titled: [String: [String]] = [:]
    private let pointer: String

    /// - Parameters:
    ///   - document: The workflow.
    ///   - pointer: Where it stands, for the findings.
    init(_ document: JSONValue, pointer: String) {
        self.pointer = pointer
        guard let members = document.objectValue, !members.isEmpty else {
            find("", "a workflow is an object with a node for each id, as ComfyUI's “Export (API)” writes it")
            return
        }
        if members["nodes"]?.arrayValue != nil {
            find("", "this is ComfyUI's own format, with nodes and links in lists; export it by “Export (API)” instead")
            return
        }
        if members["prompt"]?.objectValue != nil, members["prompt"]?["class_type"] == nil {
            find("", "this is a request with the workflow inside; only what it has as prompt belongs here")
            return
        }
        guard members.count <= Self.most else {
            find("", "has \(members.count) nodes; \(Self.most) are the most")
            return
        }
        nodes = members
        for (id, node) in members.sorted(by: { $0.key < $1.key }) { read(id, node) }
        if findings.isEmpty { findCycle() }
    }

    private mutating func find(_ place: String, _ detail: String) {
        findings.append(Finding(pointer: pointer + place, code: "workflow", detail: detail))
    }

    private mutating func read(_ id: String, _ node: JSONValue) {
        let place = "/" + JSONPointer.escaped(id)
        guard node.objectValue != nil else {
            find(place, "a node is an object with class_type and inputs")
            return
        }
        if node["class_type"]?.stringValue?.isEmpty ?? true {
            find(place + "/class_type", "is required: the node's type")
        }
        if let title = node["_meta"]?["title"]?.stringValue { titled[title, default: []].append(id) }
        guard let inputs = node["inputs"]?.objectValue else {
            find(place + "/inputs", "is required: an object, {} for a node without inputs")
            return
        }
        for (name, value) in inputs.sorted(by: { $0.key < $1.key }) {
            guard let list = value.arrayValue else { continue }
            let input = "\(place)/inputs/\(JSONPointer.escaped(name))"
            guard list.count == 2, let slot = list[1].intValue, slot >= 0,
                list[0].stringValue != nil || list[0].intValue != nil
            else {
                find(input, #"a list is read as a link; as a value it is written {"__value__": […]}"#)
                continue
            }
            guard let source = list[0].stringValue else {
                find(input, "a link names its node by text: [\"\(list[0].intValue ?? 0)\", \(slot)]")
                continue
            }
            if nodes[source] == nil {
                find(input, "links to the node \(source), which is not there")
            } else {
                sources[id, default: []].insert(source)
            }
        }
    }

    /// Names the nodes of one cycle, where there is one.
    private mutating func findCycle() {
        var open = nodes.keys.reduce(into: [String: Int]()) { $0[$1] = sources[$1]?.count ?? 0 }
        var takers: [String: [String]] = [:]
        for (node, from) in sources { for source in from { takers[source, default: []].append(node) } }
        var ready = open.filter { $0.value == 0 }.map(\.key)
        while let node = ready.popLast() {
            open[node] = nil
            for taker in takers[node] ?? [] {
                guard let left = open[taker] else { continue }
                open[taker] = left - 1
                if left == 1 { ready.append(taker) }
            }
        }
        // Every node that is left takes from one that is left: following them ends in a circle.
        guard var node = open.keys.min() else { return }
        var way: [String] = []
        while !way.contains(node) {
            way.append(node)
            guard let next = (sources[node] ?? []).filter({ open[$0] != nil }).min() else { return }
            node = next
        }
        let circle = way[(way.firstIndex(of: node) ?? 0)...]
        find("", "the nodes \(circle.sorted().joined(separator: ", ")) take from each other in a circle")
    }

    /// A node by its id, or else by its title.
    ///
    /// - Returns: Its id.
    /// - Throws: What is wrong with the name, as a sentence.
    func node(named name: String) throws(ComfyNameFault) -> String {
        if nodes[name] != nil { return name }
        let found = titled[name] ?? []
        if found.count > 1 {
            throw ComfyNameFault(
                "the nodes \(found.sorted().joined(separator: ", ")) are all titled so: name one by its id")
        }
        guard let node = found.first else {
            throw ComfyNameFault("the workflow has no node with the id or title \(name)")
        }
        return node
    }

    /// A place from `node.input`; both may have dots.
    ///
    /// - Throws: What is wrong with it, as a sentence.
    func place(_ text: String) throws(ComfyNameFault) -> FunctionManifest.ComfyWorkflow.Place {
        var found: [FunctionManifest.ComfyWorkflow.Place] = []
        var fault: ComfyNameFault?
        for dot in text.indices where text[dot] == "." {
            let (name, input) = (String(text[..<dot]), String(text[text.index(after: dot)...]))
            guard !name.isEmpty, !input.isEmpty else { continue }
            do {
                let node = try node(named: name)
                if nodes[node]?["inputs"]?[input] != nil {
                    found.append(.init(node: node, input: input))
                } else {
                    fault = ComfyNameFault("the node \(name) has no input \(input)")
                }
            } catch {
                fault = fault ?? error
            }
        }
        guard let place = found.first else { throw fault ?? ComfyNameFault("a place is node.input, such as 3.seed") }
        if found.count > 1 { throw ComfyNameFault("may be read in two ways: name the node by its id") }
        if nodes[place.node]?["inputs"]?[place.input]?.arrayValue != nil {
            throw ComfyNameFault("is linked to another node, and takes no value")
        }
        return place
    }

    /// The nodes that any of these takes something from, directly or not, and these themselves.
    func leading(to outputs: some Sequence<String>) -> Set<String> {
        var reached = Set(outputs)
        var open = Array(reached)
        while let node = open.popLast() {
            for source in sources[node] ?? [] where reached.insert(source).inserted { open.append(source) }
        }
        return reached
    }
}

/// Why a name says no node, or no place.
struct ComfyNameFault: Error {
    let detail: String
    init(_ detail: String) { self.detail = detail }
}
