import QueueProtocol

/// A small film as a canvas: two shots of two prompts, one of them fanned out, cut together with sound, watched over by
/// stills, and published as two takes and an export. Twenty nodes.
struct FilmCanvas {
    var firstPrompt = "dawn at sea"
    var secondPrompt = "a harbour at night"
    var factor = 30
    private var nodes: [JSONValue] = []
    private var edges: [JSONValue] = []

    /// The nodes that the second prompt leads to.
    static let ofSecondPrompt: Set<String> = [
        "still-b", "shot-b", "small-b", "thumb-b", "reel", "film", "sheet", "take", "stills", "final",
    ]

    private mutating func add(_ id: String, _ type: String, _ data: JSONValue) {
        nodes.append([
            "id": .string(id), "type": .string(type), "data": data,
            "position": ["x": .integer(Int64(nodes.count * 40)), "y": 0],
        ])
    }

    private mutating func call(
        _ id: String, _ function: String, _ parameters: JSONValue, more: [String: JSONValue] = [:]
    ) {
        add(
            id, "function",
            .object(["function": .string(function), "parameters": parameters].merging(more) { $1 }))
    }

    private mutating func join(_ source: String, _ target: String, _ handle: String) {
        edges.append([
            "id": .string("\(source)-\(target)-\(handle)"), "source": .string(source), "target": .string(target),
            "targetHandle": .string(handle),
        ])
    }

    /// The document.
    var document: JSONValue {
        var canvas = self
        canvas.draw()
        return ["nodes": .array(canvas.nodes), "edges": .array(canvas.edges), "viewport": ["x": 0, "y": 0, "zoom": 1]]
    }

    private mutating func draw() {
        let size: [String: JSONValue] = ["width": 64, "height": 48]
        add("note", "note", ["text": "the film"])
        add("frame", "group", ["label": "shots"])
        add("prompt-a", "value", ["value": .string(firstPrompt)])
        add("prompt-b", "value", ["value": .string(secondPrompt)])
        call("still-a", "mock-image", .object(size))
        call("still-b", "mock-image", .object(size))
        let shot = JSONValue.object(size.merging(["seconds": 1]) { $1 })
        call("shots-a", "mock-video", shot, more: ["fanOut": ["parameter": "seed", "values": [1, 2, 3]]])
        call("shot-b", "mock-video", shot)
        call("small-b", "transcode", ["rateFactor": .integer(Int64(factor))])
        call("thumb-a", "thumbnail", [:])
        call("thumb-b", "thumbnail", [:])
        call("music", "mock-audio", ["prompt": "waves", "seconds": 2])
        call("wave", "waveform", [:])
        call("reel", "concat", [:])
        call("film", "mux", [:])
        call("sheet", "contact-sheet", ["columns": 2, "rows": 2, "tileWidth": 64])
        call("note-text", "write-text", ["text": "made by a canvas"])
        add("take", "output", ["shot": "SHOT-010"])
        add("stills", "output", ["shot": "SHOT-020", "version": 2])
        add("final", "output", ["export": ["name": "Final_Movie", "replace": true]])
        join("prompt-a", "still-a", "parameter:prompt")
        join("prompt-b", "still-b", "parameter:prompt")
        join("prompt-a", "shots-a", "parameter:prompt")
        join("prompt-b", "shot-b", "parameter:prompt")
        join("shot-b", "small-b", "source")
        join("shots-a", "thumb-a", "source")
        join("small-b", "thumb-b", "source")
        join("music", "wave", "source")
        join("shots-a", "reel", "clips")
        join("small-b", "reel", "clips")
        join("reel", "film", "video")
        join("music", "film", "audio")
        join("shots-a", "sheet", "sources")
        join("shot-b", "sheet", "sources")
        join("film", "take", "in")
        join("sheet", "stills", "in")
        join("film", "final", "in")
    }
}
