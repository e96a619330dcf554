import QueueProtocol

/// Reads the `bindings` of a manifest: where in the graph a job's values go, and which node makes which output.
struct ComfyBindings {
    typealias Place = FunctionManifest.ComfyWorkflow.Place

    private(set) var parameters: [String: [Place]] = [:]
    private(set) var inputs: [String: [Place]] = [:]
    private(set) var seed: [Place] = []
    private(set) var outputs: [String: String] = [:]
    private(set) var findings: [Finding] = []
    private var names: [Place] = []
    /// Every place that something goes to, with where the manifest says so.
    private var taken: [Place: String] = [:]
    private let graph: ComfyGraph
    private let document: JSONValue?

    /// What nodes that write files call the beginning of their names.
    static let prefixInput = "filename_prefix"

    init(graph: ComfyGraph, document: JSONValue?) {
        self.graph = graph
        self.document = document
    }

    mutating func read(
        inputs inputPorts: [FunctionManifest.Port], outputs outputPorts: [FunctionManifest.Port],
        schema: ParameterSchema?
    ) {
        guard let members = document?.objectValue else {
            find("", "is required: where parameters, inputs and seed go, and which nodes make the outputs")
            return
        }
        for key in members.keys.sorted()
        where !["parameters", "inputs", "seed", "outputs", "filenames"].contains(key) {
            find("/" + JSONPointer.escaped(key), "is not a member of bindings")
        }
        if let value = members["seed"] {
            seed = places(value, at: "/seed")
            if schema?.root.properties["seed"] == nil { find("/seed", "the function has no parameter seed") }
        }
        names = members["filenames"].map { places($0, at: "/filenames", mayName: true) } ?? []
        read(members["parameters"], schema)
        readInputs(members["inputs"], inputPorts)
        readOutputs(members["outputs"], outputPorts)
    }

    private mutating func find(_ place: String, _ detail: String) {
        findings.append(Finding(pointer: "/bindings" + place, code: "bindings", detail: detail))
    }

    private mutating func object(_ value: JSONValue?, at pointer: String) -> [(key: String, value: JSONValue)] {
        guard let value else { return [] }
        guard let members = value.objectValue else {
            find(pointer, "must be an object")
            return []
        }
        return members.sorted { $0.key < $1.key }
    }

    private mutating func read(_ value: JSONValue?, _ schema: ParameterSchema?) {
        guard let root = schema?.root else { return }
        if root.additional != .refused {
            findings.append(
                Finding(
                    pointer: "/parameters/additionalProperties", code: "bindings",
                    detail: "a parameter without a name has no place in the workflow"))
        }
        for (name, value) in object(value, at: "/parameters") {
            let pointer = "/parameters/" + JSONPointer.escaped(name)
            if root.properties[name] == nil { find(pointer, "the function has no parameter \(name)") }
            parameters[name] = places(value, at: pointer)
        }
        for name in root.properties.keys.sorted()
        where parameters[name] == nil && !(name == "seed" && document?["seed"] != nil) {
            find("/parameters/" + JSONPointer.escaped(name), "is required: the parameter's place, node.input")
        }
    }

    private mutating func readInputs(_ value: JSONValue?, _ ports: [FunctionManifest.Port]) {
        let known = Set(ports.map(\.name))
        for (name, value) in object(value, at: "/inputs") {
            let pointer = "/inputs/" + JSONPointer.escaped(name)
            if !known.contains(name) { find(pointer, "the function has no input \(name)") }
            inputs[name] = places(value, at: pointer)
        }
        for name in known.sorted() where inputs[name] == nil {
            find("/inputs/" + JSONPointer.escaped(name), "is required: the input's place, node.input")
        }
    }

    private mutating func readOutputs(_ value: JSONValue?, _ ports: [FunctionManifest.Port]) {
        if ports.isEmpty {
            findings.append(Finding(pointer: "/outputs", code: "required", detail: "a workflow makes a file"))
        }
        let known = Set(ports.map(\.name))
        var named: Set<String> = []
        for (name, value) in object(value, at: "/outputs") {
            let pointer = "/outputs/" + JSONPointer.escaped(name)
            named.insert(name)
            if !known.contains(name) { find(pointer, "the function has no output \(name)") }
            guard let text = value.stringValue else {
                find(pointer, "must be the id or the title of the node that makes the file")
                continue
            }
            do {
                let node = try graph.node(named: text)
                outputs[name] = node
                if !isNamed(node) {
                    find(
                        pointer,
                        "the node \(text) has no input \(Self.prefixInput) with a text: what it makes could not be told "
                            + "from an earlier job's; save with another, or name the input in filenames")
                }
            } catch {
                find(pointer, error.detail)
            }
        }
        for port in ports {
            if !named.contains(port.name) {
                find("/outputs/" + JSONPointer.escaped(port.name), "is required: the node that makes the file")
            }
            if port.isList {
                findings.append(
                    Finding(
                        pointer: "/outputs/\(JSONPointer.escaped(port.name))/list", code: "manifest",
                        detail: "an output is one file"))
            }
        }
    }

    /// Whether the studio can say how the names of a node's files begin.
    private func isNamed(_ node: String) -> Bool {
        graph.nodes[node]?["inputs"]?[Self.prefixInput]?.stringValue != nil || names.contains { $0.node == node }
    }

    private mutating func places(_ value: JSONValue, at pointer: String, mayName: Bool = false) -> [Place] {
        let list: [(String, JSONValue)]
        if let items = value.arrayValue, !items.isEmpty {
            list = items.enumerated().map { ("\(pointer)/\($0)", $1) }
        } else {
            list = [(pointer, value)]
        }
        var places: [Place] = []
        for (pointer, item) in list {
            guard let text = item.stringValue else {
                find(pointer, "must be a place, node.input, or a list of places")
                continue
            }
            do {
                let place = try graph.place(text)
                if place.input == Self.prefixInput, !mayName {
                    find(pointer, "how files are named is the studio's affair")
                } else if let other = taken[place] {
                    find(pointer, "the same place is bound at \(other)")
                } else {
                    taken[place] = "/bindings" + pointer
                    places.append(place)
                }
            } catch {
                find(pointer, error.detail)
            }
        }
        return places
    }

    /// All places that say how the names of files begin.
    func prefixes(in wanted: Set<String>) -> [Place] {
        let known = wanted.map { Place(node: $0, input: Self.prefixInput) }
            .filter { graph.nodes[$0.node]?["inputs"]?[$0.input]?.stringValue != nil }
        return Set(known).union(names.filter { wanted.contains($0.node) }).sorted()
    }

    /// What goes to nodes that lead to no output.
    func dead(outside wanted: Set<String>) -> [Finding] {
        guard !outputs.isEmpty else { return [] }
        return taken.filter { !wanted.contains($0.key.node) }.sorted { $0.value < $1.value }.map { place, pointer in
            Finding(
                pointer: pointer, code: "bindings", detail: "the node \(place.node) leads to none of the outputs")
        }
    }
}
