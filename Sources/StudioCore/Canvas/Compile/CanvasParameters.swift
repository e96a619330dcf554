import QueueProtocol

/// The values that a function's node gives its parameters, and where each was written.
struct CanvasParameters {
    /// A parameter with one value for each of several jobs.
    struct List {
        let name: String
        let values: [JSONValue]
    }

    /// Where a value that is not among the node's own parameters was written.
    private struct Origin {
        /// Where in the document; of a list, where the list is.
        let place: String
        let edge: Int?
    }

    /// Values that all jobs of the node have.
    private(set) var fixed: [String: JSONValue]
    /// Values that each has of its own.
    private(set) var lists: [List] = []
    private var origins: [String: Origin] = [:]
    /// Parameters whose value comes from a node that is wrong.
    private var unknown: Set<String> = []
    private let step: CanvasFunctionStep
    private let node: Int

    init(of node: Int, _ step: CanvasFunctionStep, in graph: CanvasGraph) {
        self.step = step
        self.node = node
        fixed = step.parameters
        if let (name, values) = step.fanOut {
            lists.append(List(name: name, values: values))
            origins[name] = Origin(place: "/nodes/\(node)/data/fanOut/values", edge: nil)
        }
        let schema = step.function.manifest.parameters.root
        for link in graph.incoming[node] {
            guard case .parameter(let name) = link.target else { continue }
            guard case .values(let values, let isList) = graph.steps[link.source] else {
                unknown.insert(name)
                continue
            }
            origins[name] = Origin(place: "/nodes/\(link.source)/data/value", edge: link.edge)
            if isList, !schema.takesList(in: name) {
                lists.append(List(name: name, values: values))
            } else {
                fixed[name] = isList ? .array(values) : values[0]
            }
        }
    }

    private var schema: SchemaNode { step.function.manifest.parameters.root }

    /// The values of all jobs, those that each has of its own left out, before a seed is given.
    var effective: [String: JSONValue] {
        step.function.manifest.effectiveParameters(fixed, tier: step.quality)
    }

    /// The schema of a parameter `seed` that has no value yet; nil where there is no such parameter, or it has one.
    static func unsownSeed(in values: [String: JSONValue], of function: CanvasFunction) -> SchemaNode? {
        guard let seed = function.manifest.parameters.root.properties["seed"], values["seed"]?.isNull ?? true,
            seed.types.isEmpty || seed.types.contains(.integer) || seed.types.contains(.number)
        else { return nil }
        return seed
    }

    /// Holds all values against the function's schema.
    func check(_ findings: inout CanvasFindingList) {
        var values = effective
        for list in lists { values[list.name] = list.values.first }
        if let seed = Self.unsownSeed(in: values, of: step.function) {
            values["seed"] = CanvasKey.seed(from: "", for: seed)
        }
        if let name = step.fanOut?.parameter, !schema.takes(member: name) {
            findings.node(
                node, "/data/fanOut/parameter", "unknown-parameter",
                "\(name.prefix(64)) is not a parameter of \(step.function.manifest.name)")
            values[name] = nil
        }
        for finding in step.function.manifest.parameters.check(.object(values), pointer: "") {
            tell(finding, &findings)
        }
        for list in lists {
            guard let schema = schema.properties[list.name], let origin = origins[list.name] else { continue }
            var found: [Finding] = []
            for (index, value) in list.values.enumerated().dropFirst() {
                schema.check(value, pointer: "\(origin.place)/\(index)", findings: &found)
            }
            for finding in found { findings.found(finding, of: node, edge: origin.edge) }
        }
    }

    /// A finding about the object of all parameters, told where the value was written.
    private func tell(_ finding: Finding, _ findings: inout CanvasFindingList) {
        let rest = finding.pointer.dropFirst()
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        let name = String(rest[..<end]).replacing("~1", with: "/").replacing("~0", with: "~")
        guard !unknown.contains(name) else { return }
        var finding = finding
        if let origin = origins[name] {
            let item = lists.contains { $0.name == name } ? "/0" : ""
            finding.pointer = origin.place + item + rest[end...]
            findings.found(finding, of: node, edge: origin.edge)
        } else {
            finding.pointer = "/nodes/\(node)/data/parameters" + finding.pointer
            findings.found(finding, of: node)
        }
    }
}
