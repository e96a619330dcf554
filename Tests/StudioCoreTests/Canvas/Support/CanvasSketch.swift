import QueueProtocol
import StudioCore
import StudioSystem

/// A canvas put together in few words.
struct CanvasSketch {
    var document = CanvasDocument()

    @discardableResult
    mutating func node(_ id: String, _ kind: CanvasNode.Kind, _ data: [String: JSONValue] = [:]) -> String {
        document.nodes.append(CanvasNode(id: id, kind: kind, data: data))
        return id
    }

    @discardableResult
    mutating func function(
        _ id: String, _ name: String, _ parameters: [String: JSONValue] = [:], _ more: [String: JSONValue] = [:]
    ) -> String {
        let data: [String: JSONValue] = ["function": .string(name), "parameters": .object(parameters)]
        return node(id, .function, data.merging(more) { $1 })
    }

    /// `a.image>b.source`: from the output image of a to the input source of b; either handle may be left out.
    mutating func edges(_ texts: String...) {
        for text in texts {
            let ends = text.split(separator: ">").map { end -> (String, String?) in
                let parts = end.split(separator: ".", maxSplits: 1).map(String.init)
                return (parts[0], parts.count > 1 ? parts[1] : nil)
            }
            document.edges.append(
                CanvasEdge(
                    id: "e\(document.edges.count)", source: ends[0].0, sourceHandle: ends[0].1, target: ends[1].0,
                    targetHandle: ends[1].1))
        }
    }
}

/// Functions and files that canvases of tests are made of.
enum CanvasSamples {
    static let sha256: @Sendable ([UInt8]) -> String = { SHA256.hex(of: $0) }

    static func function(_ document: JSONValue) throws -> CanvasFunction {
        CanvasFunction(
            try FunctionManifest(document), digest: SHA256.hex(of: try JSONText.compact(document, sortedKeys: true)))
    }

    static func manifest(
        _ name: String, version: String = "1.0.0", parameters: JSONValue = [:], required: JSONValue = [],
        inputs: JSONValue = [:], outputs: JSONValue = [:], quality: JSONValue = [:], credits: Int64 = 1,
        title: String = "A title"
    ) -> JSONValue {
        [
            "name": .string(name), "version": .string(version), "title": .string(title),
            "parameters": ["type": "object", "properties": parameters, "required": required], "inputs": inputs,
            "outputs": outputs, "quality": quality, "cost": ["credits": .integer(credits)],
            "runner": ["kind": outputs == [:] ? "builtin" : "encoder"],
        ]
    }

    static let seed: JSONValue = ["type": "integer", "minimum": 0, "maximum": .unsigned(.max)]

    /// `image`: a prompt, a strength, a seed without a default. `video`: a picture, a length, and two outputs. `cut`: a
    /// list of films, and a container. `tags`: a list of words. `sound`; `ping`, which makes nothing.
    static let manifests: [JSONValue] = [
        manifest(
            "image",
            parameters: [
                "prompt": ["type": "string", "minLength": 1, "maxLength": 40],
                "strength": ["type": "number", "minimum": 0, "maximum": 1, "default": 0.5], "seed": seed,
            ], required: ["prompt"], inputs: ["like": ["type": "image"]],
            outputs: ["image": ["type": "image", "extension": "png"]],
            quality: ["low": ["strength": 0.25]], credits: 2),
        manifest(
            "video", version: "2.1.0", parameters: ["seconds": ["type": "integer", "minimum": 1, "default": 2]],
            inputs: ["image": ["type": "image", "required": true], "sound": ["type": "audio"]],
            outputs: [
                "video": ["type": "video", "extension": "mp4", "primary": true],
                "poster": ["type": "image", "extension": "jpg"],
            ], credits: 5),
        manifest(
            "cut", parameters: ["container": ["type": "string", "enum": ["mp4", "mov"], "default": "mp4"]],
            inputs: ["clips": ["type": "video", "required": true, "list": true]],
            outputs: ["video": ["type": "video", "extension": "mp4", "extensionParameter": "container"]], credits: 3),
        manifest(
            "tags", parameters: ["words": ["type": "array", "items": ["type": "string"], "default": []]],
            outputs: ["image": ["type": "image", "extension": "png"]]),
        manifest(
            "sound", parameters: ["pitch": ["type": "integer", "default": 440]],
            outputs: ["audio": ["type": "audio", "extension": "wav"]]),
        manifest("ping", parameters: ["n": ["type": "integer", "default": 0]], credits: 0),
    ]

    static func surroundings(
        _ manifests: [JSONValue] = manifests, files: [String: String] = ["a.png": "a", "b.png": "b", "c.mp4": "c"]
    ) throws -> CanvasSurroundings {
        CanvasSurroundings(
            functions: CanvasFunctions(try manifests.map(function)),
            files: Dictionary(
                uniqueKeysWithValues: files.map { path, content in
                    (path, CanvasFile(path: path, sha256: SHA256.hex(of: content.utf8)))
                }),
            takes: [take: CanvasFile(path: "03_Renders/S/S_v01_take01.mp4", sha256: SHA256.hex(of: "t".utf8))])
    }

    static let take = TakeID()

    /// What is found in a canvas, as `severity code pointer node edge`.
    static func found(
        _ surroundings: CanvasSurroundings? = nil, _ goal: CanvasGoal = CanvasGoal(), pointer: String = "",
        _ draw: (inout CanvasSketch) -> Void
    ) throws -> [String] {
        var sketch = CanvasSketch()
        draw(&sketch)
        let findings = try compiler(surroundings).validate(sketch.document, goal: goal, pointer: pointer)
        return findings.all.map { found in
            let about = [found.finding.node, found.finding.edge].compactMap { $0 }.joined(separator: " ")
            return "\(found.severity) \(found.finding.code) \(found.finding.pointer) \(about)"
        }
    }

    static func compiler(_ surroundings: CanvasSurroundings? = nil) throws -> CanvasCompiler {
        CanvasCompiler(try surroundings ?? Self.surroundings(), sha256: sha256)
    }
}

extension CanvasPlan {
    /// The job of a node, and of one place in its list.
    func job(_ node: String, _ index: Int? = nil) -> Job? {
        jobs.first { $0.places.contains { $0.node == node && $0.index == index } }
    }

    /// Where the jobs stand, as `node` or `node/index`, those of one job joined by `=`.
    func places(_ numbers: some Sequence<Int>) -> [String] {
        numbers.map { number in
            jobs[number].places.map { place in place.index.map { "\(place.node)/\($0)" } ?? place.node }
                .joined(separator: "=")
        }
    }
}
