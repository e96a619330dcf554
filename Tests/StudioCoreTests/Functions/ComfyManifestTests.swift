import FoundationEssentials
import QueueProtocol
import StudioCore
import Testing

@Suite("Manifests of functions that ComfyUI carries out")
struct ComfyManifestTests {
    typealias Place = FunctionManifest.ComfyWorkflow.Place

    static let workflow: [String: JSONValue] = [
        "1": ["class_type": "LoadImage", "inputs": ["image": "x.png"], "_meta": ["title": "Input v1.0"]],
        "2": [
            "class_type": "Sampler",
            "inputs": ["image": ["1", 0], "seed": 3, "strength": 0.5, "sizes": ["__value__": [1, 2]]],
            "_meta": ["title": "Sampler"],
        ],
        "5": [
            "class_type": "SaveVideo",
            "inputs": ["video": ["2", 0], "format.codec": "h264", "filename_prefix": "clip"],
            "_meta": ["title": "Save"],
        ],
        // A branch that nobody takes.
        "7": ["class_type": "Preview", "inputs": ["images": ["2", 0], "size": 3]],
    ]
    static let bindings: [String: JSONValue] = [
        "parameters": ["strength": "Sampler.strength", "codec": "5.format.codec", "sizes": ["2.sizes"]],
        "inputs": ["image": "Input v1.0.image"], "seed": ["2.seed"], "outputs": ["film": "Save"],
    ]

    /// A manifest, with members laid over it; a null takes one away.
    private func document(
        workflow: [String: JSONValue] = [:], bindings: [String: JSONValue] = [:], runner: [String: JSONValue] = [:],
        more: [String: JSONValue] = [:]
    ) -> JSONValue {
        func laid(_ over: [String: JSONValue], _ base: [String: JSONValue]) -> JSONValue {
            .object(base.merging(over) { $1 }.filter { $0.value != .null })
        }
        return laid(
            more,
            [
                "name": "dream", "version": "1.0.0", "title": "Dream",
                "parameters": [
                    "type": "object",
                    "properties": [
                        "strength": ["type": "number", "default": 0.25], "codec": ["type": "string"],
                        "sizes": ["type": "array"], "seed": ["type": "integer"],
                    ],
                ],
                "inputs": ["image": ["type": "image", "required": true]],
                "outputs": ["film": ["type": "video", "extension": "mp4", "primary": true]],
                "bindings": laid(bindings, Self.bindings),
                "runner": laid(runner, ["kind": "comfyui", "workflow": laid(workflow, Self.workflow)]),
            ])
    }

    private func comfy(_ document: JSONValue) throws -> FunctionManifest.ComfyWorkflow {
        guard case .comfyui(let told) = try FunctionManifest(document).runner else {
            throw StudioError(.notFound, "another runner")
        }
        return told
    }

