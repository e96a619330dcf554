import QueueProtocol
import StudioCore
import Testing

@Suite("Findings in canvases")
struct CanvasFindingTests {
    @Test("A whole canvas has none")
    func none() throws {
        let all = try CanvasSamples.found {
            $0.function("i", "image", ["prompt": "x"], ["shot": "S-1", "quality": "low"])
            $0.function("v", "video", [:], ["functionVersion": "2.1.0"])
            $0.node("t", .take, ["take": .string("\(CanvasSamples.take)")])
            $0.function("c", "cut")
            $0.node("o", .output, ["shot": "S-1", "version": 2])
            $0.node("x", .output, ["export": ["name": "film", "replace": true]])
            $0.node("n", .note, ["text": "hello"])
            $0.edges("i>v.image", "v.video>c.clips", "t>c.clips", "c>o.in", "c.video>x")
        }
        #expect(all == [])
    }

    @Test("Functions: unknown, of another version, and members of the wrong type")
    func functions() throws {
        let all = try CanvasSamples.found {
            $0.function("a", "nope")
            $0.node("b", .function, ["parameters": []])
            $0.function("c", "video", [:], ["functionVersion": "2.0.9"])
            $0.function("d", "video", [:], ["functionVersion": "2.2.0"])
            $0.function("e", "video", [:], ["functionVersion": "1.9.0"])
            $0.function("f", "ping", [:], ["functionVersion": "one", "quality": "best", "shot": "no good"])
            $0.node("g", .function, ["function": "ping", "parameters": 3, "fanOut": ["parameter": "n"]])
            $0.function("h", "ping", [:], ["fanOut": ["parameter": "m", "values": [1]]])
            $0.function("i", "ping", [:], ["fanOut": ["parameter": "n", "values": []]])
            $0.node("p", .asset, ["path": "a.png"])
            $0.node("s", .unknown("sticker"))
            $0.edges("p>c.image", "p>d.image", "p>e.image")
        }
        #expect(
            all == [
                "error unknown-function /nodes/0/data/function a", "error required /nodes/1/data/function b",
                "error type /nodes/1/data/parameters b", "error function-version /nodes/3/data/functionVersion d",
                "error function-version /nodes/4/data/functionVersion e",
                "error format /nodes/5/data/functionVersion f", "error enum /nodes/5/data/quality f",
                "error pattern /nodes/5/data/shot f", "error type /nodes/6/data/parameters g",
                "error type /nodes/6/data/fanOut g", "error unknown-parameter /nodes/7/data/fanOut/parameter h",
                "error minItems /nodes/8/data/fanOut/values i", "error node-type /nodes/10/type s",
                "warning function-version /nodes/2/data/functionVersion c",
            ])
    }

    @Test("Parameters are held against their schemas, wherever they were written")
    func parameters() throws {
        let all = try CanvasSamples.found {
            $0.function("a", "image", ["prompt": "", "strength": 2, "mood": 1])
            $0.function("b", "image")
            $0.node("v", .value, ["value": ["x", "", 3]])
            $0.function("c", "image")
            $0.function("d", "image", ["prompt": "x"], ["fanOut": ["parameter": "strength", "values": [0, 2, 1, -1]]])
            $0.node("w", .value, ["value": true])
            $0.function("e", "tags")
            $0.function("f", "image", ["prompt": "x", "seed": -1])
            $0.edges("v>c.parameter:prompt", "w>e.parameter:words")
        }
        #expect(
            all == [
                "error additionalProperties /nodes/0/data/parameters/mood a",
                "error minLength /nodes/0/data/parameters/prompt a",
                "error maximum /nodes/0/data/parameters/strength a",
                "error required /nodes/1/data/parameters/prompt b", "error minLength /nodes/2/data/value/1 c e0",
                "error type /nodes/2/data/value/2 c e0", "error maximum /nodes/4/data/fanOut/values/1 d",
                "error minimum /nodes/4/data/fanOut/values/3 d", "error type /nodes/5/data/value e e1",
                "error minimum /nodes/7/data/parameters/seed f",
            ])
    }

    @Test("Assets, takes, values and outputs")
    func others() throws {
        let all = try CanvasSamples.found {
            $0.node("a", .asset)
            $0.node("b", .asset, ["path": "gone.png"])
            $0.node("c", .asset, ["path": ["a.png", 3]])
            $0.node("d", .take, ["take": "x"])
            $0.node("e", .take, ["take": .string("\(TakeID())")])
            $0.node("f", .value)
            $0.node("g", .value, ["value": ["a", [:]]])
            $0.node("h", .output, ["shot": "lower"])
            $0.node("i", .output, ["shot": "S", "version": 0])
            $0.node("j", .output)
            $0.node("k", .output, ["export": ["name": "../x", "replace": 1]])
            $0.node("l", .output, ["export": true])
            $0.node("m", .value, ["value": []])
        }
        #expect(
            all == [
                "error required /nodes/0/data/path a", "error input-missing /nodes/1/data/path b",
                "error type /nodes/2/data/path/1 c", "error format /nodes/3/data/take d",
                "error input-missing /nodes/4/data/take e", "error required /nodes/5/data/value f",
                "error type /nodes/6/data/value/1 g", "error pattern /nodes/7/data/shot h",
                "error range /nodes/8/data/version i", "error input-required /nodes/8 i",
                "error required /nodes/9/data/shot j", "error type /nodes/10/data/export/replace k",
                "error pattern /nodes/10/data/export/name k", "error type /nodes/11/data/export l",
                "error minItems /nodes/12/data/value m",
            ])
        var surroundings = try CanvasSamples.surroundings()
        surroundings.faults["../x.png"] = Finding(pointer: "", code: "path-invalid", detail: "leaves the project")
        #expect(
            try CanvasSamples.found(surroundings) { $0.node("a", .asset, ["path": "../x.png"]) } == [
                "error path-invalid /nodes/0/data/path a"
            ])
    }

    @Test("Edges: dangling, to nothing, from nothing, twice")
    func edges() throws {
        let all = try CanvasSamples.found {
            $0.function("i", "image", ["prompt": "x"])
            $0.function("v", "video")
            $0.function("p", "ping")
            $0.node("o", .output, ["shot": "S"])
            $0.node("n", .note)
            $0.node("a", .asset, ["path": "a.png"])
            $0.edges(
                "i>gone", "gone>v.image", "i>v", "i>v.sound2", "i>v.parameter:speed", "p>v.image", "i.mask>v.image",
                "i>v.image", "a>v.image", "n>v.image", "o>v.image", "i>a", "a.file>v.image", "i>o.out", "p>i.after",
                "p>p.parameter:n")
        }
        #expect(
            Set(all) == [
                "error dangling-edge /edges/0/target i e0", "error dangling-edge /edges/1/source v e1",
                "error required /edges/2/targetHandle v e2", "error unknown-input /edges/3/targetHandle v e3",
                "error unknown-input /edges/4/targetHandle v e4", "error unknown-output /edges/5/sourceHandle v e5",
                "error unknown-output /edges/6/sourceHandle v e6", "error port-taken /edges/8/targetHandle v e8",
                "warning drawing-edge /edges/9 v e9", "error unknown-output /edges/10/source v e10",
                "error unknown-input /edges/11/target a e11", "error unknown-output /edges/12/sourceHandle v e12",
                "error unknown-input /edges/13/targetHandle o e13", "error input-required /nodes/3 o",
                "error unknown-output /edges/15/sourceHandle p e15",
            ])
    }

    @Test("What is connected must fit")
    func kinds() throws {
        let all = try CanvasSamples.found {
            $0.function("i", "image", ["prompt": "x"])
            $0.function("s", "sound")
            $0.function("v", "video")
            $0.function("w", "video")
            $0.node("f", .asset, ["path": ["a.png", "c.mp4"]])
            $0.node("x", .value, ["value": "text"])
            $0.function("c", "cut")
            $0.node("o", .output, ["shot": "S"])
            $0.edges("s>v.image", "f>w.image", "x>c.clips", "i>s.parameter:pitch", "x>o", "i>v.sound")
        }
        #expect(
            Set(all) == [
                "error input-type /edges/0 v e0", "error input-type /edges/1 w e1", "error input-type /edges/2 c e2",
                "error input-type /edges/3 s e3", "error input-type /edges/4 o e4", "error input-type /edges/5 v e5",
            ])
    }

    @Test("Ids are there once, and nodes are not drawn in themselves")
    func ids() throws {
        let all = try CanvasSamples.found {
            $0.node("a", .note)
            $0.node("a", .note)
            $0.node("g", .group)
            $0.node("h", .group)
            $0.node("k", .note)
            $0.document.nodes[2].parentID = "h"
            $0.document.nodes[3].parentID = "g"
            $0.document.nodes[4].parentID = "gone"
            $0.function("p", "ping")
            $0.function("q", "ping")
            $0.edges("p>q.after", "q>p.after")
            $0.document.edges[1].id = "e0"
            $0.document.edges[1].source = "p"
            $0.document.edges[1].target = "q"
        }
        #expect(
            all == [
                "error duplicate-id /nodes/1/id a", "error parent-cycle /nodes/3/parentId h",
                "error duplicate-id /edges/1/id q e0", "warning parent-missing /nodes/4/parentId k",
            ])
    }

    @Test("A circle is named node by node")
    func cycles() throws {
        var sketch = CanvasSketch()
        for id in ["d", "a", "b", "c"] { sketch.function(id, "image", ["prompt": "x"]) }
        sketch.function("self", "image", ["prompt": "x"])
        sketch.edges("a>b.like", "b>c.like", "c>a.like", "c>d.like", "self>self.like")
        let findings = try CanvasSamples.compiler().validate(sketch.document)
        #expect(
            findings.errors.map { "\($0.pointer) \($0.code) \($0.node ?? ""): \($0.detail)" } == [
                "/nodes/1 cycle a: is made of itself: a → b → c → a",
                "/nodes/4 cycle self: is made of itself: self → self",
            ])
        #expect(throws: StudioError.self) { try CanvasSamples.compiler().compile(sketch.document) }
    }

    @Test("Lists that meet are equally long")
    func lengths() throws {
        let all = try CanvasSamples.found {
            $0.node("p", .value, ["value": ["x", "y", "z"]])
            $0.node("f", .asset, ["path": ["a.png", "b.png"]])
            $0.function("i", "image")
            $0.function("v", "video")
            $0.edges("p>i.parameter:prompt", "f>i.like", "i>v.image")
        }
        #expect(all == ["error list-lengths /nodes/2 i"])
    }

    @Test("Outputs that are in each other's way")
    func conflicts() throws {
        let all = try CanvasSamples.found {
            $0.function("i", "image", ["prompt": "x"])
            $0.node("f", .asset, ["path": ["a.png", "b.png"]])
            for (id, data) in [
                ("o", ["shot": "S"]), ("p", ["shot": "S", "version": 1]), ("q", ["shot": "S", "version": 2]),
                ("x", ["export": ["name": "film"]]), ("y", ["export": ["name": "Film"]]),
                ("z", ["export": ["name": "film_0002"]]),
            ] as [(String, [String: JSONValue])] {
                $0.node(id, .output, data)
                $0.edges("i>\(id)")
            }
            $0.node("w", .output, ["export": ["name": "film"]])
            $0.edges("f>w")
        }
        #expect(
            all == [
                "error output-conflict /nodes/3 p", "error output-conflict /nodes/6/data/export/name y",
                "error output-conflict /nodes/8/data/export/name w",
            ])
    }
}
