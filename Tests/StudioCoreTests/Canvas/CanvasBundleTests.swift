import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioSystem
import Testing

@Suite("Canvases as one file")
struct CanvasBundleTests {
    private func sample() -> CanvasDocument {
        var sketch = CanvasSketch()
        sketch.node("a", .asset, ["path": ["a.png", "b.png"]])
        sketch.node("t", .take, ["take": .string("\(CanvasSamples.take)")])
        sketch.function("v", "video")
        sketch.function("c", "cut")
        sketch.edges("a>v.image", "v>c.clips", "t>c.clips")
        return sketch.document
    }

    private func read(_ json: JSONValue) throws -> CanvasBundle {
        try CanvasBundle(
            try JSONText.decode(JSONValue.self, from: try JSONText.document(json)), sha256: CanvasSamples.sha256)
    }

    @Test("It comes back as it was, and makes the same jobs by the functions that it carries")
    func roundTrip() throws {
        let surroundings = try CanvasSamples.surroundings()
        let bundle = CanvasBundle(name: "main", canvas: sample(), surroundings: surroundings)
        #expect(bundle.functions.map(\.manifest.name) == ["cut", "video"])
        #expect(bundle.files.map(\.path) == ["a.png", "b.png"])
        #expect(bundle.takes.map(\.id) == [CanvasSamples.take])
        let back = try read(bundle.json)
        #expect(back.json == bundle.json)
        #expect(back.missing(in: surroundings).isEmpty)
        // Years later: the catalogue has moved on, the graph has not.
        var later = surroundings
        later.functions = CanvasFunctions(back.functions)
        let (then, now) = (
            CanvasCompiler(surroundings, sha256: CanvasSamples.sha256),
            CanvasCompiler(later, sha256: CanvasSamples.sha256)
        )
        #expect(try now.compile(back.canvas).jobs.map(\.key) == then.compile(sample()).jobs.map(\.key))
    }

    @Test("It tells what is not there, and what is another than it was")
    func missing() throws {
        var bundle = CanvasBundle(name: "main", canvas: sample(), surroundings: try CanvasSamples.surroundings())
        bundle = try read(bundle.json)
        var there = try CanvasSamples.surroundings(
            [CanvasSamples.manifest("video", version: "3.0.0", outputs: ["v": ["type": "video", "extension": "mp4"]])],
            files: ["a.png": "other"])
        there.takes = [:]
        let missing = bundle.missing(in: there)
        #expect(
            missing.functions.map { "\($0.name) \($0.version ?? "-") \($0.found ?? "-")" } == [
                "cut 1.0.0 -", "video 2.1.0 3.0.0",
            ])
        #expect(missing.files.map(\.path) == ["a.png", "b.png"])
        #expect(missing.files.map { $0.found == nil } == [false, true])
        #expect(missing.takes == [CanvasSamples.take])
        #expect(missing.json["takes"] == [.string("\(CanvasSamples.take)")])
        #expect(
            missing.json["functions"] == [
                ["name": "cut", "version": "1.0.0"], ["name": "video", "version": "2.1.0", "found": "3.0.0"],
            ])
        #expect(!missing.isEmpty)
    }

    @Test("All that is wrong with a file is said at once")
    func faults() throws {
        var json =
            CanvasBundle(name: "m", canvas: sample(), surroundings: try CanvasSamples.surroundings()).json
            .objectValue ?? [:]
        func codes() -> [String] {
            let error = #expect(throws: StudioError.self) { try read(.object(json)) }
            return error?.findings.map { "\($0.code) \($0.pointer)" } ?? []
        }
        var functions = json["functions"]?.arrayValue ?? []
        functions[0] = .object((functions[0].objectValue ?? [:]).merging(["digest": "0", "version": "9.9.9"]) { $1 })
        functions.append(["manifest": ["name": "x"]])
        json["functions"] = .array(functions)
        json["files"] = [["path": ""], ["path": "x", "sha256": "X"]]
        json["takes"] = [["take": "x"], 3]
        json["canvas"] = ["nodes": [1]]
        let found = codes()
        #expect(found.contains("type /canvas/nodes/0"))
        #expect(found.contains("const /functions/0/version") && found.contains("digest /functions/0/digest"))
        #expect(found.contains { $0.hasPrefix("required /functions/2/manifest/") })
        #expect(
            found.suffix(4) == [
                "required /files/0/path", "format /files/1/sha256", "format /takes/0/take", "format /takes/1/take",
            ])
        json["formatVersion"] = 2
        #expect(codes() == ["schema-version-unsupported /formatVersion"])
        json["format"] = "other"
        #expect(codes() == ["format /format"])
    }
}