    @Test("Places are found by id or title, and what leads nowhere is left out")
    func whole() throws {
        let told = try comfy(document(runner: ["silentSeconds": 30, "outputMB": 100]))
        #expect(
            told.parameters == [
                "strength": [Place(node: "2", input: "strength")], "codec": [Place(node: "5", input: "format.codec")],
                "sizes": [Place(node: "2", input: "sizes")],
            ])
        #expect(told.inputs == ["image": [Place(node: "1", input: "image")]])
        #expect(told.seed == [Place(node: "2", input: "seed")])
        #expect(told.outputs == ["film": "5"])
        #expect(told.prefixes == [Place(node: "5", input: "filename_prefix")])
        #expect(Set(told.nodes.keys) == ["1", "2", "5"])
        #expect(told.classes == ["LoadImage", "Sampler", "SaveVideo"])
        #expect(told.silence == .seconds(30) && told.outputMegabytes == 100)
        #expect(told.document["7"] != nil, "the document is whole")
        #expect(told.title(of: "2") == "Sampler")
        #expect(try FunctionManifest(document()).runner.kind == "comfyui")
    }

    @Test("A job's values stand in their places, seeds exact and lists wrapped")
    func prompt() throws {
        let prompt = try comfy(document()).prompt(
            parameters: ["strength": 1, "codec": .null, "sizes": [7, 8], "seed": 1], files: ["image": ["studio/a.png"]],
            seed: .max, prefix: "studio/job/1")
        #expect(prompt["1"]?["inputs"]?["image"] == "studio/a.png")
        let sampler = prompt["2"]?["inputs"]
        #expect(sampler?["strength"] == 1 && sampler?["seed"] == .unsigned(.max))
        #expect(sampler?["sizes"] == ["__value__": [7, 8]])
        #expect(sampler?["image"] == ["1", 0])
        #expect(prompt["5"]?["inputs"]?["format.codec"] == "h264", "null leaves what the workflow says")
        #expect(prompt["5"]?["inputs"]?["filename_prefix"] == "studio/job/1/1")
        #expect(prompt["7"] == nil)
        #expect(try JSONText.string(prompt).contains("18446744073709551615"))
    }

    @Test("A list takes one place for each file, another port's file goes to all its places")
    func files() throws {
        var workflow = Self.workflow
        workflow["8"] = ["class_type": "LoadImage", "inputs": ["image": "y.png"]]
        workflow["2"] = ["class_type": "Batch", "inputs": ["a": ["1", 0], "b": ["8", 0], "seed": 0]]
        func made(isList: Bool, _ names: [String]) throws -> [JSONValue?] {
            let prompt = try comfy(
                document(
                    workflow: workflow,
                    bindings: [
                        "inputs": ["image": ["1.image", "8.image"]], "parameters": ["codec": "5.format.codec"],
                    ],
                    more: [
                        "inputs": ["image": ["type": "image", "list": .bool(isList)]],
                        "parameters": ["type": "object", "properties": ["codec": [:], "seed": [:]]],
                    ])
            ).prompt(parameters: [:], files: ["image": names], seed: 0, prefix: "x")
            return [prompt["1"]?["inputs"]?["image"], prompt["8"]?["inputs"]?["image"]]
        }
        #expect(try made(isList: false, ["a.png"]) == ["a.png", "a.png"])
        #expect(try made(isList: true, ["a.png", "b.png"]) == ["a.png", "b.png"])
        #expect(try made(isList: false, []) == ["x.png", "y.png"])
    }

    @Test("The file beside the manifest becomes part of it, and of its digest")
    func joined() throws {
        var members = try #require(document().objectValue)
        members["runner"] = ["kind": "comfyui"]
        let bytes = try JSONText.compact(JSONValue.object(members))
        let workflow = try JSONText.compact(JSONValue.object(Self.workflow))
        let manifest = try FunctionManifest(reading: bytes, workflow: workflow, folder: "dream")
        #expect(manifest.document["runner"]?["workflow"] == .object(Self.workflow))
        #expect(try FunctionManifest(manifest.document).runner == manifest.runner, "a worker reads it from the job")
        func pointers(_ manifest: Data, _ workflow: Data?) -> [String]? {
            let error = #expect(throws: StudioError.self) {
                try FunctionManifest(reading: manifest, workflow: workflow)
            }
            return error?.findings.map(\.pointer)
        }
        #expect(pointers(bytes, nil) == ["/runner/workflow"])
        #expect(pointers(bytes, Data("{".utf8)) == ["/runner/workflow"])
        #expect(
            pointers(bytes, Data(#"{"1": {"class_type": "A", "inputs": {"x": NaN}}}"#.utf8)) == ["/runner/workflow"])
        #expect(pointers(try JSONText.compact(document()), workflow) == ["/runner/workflow"])
        members["runner"] = ["kind": "encoder"]
        #expect(pointers(try JSONText.compact(JSONValue.object(members)), workflow) == ["/runner/kind"])
        #expect(pointers(try JSONText.compact(JSONValue.object(members)), nil) == ["/bindings"])
    }

    @Test(
        "What a server would choke on is found in the workflow",
        arguments: [
            (["2": ["class_type": "Sampler"]], "/2/inputs", "is required"),
            (["2": ["inputs": [:]]], "/2/class_type", "is required"), (["2": 3], "/2", "a node is an object"),
            (["3": ["class_type": "", "inputs": [:]]], "/3/class_type", "is required"),
            (["3": ["class_type": "A", "inputs": ["a": [1, 2, 3]]]], "/3/inputs/a", "__value__"),
            (["3": ["class_type": "A", "inputs": ["a": []]]], "/3/inputs/a", "__value__"),
            (["3": ["class_type": "A", "inputs": ["a": [1, 0]]]], "/3/inputs/a", #"["1", 0]"#),
            (["3": ["class_type": "A", "inputs": ["a": ["1", -1]]]], "/3/inputs/a", "__value__"),
            (["3": ["class_type": "A", "inputs": ["a/b": ["44", 0]]]], "/3/inputs/a~1b", "the node 44"),
            (
                [
                    "3": ["class_type": "A", "inputs": ["a": ["4", 0]]],
                    "4": ["class_type": "A", "inputs": ["a": ["3", 0], "b": ["1", 0]]],
                ], "", "the nodes 3, 4 take from each other"
            ),
            (["nodes": [], "links": []], "", "Export (API)"),
        ] as [([String: JSONValue], String, String)])
    func workflowFaults(change: [String: JSONValue], pointer: String, text: String) {
        let error = #expect(throws: StudioError.self) { try FunctionManifest(document(workflow: change)) }
        #expect(error?.findings.map(\.pointer) == ["/runner/workflow" + pointer])
        #expect(error?.findings.first?.detail.contains(text) == true, "\(String(describing: error?.findings))")
    }

    @Test("What is no workflow at all is named", arguments: [[], [:], "x", ["prompt": ["1": [:]]]] as [JSONValue])
    func noWorkflow(workflow: JSONValue) {
        let error = #expect(throws: StudioError.self) {
            try FunctionManifest(document(runner: ["workflow": workflow]))
        }
        #expect(error?.findings.map(\.pointer) == ["/runner/workflow"])
    }

    @Test("A chain that is longer than any stack is read")
    func longChain() throws {
        var nodes: [String: JSONValue] = Self.workflow
        for number in 100..<1900 {
            nodes["\(number)"] = [
                "class_type": "A", "inputs": ["image": [.string(number == 100 ? "1" : "\(number - 1)"), 0]],
            ]
        }
        nodes["2"] = [
            "class_type": "Sampler", "inputs": ["image": ["1899", 0], "seed": 3, "strength": 0.5, "sizes": 1],
        ]
        #expect(
            try comfy(
                document(
                    workflow: nodes,
                    bindings: [
                        "parameters": [
                            "strength": "2.strength", "codec": "Save.format.codec", "sizes": "2.sizes",
                        ]
                    ])
            ).nodes.count == 1803)
    }

    @Test(
        "Each fault of the bindings is found at its place",
        arguments: [
            (["parameters": .null], ["/parameters/codec", "/parameters/sizes", "/parameters/strength"]),
            (["inputs": .null], ["/inputs/image"]),
            (["inputs": ["image": "1.image", "b": "1.image"]], ["/inputs/b", "/inputs/image"]),
            (["outputs": .null], ["/outputs/film"]), (["outputs": ["film": "44"]], ["/outputs/film"]),
            (["outputs": ["film": 5]], ["/outputs/film"]), (["outputs": ["film": "5", "x": "5"]], ["/outputs/x"]),
            (["outputs": ["film": "2"]], ["/outputs/film", "/parameters/codec"]), (["seed": "2.nothing"], ["/seed"]),
            (["seed": "2.image"], ["/seed"]), (["seed": "seed"], ["/seed"]), (["seed": []], ["/seed"]),
            (["seed": ["2.seed", 3]], ["/seed/1"]), (["seed": "44.seed"], ["/seed"]),
            (["seed": "5.filename_prefix"], ["/seed"]), (["seed": "2.strength"], ["/parameters/strength"]),
            (["seed": "7.size"], ["/seed"]), (["loras": [:]], ["/loras"]),
            (["parameters": []], ["/parameters", "/parameters/codec", "/parameters/sizes", "/parameters/strength"]),
        ] as [([String: JSONValue], [String])])
    func bindingFaults(change: [String: JSONValue], pointers: [String]) {
        let error = #expect(throws: StudioError.self) { try FunctionManifest(document(bindings: change)) }
        #expect(error?.findings.map(\.pointer).sorted() == pointers.map { "/bindings" + $0 })
    }

    @Test("Titles that two nodes share, and texts that may be read in two ways, name nothing")
    func ambiguous() {
        let twins: [String: JSONValue] = [
            "8": ["class_type": "A", "inputs": ["seed": 1], "_meta": ["title": "Sampler"]],
            "9": ["class_type": "A", "inputs": ["b.seed": 1], "_meta": ["title": "a"]],
            "10": ["class_type": "A", "inputs": ["seed": 1], "_meta": ["title": "a.b"]],
        ]
        for (place, text) in [("Sampler.strength", "the nodes 2, 8 are all titled so"), ("a.b.seed", "in two ways")] {
            let error = #expect(throws: StudioError.self) {
                try FunctionManifest(document(workflow: twins, bindings: ["seed": .string(place)]))
            }
            let found = error?.findings.first { $0.pointer == "/bindings/seed" || $0.detail.contains("titled so") }
            #expect(found?.detail.contains(text) == true, "\(String(describing: error?.findings))")
        }
    }

    @Test("A node that saves under a name of its own needs one of the studio's")
    func filenames() throws {
        let saver: [String: JSONValue] = [
            "5": ["class_type": "SaveElsewhere", "inputs": ["video": ["2", 0], "format.codec": "x", "path": "a"]]
        ]
        let error = #expect(throws: StudioError.self) {
            try FunctionManifest(document(workflow: saver, bindings: ["outputs": ["film": "5"]]))
        }
        #expect(error?.findings.map(\.pointer) == ["/bindings/outputs/film"])
        let told = try comfy(
            document(workflow: saver, bindings: ["outputs": ["film": "5"], "filenames": ["5.path"]]))
        let prompt = told.prompt(parameters: [:], files: [:], seed: 0, prefix: "studio/a")
        #expect(prompt["5"]?["inputs"]?["path"] == "studio/a/1")
    }

    @Test(
        "Each fault beside the bindings is found at its place",
        arguments: [
            (["outputs": [:]], ["/bindings/outputs/film", "/outputs"]),
            (["outputs": ["film": ["type": "video", "extension": "mp4", "list": true]]], ["/outputs/film/list"]),
            (["bindings": .null], ["/bindings"]),
        ] as [([String: JSONValue], [String])])
    func manifestFaults(change: [String: JSONValue], pointers: [String]) {
        let error = #expect(throws: StudioError.self) { try FunctionManifest(document(more: change)) }
        #expect(error?.findings.map(\.pointer).sorted() == pointers)
    }

    @Test(
        "Each fault of the runner is found at its place",
        arguments: [("silentSeconds", 1), ("outputMB", 0), ("url", "http://x")] as [(String, JSONValue)])
    func runnerFaults(key: String, value: JSONValue) {
        let error = #expect(throws: StudioError.self) { try FunctionManifest(document(runner: [key: value])) }
        #expect(error?.findings.map(\.pointer) == ["/runner/" + key])
    }

    @Test("A parameter without a name has no place")
    func openParameters() {
        let open: JSONValue = [
            "type": "object", "additionalProperties": true,
            "properties": ["strength": [:], "codec": [:], "sizes": [:], "seed": [:]],
        ]
        let error = #expect(throws: StudioError.self) { try FunctionManifest(document(more: ["parameters": open])) }
        #expect(error?.findings.map(\.pointer) == ["/parameters/additionalProperties"])
    }
}
