import QueueProtocol
import StudioCore
import Testing

@Suite("Canvases that are too much, and goals")
struct CanvasLimitTests {
    @Test("A canvas that is too much is refused before it is worked out")
    func limits() throws {
        func surroundings(_ limits: CanvasLimits) throws -> CanvasSurroundings {
            var surroundings = try CanvasSamples.surroundings()
            surroundings.limits = limits
            return surroundings
        }
        func draw(_ sketch: inout CanvasSketch) {
            sketch.function(
                "i", "image", ["prompt": "x"], ["fanOut": ["parameter": "strength", "values": [0, 1, 0.5]]])
            sketch.function("v", "video")
            sketch.function("c", "cut")
            sketch.edges("i>v.image", "v>c.clips")
        }
        #expect(
            try CanvasSamples.found(surroundings(CanvasLimits(nodes: 2)), CanvasGoal(), draw) == ["error limit /nodes "]
        )
        #expect(
            try CanvasSamples.found(surroundings(CanvasLimits(edges: 1)), CanvasGoal(), draw) == ["error limit /edges "]
        )
        #expect(try CanvasSamples.found(surroundings(CanvasLimits(jobs: 5)), CanvasGoal(), draw) == ["error limit  "])
        #expect(try CanvasSamples.found(surroundings(CanvasLimits(inputs: 5)), CanvasGoal(), draw) == ["error limit  "])
        #expect(
            try CanvasSamples.found(
                surroundings(CanvasLimits(nodes: 3, edges: 2, jobs: 7, inputs: 6)), CanvasGoal(), draw) == [])
        // What is published are jobs too.
        let published = try CanvasSamples.found(surroundings(CanvasLimits(jobs: 1))) {
            $0.node("f", .asset, ["path": ["a.png", "b.png"]])
            $0.node("o", .output, ["shot": "S"])
            $0.edges("f>o")
        }
        #expect(published == ["error limit  "])
    }

    @Test("What a small canvas multiplies is refused before it is looked at")
    func multiplied() throws {
        func found(_ limits: CanvasLimits = CanvasLimits(), _ draw: (inout CanvasSketch) -> Void) throws -> [String] {
            var surroundings = try CanvasSamples.surroundings()
            surroundings.limits = limits
            return try CanvasSamples.found(surroundings, CanvasGoal(), draw)
        }
        func texts(_ sketch: inout CanvasSketch, count: Int, length: Int) {
            sketch.node("v", .value, ["value": .string(String(repeating: "x", count: length))])
            for number in 0..<count {
                sketch.function("i\(number)", "image")
                sketch.edges("v>i\(number).parameter:prompt")
            }
        }
        #expect(try found(CanvasLimits(parameterBytes: 1000)) { texts(&$0, count: 5, length: 40) } == [])
        #expect(
            try found(CanvasLimits(parameterBytes: 1000)) { texts(&$0, count: 30, length: 40) } == ["error limit  "])
        // Also where a list that comes in makes one node many jobs.
        let fanned = try found(CanvasLimits(parameterBytes: 1000)) {
            $0.node("f", .asset, ["path": .array(Array(repeating: "a.png", count: 30))])
            $0.function("i", "image", ["prompt": .string(String(repeating: "x", count: 40))])
            $0.edges("f>i.like")
        }
        #expect(fanned == ["error limit  "])
        #expect(try found(CanvasLimits(functionBytes: 10)) { texts(&$0, count: 1, length: 1) } == ["error limit  "])
        let files = try found(CanvasLimits(files: 2)) { $0.node("f", .asset, ["path": ["a.png", "b.png", "c.png"]]) }
        #expect(files == ["error limit /nodes "])
        // Values that are no jobs of their own are too many at some point too.
        let values = try found(CanvasLimits(jobs: 4)) {
            $0.function("i", "image", ["prompt": "x"], ["fanOut": ["parameter": "seed", "values": [1, 2, 3, 4, 5]]])
        }
        #expect(values.contains("error limit  "))
    }

    @Test("Of very many findings some are kept, the first about each node among them")
    func manyFindings() throws {
        let wrong = JSONValue.array(Array(repeating: "none", count: 10_000))
        var sketch = CanvasSketch()
        sketch.function("i", "image", ["prompt": "x"], ["fanOut": ["parameter": "strength", "values": wrong]])
        sketch.node("f", .asset, ["path": .array(Array(repeating: 1, count: 50_000))])
        sketch.function("j", "image", ["prompt": 3])
        let compiler = CanvasCompiler(try CanvasSamples.surroundings(), sha256: CanvasSamples.sha256)
        let findings = compiler.validate(sketch.document)
        #expect(findings.all.count == CanvasFindings.mostTold + 1)
        #expect(findings.all.last?.finding.code == "more")
        // What is asked for is refused for its own fault, whatever else is wrong.
        let asked = compiler.validate(sketch.document, goal: CanvasGoal(targets: ["j"]))
        #expect(asked.errors.map(\.node) == ["j"])
        #expect(throws: StudioError.self) { try compiler.compile(sketch.document, goal: CanvasGoal(targets: ["j"])) }
    }

    @Test("What a target does not need is a warning, and targets have to be there")
    func targets() throws {
        func draw(_ sketch: inout CanvasSketch) {
            sketch.function("i", "image", ["prompt": "x"])
            sketch.function("j", "image")
            sketch.node("n", .note)
        }
        #expect(
            try CanvasSamples.found(nil, CanvasGoal(targets: ["i"]), pointer: "/document", draw) == [
                "warning required /document/nodes/1/data/parameters/prompt j"
            ])
        #expect(
            try CanvasSamples.found(nil, CanvasGoal(targets: ["i", "j"]), draw).first?.hasPrefix("error required")
                == true)
        #expect(
            try CanvasSamples.found(nil, CanvasGoal(targets: ["gone", "n"], from: "n"), draw).filter {
                $0.hasPrefix("error")
            } == [
                "error unknown-from  ", "error unknown-target  ", "error unknown-target  ",
            ])
    }

    @Test("Of very many findings the first are told, errors first")
    func many() throws {
        var sketch = CanvasSketch()
        for index in 0..<2000 { sketch.node("\(index)", .value) }
        sketch.node("n", .note)
        sketch.document.nodes[0].parentID = "gone"
        let findings = try CanvasSamples.compiler().validate(sketch.document)
        #expect(findings.all.count == CanvasFindings.mostTold + 1)
        #expect(findings.all.last?.finding.detail == "and 1501 more")
        #expect(findings.json["valid"] == false)
        #expect(!findings.isValid)
    }
}
