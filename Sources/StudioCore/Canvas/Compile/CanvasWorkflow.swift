import QueueProtocol

/// A ComfyUI workflow that a node brings itself, made into a function.
///
/// `data.workflow`: `{"graph": {…API format…}, "parameters": {"prompt": "6.text", "steps": {"place": "3.steps", "schema":
/// {…}}}, "inputs": {"image": {"place": "10.image", "type": "image"}}, "outputs": {"image": {"node": "9", "type": "image",
/// "extension": "png"}}, "seed": "3.seed", "filenames": …}`. Price, resources, queue and times are those of the
/// catalogue's function ``functionName``: what a document says decides what is drawn, and not what that may cost the studio.
enum CanvasWorkflow {
    /// The catalogue's function that carries out workflows of nodes.
    static let functionName = "comfyui-workflow"

    private static let members: Set<String> = ["graph", "parameters", "inputs", "outputs", "seed", "filenames"]

    /// Makes a function of a workflow.
    ///
    /// - Parameters:
    ///   - workflow: What the node has as `data.workflow`.
    ///   - base: The catalogue's function.
    ///   - sha256: Gives the SHA-256 of bytes in hexadecimal.
    /// - Returns: The function, with the workflow in its manifest.
    /// - Throws: `StudioError` with code `invalid`; pointers begin at `data.workflow`.
    static func function(
        of workflow: JSONValue, base: CanvasFunction, sha256: ([UInt8]) -> String
    ) throws(StudioError) -> CanvasFunction {
        let document = try manifest(of: workflow, base: base.manifest)
        let manifest: FunctionManifest
        do {
            manifest = try FunctionManifest(document)
        } catch {
            throw .invalid(error.findings.map(placed))
        }
        var bytes: [UInt8] = []
        _ = document.write(to: &bytes, sortedKeys: true)
        return CanvasFunction(manifest, digest: sha256(bytes), base: base)
    }

    private static func manifest(of workflow: JSONValue, base: FunctionManifest) throws(StudioError) -> JSONValue {
        func invalid(_ place: String, _ code: String, _ detail: String) -> StudioError {
            .invalid([Finding(pointer: place, code: code, detail: detail)])
        }
        guard let told = workflow.objectValue else {
            throw invalid("", "type", "must be an object with a graph in ComfyUI's API format")
        }
        guard case .comfyui = base.runner, var document = base.document.objectValue,
            var runner = document["runner"]?.objectValue
        else {
            throw invalid("", "unknown-function", "the catalogue's \(functionName) is not of the runner comfyui")
        }
        let strange = told.keys.filter { !members.contains($0) && !$0.hasPrefix("x-") }.sorted()
        guard strange.isEmpty else {
            throw .invalid(
                strange.map {
                    Finding(
                        pointer: "/" + JSONPointer.escaped($0), code: "unknown-member",
                        detail: "is not a member of a node's workflow")
                })
        }
        var bindings: [String: JSONValue] = [:]
        var (properties, required) = ([String: JSONValue](), [JSONValue]())
        var places: [String: JSONValue] = [:]
        let graph = ComfyGraph(told["graph"] ?? .null, pointer: "")
        for (name, value) in (told["parameters"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            let place = value["place"] ?? value
            let (schema, hasDefault) = schema(value["schema"], at: place, in: graph)
            properties[name] = schema
            if !hasDefault { required.append(.string(name)) }
            places[name] = place
        }
        bindings["parameters"] = .object(places)
        if let seed = told["seed"], !seed.isNull {
            bindings["seed"] = seed
            properties["seed"] = properties["seed"] ?? ["type": "integer", "minimum": 0, "maximum": .unsigned(.max)]
        }
        bindings["filenames"] = told["filenames"]
        document["parameters"] = [
            "type": "object", "properties": .object(properties), "required": .array(required),
        ]
        document["inputs"] = .object(ports(told["inputs"], without: "place"))
        bindings["inputs"] = .object(members("place", of: told["inputs"]))
        document["outputs"] = .object(ports(told["outputs"], without: "node"))
        bindings["outputs"] = .object(members("node", of: told["outputs"]))
        runner["workflow"] = told["graph"]
        document["runner"] = .object(runner)
        document["bindings"] = .object(bindings)
        document["quality"] = nil
        document["frames"] = nil
        return .object(document)
    }

    /// A parameter's schema: its own, or of the type that the graph has in its place, with that as its default.
    private static func schema(
        _ own: JSONValue?, at place: JSONValue, in graph: ComfyGraph
    ) -> (JSONValue, hasDefault: Bool) {
        let first = place.stringValue ?? place.arrayValue?.first?.stringValue ?? ""
        let standing = value(at: first, in: graph)
        if var own = own?.objectValue {
            if own["default"] == nil, let standing { own["default"] = standing }
            return (.object(own), own["default"] != nil)
        }
        let type: JSONValue =
            switch standing {
            case .string?: "string"
            case .bool?: "boolean"
            case .integer?, .unsigned?: "integer"
            case .number?: "number"
            default: ["string", "number", "boolean"]
            }
        guard let standing else { return (["type": type], false) }
        return (["type": type, "default": standing], true)
    }

    /// What the graph has at a place whose node is named by its id or its title; what is no plain value is none.
    private static func value(at place: String, in graph: ComfyGraph) -> JSONValue? {
        guard graph.findings.isEmpty, let place = try? graph.place(place) else { return nil }
        switch graph.nodes[place.node]?["inputs"]?[place.input] {
        case let value? where value.objectValue == nil && value.arrayValue == nil && !value.isNull: return value
        default: return nil
        }
    }

    private static func ports(_ value: JSONValue?, without member: String) -> [String: JSONValue] {
        (value?.objectValue ?? [:]).mapValues { port in
            guard var members = port.objectValue else { return port }
            members[member] = nil
            return .object(members)
        }
    }

    private static func members(_ member: String, of value: JSONValue?) -> [String: JSONValue] {
        (value?.objectValue ?? [:]).mapValues { $0[member] ?? .null }
    }

    /// A finding about the manifest that was made, told where the node has it.
    private static func placed(_ finding: Finding) -> Finding {
        var finding = finding
        if let rest = finding.pointer.dropping(prefix: "/runner/workflow") {
            finding.pointer = "/graph" + rest
        } else if let rest = finding.pointer.dropping(prefix: "/bindings") {
            finding.pointer = rest
        } else if let rest = finding.pointer.dropping(prefix: "/parameters/properties") {
            finding.pointer = "/parameters" + rest
        }
        return finding
    }
}

extension String {
    fileprivate func dropping(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
