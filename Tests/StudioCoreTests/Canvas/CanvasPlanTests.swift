import QueueProtocol
import StudioCore
import StudioSystem
import Testing

@Suite("Plans of canvases")
struct CanvasPlanTests {
    private func plan(
        _ surroundings: CanvasSurroundings? = nil, _ goal: CanvasGoal = CanvasGoal(),
        _ draw: (inout CanvasSketch) -> Void
    ) throws -> CanvasPlan {
        var sketch = CanvasSketch()
        draw(&sketch)
        return try CanvasSamples.compiler(surroundings).compile(sketch.document, goal: goal)
    }

    /// A picture, a film of it, and a cut of that film and another, published.
    private func draw(_ sketch: inout CanvasSketch) {
        sketch.node("o", .output, ["shot": "S-1", "version": 3])
        sketch.function("c", "cut", ["container": "mov"])
        sketch.function("v", "video", ["seconds": 4], ["shot": "S-2"])
        sketch.function("i", "image", ["prompt": "x"], ["quality": "low"])
        sketch.node("t", .take, ["take": .string("\(CanvasSamples.take)")])
        sketch.edges("i>v.image", "v>c.clips", "t>c.clips", "c>o")
    }

    @Test("Jobs stand behind what they need, with parameters, inputs, tier, shot and price")
    func jobs() throws {
        let plan = try plan(nil, CanvasGoal(), draw)
        #expect(plan.places(plan.jobs.indices) == ["i", "v", "c"])
        #expect(plan.jobs.map(\.dependsOn) == [[], [0], [1]])
        let image = plan.jobs[0]
        #expect(image.quality == .low)
        #expect(image.parameters["strength"] == 0.25)
        #expect(image.shot == nil)
        #expect(plan.jobs[1].shot?.text == "S-2")
        #expect(plan.jobs[1].parameters == ["seconds": 4])
        #expect(plan.jobs[1].inputs == ["image": [.result(job: 0, port: "image")]])
        #expect(
            plan.jobs[2].inputs == [
                "clips": [
                    .result(job: 1, port: "video"), .take(CanvasSamples.take, sha256: SHA256.hex(of: "t".utf8)),
                ]
            ])
        #expect(plan.credits == 2 + 5 + 3)
        #expect(plan.jobs.map(\.isGoal) == [false, false, false])
        #expect(plan.jobs.allSatisfy { $0.key.wholeMatch(of: #/[0-9a-f]{64}/#) != nil })
        let output = try #require(plan.outputs.first)
        #expect(output.source == .result(job: 2, port: "video"))
        #expect(output.publication == .take(try ShotName("S-1"), version: 3))
        #expect(output.fileExtension == "mov")
        #expect(output.kind == .video)
        #expect(output.place == plan.outputs[0].place && output.place.index == nil)
        #expect(plan.functions.map(\.manifest.name) == ["cut", "image", "video"])
    }

    @Test("A key changes with what a result depends on, and with nothing else")
    func keys() throws {
        func keys(
            _ surroundings: CanvasSurroundings? = nil, _ change: (inout CanvasSketch) -> Void = { _ in }
        ) throws -> [String: String] {
            var sketch = CanvasSketch()
            draw(&sketch)
            change(&sketch)
            let plan = try CanvasSamples.compiler(surroundings).compile(sketch.document)
            var keys: [String: String] = [:]
            for job in plan.jobs { keys[job.place.node] = job.key }
            for output in plan.outputs { keys[output.place.node] = output.key }
            return keys
        }
        func changed(_ left: [String: String], _ right: [String: String]) -> [String] {
            Set(left.keys).union(right.keys).filter { left[$0] != right[$0] }.sorted()
        }
        let before = try keys()
        #expect(try changed(before, keys()) == [])
        #expect(
            try changed(
                before,
                keys { sketch in
                    sketch.document.nodes[1].data["label"] = "cut"
                    sketch.document.nodes[2].data["shot"] = "S-9"
                    sketch.document.nodes[3].others["position"] = ["x": 9, "y": 9]
                    sketch.document.nodes.reverse()
                    sketch.document.viewport = ["x": 0, "y": 0, "zoom": 2]
                }) == [])
        #expect(
            try changed(before, keys { $0.document.nodes[3].data["parameters"] = ["prompt": "y"] }) == [
                "c", "i", "o", "v",
            ])
        #expect(try changed(before, keys { $0.document.nodes[3].data["quality"] = "high" }) == ["c", "i", "o", "v"])
        #expect(
            try changed(before, keys { $0.document.nodes[2].data["parameters"] = ["seconds": 5] }) == ["c", "o", "v"])
        #expect(try changed(before, keys { $0.document.nodes[2].data["parameters"] = ["seconds": 4.0] }) == [])
        #expect(try changed(before, keys { $0.document.nodes[0].data["version"] = 4 }) == ["o"])
        #expect(try changed(before, keys { $0.document.edges[1].others["data"] = ["order": 2] }) == [])
        #expect(try changed(before, keys { $0.document.edges[2].others["data"] = ["order": 2] }) == ["c", "o"])
        #expect(try changed(before, keys { $0.document.edges[1].sourceHandle = "video" }) == [])
        // Of the manifest what makes the result, and not what is told of it or what it costs.
        var manifests = CanvasSamples.manifests
        manifests[1] = CanvasSamples.manifest(
            "video", version: "2.1.0", parameters: ["seconds": ["type": "integer", "minimum": 1, "default": 3]],
            inputs: manifests[1]["inputs"] ?? [:], outputs: manifests[1]["outputs"] ?? [:], credits: 50,
            title: "Another title")
        #expect(try changed(before, keys(CanvasSamples.surroundings(manifests))) == [])
        manifests[1] = CanvasSamples.manifest(
            "video", version: "2.1.1", parameters: ["seconds": ["type": "integer"]],
            inputs: manifests[1]["inputs"] ?? [:], outputs: manifests[1]["outputs"] ?? [:])
        #expect(try changed(before, keys(CanvasSamples.surroundings(manifests))) == ["c", "o", "v"])
    }

    @Test("A file and a take count by their bytes")
    func contents() throws {
        func key(_ surroundings: CanvasSurroundings, _ path: String) throws -> String {
            let plan = try plan(surroundings) {
                $0.node("a", .asset, ["path": .string(path)])
                $0.function("v", "video")
                $0.edges("a>v.image")
            }
            #expect(plan.jobs[0].inputs["image"] == [.file(path: path, sha256: surroundings.files[path]?.sha256 ?? "")])
            return plan.jobs[0].key
        }
        let one = try CanvasSamples.surroundings(files: ["a.png": "1", "b.png": "1"])
        let two = try CanvasSamples.surroundings(files: ["a.png": "2"])
        #expect(try key(one, "a.png") == key(one, "b.png"))
        #expect(try key(one, "a.png") != key(two, "a.png"))
    }

    @Test("A seed that nobody gives is the same for the same, and one of its own for another")
    func seeds() throws {
        let plan = try plan {
            $0.function("a", "image", ["prompt": "x"])
            $0.function("b", "image", ["prompt": "y"])
            $0.function("c", "image", ["prompt": "x", "seed": .null])
            $0.function("d", "image", ["prompt": "x", "seed": 7])
        }
        #expect(plan.places(plan.jobs.indices) == ["a=c", "b", "d"])
        let seeds = plan.jobs.map { $0.parameters["seed"]?.uint64Value }
        #expect(seeds.allSatisfy { $0 != nil })
        #expect(seeds[0] != seeds[1])
        #expect(seeds[2] == 7)
        let narrow = CanvasSamples.manifest(
            "image", parameters: ["seed": ["type": "integer", "minimum": 10, "maximum": 12]],
            outputs: ["image": ["type": "image", "extension": "png"]])
        let sown = try self.plan(CanvasSamples.surroundings([narrow])) { $0.function("a", "image") }
        #expect(sown.jobs[0].parameters["seed"]?.intValue.map { (10...12).contains($0) } == true)
    }

    @Test("A list makes a node as many jobs, and a port that takes a list waits for all")
    func fanOut() throws {
        let plan = try plan {
            $0.node("p", .value, ["value": ["x", "y", "z"]])
            $0.function("i", "image", [:], ["fanOut": ["parameter": "seed", "values": [5, 6, 7]]])
            $0.function("v", "video")
            $0.function("c", "cut")
            $0.node("o", .output, ["shot": "S"])
            $0.node("x", .output, ["export": ["name": "film"]])
            $0.edges("p>i.parameter:prompt", "i>v.image", "v>c.clips", "c>o", "v.poster>x")
        }
        #expect(plan.places(plan.jobs.indices) == ["i/0", "i/1", "i/2", "v/0", "v/1", "v/2", "c"])
        #expect(plan.jobs.prefix(3).map { $0.parameters["prompt"] } == ["x", "y", "z"])
        #expect(plan.jobs.prefix(3).map { $0.parameters["seed"] } == [5, 6, 7])
        #expect(plan.job("v", 2)?.inputs == ["image": [.result(job: 2, port: "image")]])
        #expect(plan.job("c")?.dependsOn == [3, 4, 5])
        #expect(
            plan.outputs.dropFirst().map(\.publication)
                == (1...3).map {
                    .export(fileName: "film_000\($0).jpg", replaces: false)
                })
        #expect(plan.outputs.map(\.place.index) == [nil, 0, 1, 2])
        #expect(plan.jobs.map(\.isGoal) == Array(repeating: false, count: 7))
    }

    @Test("A value goes into a parameter, a list of values whole into one that takes a list")
    func values() throws {
        let plan = try plan {
            $0.node("n", .value, ["value": 3])
            $0.node("w", .value, ["value": ["a", "b"]])
            $0.function("v", "video", ["seconds": 9])
            $0.function("t", "tags")
            $0.edges("n>v.parameter:seconds", "w>t.parameter:words", "t>v.image")
        }
        #expect(plan.job("v")?.parameters == ["seconds": 3])
        #expect(plan.job("t")?.parameters == ["words": ["a", "b"]])
        #expect(plan.jobs.count == 2)
    }

    @Test("Nodes that are the same are one job; a function that makes nothing never is")
    func shared() throws {
        let plan = try plan {
            $0.function("a", "image", ["prompt": "x", "seed": 1])
            $0.function("b", "image", ["prompt": "x", "seed": 1, "strength": 0.5])
            $0.function("v", "video")
            $0.function("w", "video")
            $0.function("p", "ping")
            $0.function("q", "ping", [:], ["fanOut": ["parameter": "n", "values": [0, 0]]])
            $0.edges("a>v.image", "b>w.image", "v>p.after", "p>q.after")
        }
        #expect(plan.places(plan.jobs.indices) == ["a=b", "v=w", "p", "q/0", "q/1"])
        #expect(plan.jobs.map(\.dependsOn) == [[], [0], [1], [2], [2]])
        #expect(plan.jobs.map(\.isKept) == [true, true, false, false, false])
        #expect(Set(plan.jobs.map(\.key)).count == 5)
        let done = plan.work(results: Set(plan.jobs.map(\.key)))
        #expect(plan.places(done.jobs) == ["p", "q/0", "q/1"])
    }

    @Test("Who waits is another, whatever it takes")
    func waiting() throws {
        let plan = try plan {
            $0.function("a", "image", ["prompt": "x", "seed": 1])
            $0.function("v", "video")
            $0.function("b", "image", ["prompt": "x", "seed": 1])
            $0.edges("a>v.image", "v>b.after")
        }
        // Were a and b one job, it would wait for itself.
        #expect(plan.places(plan.jobs.indices) == ["a", "v", "b"])
        #expect(plan.job("b")?.dependsOn == [1])
    }

    @Test("Targets take with them what they need, groups stand for what is in them")
    func targets() throws {
        func draw(_ sketch: inout CanvasSketch) {
            self.draw(&sketch)
            sketch.function("alone", "sound")
            sketch.node("g", .group)
            sketch.node("h", .group)
            sketch.document.nodes[7].parentID = "g"
            sketch.document.nodes[5].parentID = "h"
            sketch.document.nodes[3].parentID = "g"
        }
        func jobs(_ targets: [String]?, from: String? = nil) throws -> [String] {
            let plan = try plan(nil, CanvasGoal(targets: targets, from: from), draw)
            return plan.places(plan.jobs.indices) + plan.outputs.map(\.place.node)
        }
        #expect(try jobs(nil) == ["i", "alone", "v", "c", "o"])
        #expect(try jobs(["v"]) == ["i", "v"])
        #expect(try jobs(["o"]) == ["i", "v", "c", "o"])
        #expect(try jobs(["h"]) == ["alone"])
        #expect(try jobs(["g"]) == ["i", "alone"])
        #expect(try jobs(["h", "g", "h", "g"]) == ["i", "alone"])
        #expect(try jobs([]) == [])
        #expect(try jobs(nil, from: "v") == ["i", "v", "c", "o"])
        #expect(try jobs(["alone"], from: "v") == ["alone"])
        // Asked for again, and not made again.
        let repeated = try plan(nil, CanvasGoal(from: "v", isForced: false), draw)
        #expect(repeated.places(repeated.jobs.indices) == ["i", "v", "c"])
        #expect(repeated.work(results: Set(repeated.jobs.map(\.key))).jobs == [])
    }

    @Test("What is left to do: what is not there, of what is needed")
    func work() throws {
        let plan = try plan(nil, CanvasGoal(), draw)
        let keys = plan.jobs.map(\.key)
        let published = Set(plan.outputs.map(\.key))
        func left(_ results: [Int], _ publications: Set<String> = []) -> [String] {
            let work = plan.work(results: Set(results.map { keys[$0] }), publications: publications)
            return [
                "\(plan.places(work.jobs))", "\(plan.places(work.cached))", "\(work.outputs.count) \(work.credits)",
            ]
        }
        #expect(left([]) == [#"["i", "v", "c"]"#, "[]", "1 10"])
        #expect(left([0]) == [#"["v", "c"]"#, #"["i"]"#, "1 8"])
        // The film is there; that the picture is gone does not matter.
        #expect(left([1]) == [#"["c"]"#, #"["v"]"#, "1 3"])
        #expect(left([2]) == ["[]", #"["c"]"#, "1 0"])
        #expect(left([], published) == ["[]", "[]", "0 0"])
        let again = try self.plan(nil, CanvasGoal(from: "v"), draw)
        let work = again.work(results: Set(keys), publications: published)
        #expect(again.places(work.jobs) == ["v", "c"])
        #expect(again.places(work.cached) == ["i"])
        #expect(work.outputs == [0])
    }

    @Test("What is made again with another node is made again also where it is the same as a third")
    func forcedShared() throws {
        let plan = try plan(nil, CanvasGoal(from: "a")) {
            $0.function("a", "image", ["prompt": "x", "seed": 1])
            $0.function("b", "image", ["prompt": "x", "seed": 1])
            $0.function("v", "video")
            $0.function("w", "video", ["seconds": 9])
            $0.edges("a>v.image", "b>w.image")
        }
        #expect(plan.places(plan.jobs.indices) == ["a", "v"])
        #expect(plan.work(results: Set(plan.jobs.map(\.key))).jobs == [0, 1])
    }

    @Test("A price is no number that overflows")
    func price() throws {
        let dear: JSONValue = [
            "name": "dear", "version": "1.0.0", "title": "x",
            "parameters": ["type": "object", "properties": ["seconds": ["type": "number"]]], "outputs": [:],
            "cost": ["credits": 1, "perSecond": 1_000_000], "runner": ["kind": "builtin"],
        ]
        let plan = try plan(CanvasSamples.surroundings([dear])) {
            $0.function(
                "a", "dear", ["seconds": 1e300], ["fanOut": ["parameter": "seconds", "values": [1e300, 1e308]]])
        }
        #expect(plan.credits == 2 * (1_000_000_000_000_000 + 1))
    }
}
