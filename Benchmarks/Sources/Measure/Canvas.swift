import ArgumentParser
import FoundationEssentials
import Glibc
import QueueProtocol
import StudioCore
import StudioSystem

/// A canvas of many nodes: read, validated, compiled, and what of it is left to do where half of it is there.
///
/// The graph is made of strands of ten nodes as people draw them: a prompt, three pictures of which two are made of the one
/// before, a film of each, sound, a cut of the films and an output; every second strand takes its first picture from
/// the strand before, so that the whole is deep too.
struct Canvas: ParsableCommand {
    @Argument(help: "How many nodes.") var nodes: Int
    @Option(help: "How often each is measured; the middle counts.") var rounds = 9

    func run() throws {
        let document = Self.drawn(nodes)
        let text = document.text
        let surroundings = CanvasSurroundings(
            functions: try Self.functions(),
            files: ["01_Assets/still.png": CanvasFile(path: "01_Assets/still.png", sha256: SHA256.hex(of: [1]))])
        let compiler = CanvasCompiler(surroundings) { SHA256.hex(of: $0) }
        let plan = try compiler.compile(document)
        let half = Set(plan.jobs.enumerated().filter { $0.offset % 2 == 0 }.map(\.element.key))
        var times: [String: (wall: Double, cpu: Double)] = [:]
        times["read"] = try middle { _ = try CanvasDocument(reading: text) }
        times["write"] = try middle { _ = document.text }
        times["validate"] = try middle { _ = compiler.validate(document) }
        times["compile"] = try middle { _ = try compiler.compile(document) }
        times["dry run"] = try middle {
            let read = try CanvasDocument(reading: text)
            _ = CanvasNeeds(of: read)
            _ = try compiler.compile(read).work(results: half)
        }
        func members(_ value: ((wall: Double, cpu: Double)) -> Double) -> String {
            times.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \(value($0.value) * 1000)" }.joined(separator: ", ")
        }
        print(
            "{\"nodes\": \(document.nodes.count), \"edges\": \(document.edges.count), \"jobs\": \(plan.jobs.count), "
                + "\"bytes\": \(text.count), \"ms\": {\(members(\.wall))}, \"cpu_ms\": {\(members(\.cpu))}}")
    }

    /// The middle of all rounds, each sorted by itself: seconds on the wall, and of the processor.
    private func middle(_ body: () throws -> Void) throws -> (wall: Double, cpu: Double) {
        var (walls, cpus): ([Double], [Double]) = ([], [])
        for _ in 0..<rounds {
            let (start, spent) = (ContinuousClock.now, clock())
            try body()
            cpus.append(Double(clock() - spent) / 1_000_000)
            walls.append((ContinuousClock.now - start) / Duration.seconds(1))
        }
        return (walls.sorted()[rounds / 2], cpus.sorted()[rounds / 2])
    }

    private static func drawn(_ count: Int) -> CanvasDocument {
        var document = CanvasDocument(viewport: ["x": 0, "y": 0, "zoom": 1])
        func node(_ id: String, _ kind: CanvasNode.Kind, _ data: [String: JSONValue]) {
            guard document.nodes.count < count else { return }
            let place: JSONValue = ["x": .integer(Int64(document.nodes.count % 50) * 240), "y": .number(12.5)]
            document.nodes.append(
                CanvasNode(id: id, kind: kind, data: data, others: ["position": place, "width": 220]))
        }
        func function(_ id: String, _ name: String, _ parameters: [String: JSONValue]) {
            node(
                id, .function,
                [
                    "function": .string(name), "functionVersion": "1.0.0", "parameters": .object(parameters),
                    "label": .string("\(name) of \(id)"), "shot": "SHOT-010",
                ])
        }
        func edge(_ source: String, _ output: String?, _ target: String, _ input: String) {
            document.edges.append(
                CanvasEdge(
                    id: "\(source)-\(target)-\(input)", source: source, sourceHandle: output, target: target,
                    targetHandle: input))
        }
        for strand in 0..<(count / 10 + 1) {
            let name = "s\(strand)-"
            let words = "a lighthouse at dusk, seen from the sea, number \(strand)"
            node(name + "prompt", .value, ["value": .string(words)])
            for index in 1...3 {
                function(name + "i\(index)", "picture", ["seed": .integer(Int64(index)), "steps": 20, "guidance": 7.5])
                edge(name + "prompt", nil, name + "i\(index)", "parameter:prompt")
                if index > 1 { edge(name + "i\(index - 1)", "image", name + "i\(index)", "like") }
                function(name + "v\(index)", "film", ["seconds": 4])
                edge(name + "i\(index)", "image", name + "v\(index)", "image")
                edge(name + "v\(index)", "video", name + "cut", "clips")
            }
            if strand % 2 == 1 { edge("s\(strand - 1)-i3", "image", name + "i1", "like") }
            function(name + "sound", "sound", ["pitch": .integer(Int64(strand))])
            function(name + "cut", "cut", [:])
            edge(name + "sound", "audio", name + "cut", "sound")
            node(name + "out", .output, ["shot": "SHOT-010", "version": .integer(Int64(strand % 9999) + 1)])
            edge(name + "cut", "video", name + "out", "in")
        }
        let known = Set(document.nodes.map(\.id))
        document.edges.removeAll { !known.contains($0.source) || !known.contains($0.target) }
        return document
    }

    private static func functions() throws -> CanvasFunctions {
        func function(
            _ name: String, _ parameters: JSONValue, _ inputs: JSONValue, _ outputs: JSONValue
        ) throws -> CanvasFunction {
            let document: JSONValue = [
                "name": .string(name), "version": "1.0.0", "title": .string(name), "outputs": outputs, "inputs": inputs,
                "parameters": ["type": "object", "properties": parameters], "cost": ["credits": 1],
                "runner": ["kind": "encoder"],
            ]
            return CanvasFunction(
                try FunctionManifest(document),
                digest: SHA256.hex(of: try JSONText.compact(document, sortedKeys: true)))
        }
        let number: JSONValue = ["type": "integer", "minimum": 0, "default": 0]
        return CanvasFunctions([
            try function(
                "picture",
                [
                    "prompt": ["type": "string", "minLength": 1, "maxLength": 2000], "seed": number, "steps": number,
                    "guidance": ["type": "number", "minimum": 0, "maximum": 30], "width": number, "height": number,
                ], ["like": ["type": "image"]], ["image": ["type": "image", "extension": "png"]]),
            try function(
                "film", ["seconds": number, "frameRate": ["type": "string", "default": "24", "pattern": "^[0-9]+$"]],
                ["image": ["type": "image", "required": true]], ["video": ["type": "video", "extension": "mp4"]]),
            try function("sound", ["pitch": number], [:], ["audio": ["type": "audio", "extension": "wav"]]),
            try function(
                "cut", ["container": ["type": "string", "enum": ["mp4", "mov"], "default": "mp4"]],
                ["clips": ["type": "video", "required": true, "list": true], "sound": ["type": "audio"]],
                ["video": ["type": "video", "extension": "mp4", "extensionParameter": "container"]]),
        ])
    }
}
