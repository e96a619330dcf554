import QueueProtocol
import StudioCore
import Testing

@Suite("ComfyUI workflows in canvases")
struct CanvasWorkflowTests {
    private let graph: JSONValue = [
        "1": ["class_type": "LoadImage", "inputs": ["image": "x.png"], "_meta": ["title": "Still"]],
        "2": ["class_type": "CLIPTextEncode", "inputs": ["text": "a lighthouse"], "_meta": ["title": "Prompt"]],
        "3": [
            "class_type": "KSampler",
            "inputs": ["image": ["1", 0], "positive": ["2", 0], "seed": 5, "steps": 20, "cfg": 7.5],
        ],
        "9": ["class_type": "SaveImage", "inputs": ["images": ["3", 0], "filename_prefix": "C"]],
    ]
    private let base: JSONValue = [
        "name": "comfyui-workflow", "version": "1.0.0", "title": "Workflow",
        "outputs": [
            "image": ["type": "image", "extension": "png"]
        ],
        "parameters": ["type": "object"], "cost": ["credits": 4], "resources": ["queue": "comfyui"],
        "timeoutSeconds": 1800, "bindings": ["outputs": ["image": "1"]],
        "runner": [
            "kind": "comfyui", "silentSeconds": 60,
            "workflow": ["1": ["class_type": "SaveImage", "inputs": ["filename_prefix": "x"]]],
        ],
    ]

    private func plan(_ node: CanvasNode, _ manifests: [JSONValue]? = nil) throws -> CanvasPlan {
        var sketch = CanvasSketch()
        sketch.document.nodes.append(node)
        sketch.node("a", .asset, ["path": "a.png"])
        sketch.function("v", "video")
        sketch.edges("a>\(node.id).still", "\(node.id)>v.image")
        let surroundings = try CanvasSamples.surroundings(manifests ?? (CanvasSamples.manifests + [base]))
        return try CanvasSamples.compiler(surroundings).compile(sketch.document)
    }

    @Test("A workflow is wrapped as one node with what it loads, saves and is told")
    func wrapped() throws {
        let node = try CanvasNode.wrapping(graph, id: "w")
        let workflow = try #require(node.data["workflow"])
        #expect(workflow["parameters"] == ["prompt": "2.text"])
        #expect(workflow["inputs"] == ["still": ["place": "1.image", "type": "image", "required": true]])
        #expect(
            workflow["outputs"] == [
                "saveimage": ["node": "9", "type": "image", "extension": "png", "primary": true]
            ])
        #expect(workflow["seed"] == ["3.seed"])
        let plan = try plan(node)
        let job = try #require(plan.job("w"))
        #expect(job.parameters["prompt"] == "a lighthouse")
        #expect(job.function.manifest.name == "comfyui-workflow")
        #expect(job.function.manifest.queue == "comfyui")
        #expect(job.function.manifest.timeoutSeconds == 1800)
        #expect(job.credits == 4)
        guard case .comfyui(let comfy) = job.function.manifest.runner else {
            Issue.record("a workflow is carried out by ComfyUI")
            return
        }
        #expect(comfy.silence == .seconds(60))
        let prompt = comfy.prompt(
            parameters: job.parameters, files: ["still": ["up.png"]],
            seed: job.parameters["seed"]?.uint64Value ?? 0, prefix: "p")
        #expect(prompt["1"]?["inputs"]?["image"] == "up.png")
        #expect(prompt["3"]?["inputs"]?["seed"]?.uint64Value == job.parameters["seed"]?.uint64Value)
        #expect(plan.job("v")?.inputs["image"] == [.result(job: 0, port: "saveimage")])
        // What is stored of the plan is the catalogue's function: the workflow is in the document.
        #expect(plan.functions.map(\.manifest.document).contains(base))
    }

    @Test("What is chosen may be set, with a schema of its own")
    func chosen() throws {
        func node(_ parameters: [String: JSONValue], graph: JSONValue? = nil) throws -> CanvasNode {
            var node = try CanvasNode.wrapping(
                graph ?? self.graph, id: "w",
                choice: [
                    "parameters": [
                        "steps": ["place": "3.steps", "schema": ["type": "integer", "minimum": 1, "maximum": 50]],
                        "guidance": "3.cfg",
                    ],
                    "inputs": ["still": ["place": "1.image", "type": "image"]],
                    "outputs": ["image": ["node": "9", "type": "image", "extension": "png"]],
                ])
            node.data["parameters"] = .object(parameters)
            return node
        }
        let job = try #require(try plan(node(["steps": 30])).job("w"))
        #expect(job.parameters == ["steps": 30, "guidance": 7.5])
        let refused = #expect(throws: StudioError.self) { try plan(node(["steps": 90, "seed": 1])) }
        #expect(
            refused?.findings.map { "\($0.code) \($0.pointer)" } == [
                "additionalProperties /nodes/0/data/parameters/seed", "maximum /nodes/0/data/parameters/steps",
            ])
        // Another workflow, another result; the same in other words, the same.
        var other = graph.objectValue ?? [:]
        other["2"] = ["class_type": "CLIPTextEncode", "inputs": ["text": "a boat"]]
        #expect(try plan(node(["steps": 30], graph: .object(other))).job("w")?.key != job.key)
        #expect(try plan(node(["steps": 30, "guidance": 7.5])).job("w")?.key == job.key)
    }

    @Test("A workflow decides neither price nor runner, and what is wrong with it is told in its place")
    func faults() throws {
        func findings(_ workflow: JSONValue, _ manifests: [JSONValue]? = nil) throws -> [String] {
            let node = CanvasNode(
                id: "w", kind: .function, data: ["function": "comfyui-workflow", "workflow": workflow])
            let error = #expect(throws: StudioError.self) { try plan(node, manifests) }
            return error?.findings.filter { $0.node == "w" }.map { "\($0.code) \($0.pointer)" } ?? []
        }
        let place = "/nodes/0/data/workflow"
        #expect(
            try findings(["graph": graph, "cost": ["credits": 0], "runner": ["kind": "container"]]) == [
                "unknown-member \(place)/cost", "unknown-member \(place)/runner",
            ])
        #expect(try findings(["graph": ["nodes": []]]).first == "workflow \(place)/graph")
        #expect(
            try findings([
                "graph": graph, "parameters": ["x": "3.sigma"],
                "inputs": ["still": ["place": "4.image", "type": "image"]],
                "outputs": ["image": ["node": "9", "type": "image"]],
            ]).sorted() == [
                "bindings \(place)/inputs/still", "bindings \(place)/parameters/x",
                "manifest \(place)/outputs/image/extension",
            ])
        #expect(try findings("text") == ["type \(place)"])
        #expect(try findings(["graph": graph], CanvasSamples.manifests) == ["unknown-function \(place)"])
        #expect(throws: StudioError.self) { try CanvasNode.wrapping(["1": 2], id: "w") }
    }
}
