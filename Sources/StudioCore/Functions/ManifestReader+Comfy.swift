import QueueProtocol

extension ManifestReader {
    /// The `runner` and the `bindings` of a function that a ComfyUI server carries out.
    mutating func comfy(inputs: [FunctionManifest.Port], outputs: [FunctionManifest.Port], schema: ParameterSchema?)
        -> FunctionManifest.Runner
    {
        let runner = members["runner"]?.objectValue ?? [:]
        for key in runner.keys.sorted() where !["kind", "workflow", "silentSeconds", "outputMB"].contains(key) {
            find(
                "/runner/" + JSONPointer.escaped(key), "is not a member of a runner of the kind comfyui",
                code: "unknown-member")
        }
        let document = runner["workflow"] ?? .null
        var told = FunctionManifest.ComfyWorkflow(document: document, nodes: [:])
        let silence = count(
            ["runner", "silentSeconds"], default: Int(told.silence.components.seconds), in: 5...86_400)
        told.silence = .seconds(silence)
        told.outputMegabytes = count(["runner", "outputMB"], default: told.outputMegabytes, in: 1...1_048_576)
        guard runner["workflow"] != nil else {
            find("/runner/workflow", "is required: the file workflow.json beside function.json", code: "required")
            return .comfyui(told)
        }
        let graph = ComfyGraph(document, pointer: "/runner/workflow")
        findings += graph.findings
        guard graph.findings.isEmpty else { return .comfyui(told) }
        var bindings = ComfyBindings(graph: graph, document: members["bindings"])
        bindings.read(inputs: inputs, outputs: outputs, schema: schema)
        findings += bindings.findings
        let wanted = graph.leading(to: bindings.outputs.values)
        told.nodes = graph.nodes.filter { wanted.contains($0.key) }
        told.parameters = bindings.parameters
        told.inputs = bindings.inputs
        told.seed = bindings.seed
        told.outputs = bindings.outputs
        told.prefixes = bindings.prefixes(in: wanted)
        findings += bindings.dead(outside: wanted)
        return .comfyui(told)
    }
}
