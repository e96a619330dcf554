public import QueueProtocol

extension CanvasNode {
    /// A ComfyUI workflow as one node, with the inputs that people may set from outside.
    ///
    /// Where nothing is chosen, it is: the files that nodes load, the files that nodes save, every `text`, and every seed
    /// together as one. Whatever is chosen can be changed later in `data.workflow`.
    ///
    /// - Parameters:
    ///   - graph: The workflow in API format.
    ///   - id: The node's id.
    ///   - choice: `parameters`, `inputs`, `outputs`, `seed` and `filenames` as `data.workflow` has them; default by what
    ///     the workflow's nodes are.
    /// - Returns: The node, at 0, 0.
    /// - Throws: `StudioError` with code `invalid` and all that is wrong with the workflow.
    public static func wrapping(
        _ graph: JSONValue, id: String, choice: [String: JSONValue]? = nil
    ) throws(StudioError) -> CanvasNode {
        let read = ComfyGraph(graph, pointer: "")
        guard read.findings.isEmpty else { throw .invalid(read.findings) }
        var workflow = choice ?? ComfyChoice(read).members
        workflow["graph"] = graph
        return CanvasNode(
            id: id, kind: .function,
            data: ["function": .string(CanvasWorkflow.functionName), "workflow": .object(workflow)])
    }
}

/// What of a workflow is to be set from outside, by the types of its nodes.
private struct ComfyChoice {
    /// Nodes that load a file: which of their inputs names it, and what it is.
    private static let loaders: [String: (input: String, type: String)] = [
        "LoadImage": ("image", "image"), "LoadImageMask": ("image", "mask"), "LoadAudio": ("audio", "audio"),
        "LoadVideo": ("file", "video"),
    ]
    /// Nodes that save a file: what it is, and its extension.
    private static let savers: [String: (type: String, fileExtension: String)] = [
        "SaveImage": ("image", "png"), "SaveAnimatedWEBP": ("image", "webp"), "SaveAnimatedPNG": ("image", "png"),
        "SaveVideo": ("video", "mp4"), "SaveWEBM": ("video", "webm"), "SaveAudio": ("audio", "flac"),
        "SaveAudioMP3": ("audio", "mp3"),
    ]
    private static let seeds: Set<String> = ["seed", "noise_seed"]

    private var parameters: [String: JSONValue] = [:]
    private var inputs: [String: JSONValue] = [:]
    private var outputs: [String: JSONValue] = [:]
    private var seed: [JSONValue] = []

    init(_ graph: ComfyGraph) {
        for (id, node) in graph.nodes.sorted(by: { $0.key < $1.key }) {
            let type = node["class_type"]?.stringValue ?? ""
            let name = Self.name(node["_meta"]?["title"]?.stringValue ?? type)
            if let loader = Self.loaders[type], node["inputs"]?[loader.input]?.stringValue != nil {
                inputs[free(name, id, in: inputs)] = [
                    "place": .string("\(id).\(loader.input)"), "type": .string(loader.type), "required": true,
                ]
            }
            if let saver = Self.savers[type] {
                outputs[free(name, id, in: outputs)] = [
                    "node": .string(id), "type": .string(saver.type), "extension": .string(saver.fileExtension),
                    "primary": .bool(outputs.isEmpty),
                ]
            }
            for (input, value) in (node["inputs"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
                let place = JSONValue.string("\(id).\(input)")
                if input == "text", value.stringValue != nil { parameters[free(name, id, in: parameters)] = place }
                if Self.seeds.contains(input), value.uint64Value != nil { seed.append(place) }
            }
        }
    }

    var members: [String: JSONValue] {
        var members: [String: JSONValue] = [
            "parameters": .object(parameters), "inputs": .object(inputs), "outputs": .object(outputs),
        ]
        if !seed.isEmpty { members["seed"] = .array(seed) }
        return members
    }

    private func free(_ name: String, _ id: String, in taken: [String: JSONValue]) -> String {
        taken[name] == nil ? name : "\(name)-\(Self.name(id))"
    }

    /// Small letters, digits and `-`.
    private static func name(_ text: String) -> String {
        var name = ""
        for byte in text.lowercased().utf8 {
            let isPlain = (97...122).contains(byte) || (48...57).contains(byte)
            if isPlain {
                name.unicodeScalars.append(Unicode.Scalar(byte))
            } else if !name.isEmpty, !name.hasSuffix("-") {
                name += "-"
            }
        }
        while name.hasSuffix("-") { name.removeLast() }
        return name.isEmpty ? "node" : name
    }
}
