import FoundationEssentials
import QueueProtocol
import StudioCore
import Testing

@Suite("Canvas documents")
struct CanvasDocumentTests {
    private let sample: JSONValue = [
        "nodes": [
            [
                "id": "a", "type": "function", "position": ["x": 1.5, "y": -2], "width": 120, "zz": ["kept": [1, 2]],
                "data": ["function": "mock-image", "parameters": ["seed": .unsigned(.max)], "label": "Ä/é"],
            ],
            ["id": "b", "type": "output", "position": ["x": 0, "y": 0], "parentId": "g", "data": ["shot": "A"]],
            ["id": "g", "type": "group", "position": ["x": 0, "y": 0], "data": [:]],
            ["id": "s", "type": "sticker", "position": ["x": 0, "y": 0], "data": ["emoji": "*"]],
        ],
        "edges": [
            [
                "id": "e", "source": "a", "sourceHandle": "image", "target": "b", "targetHandle": "in",
                "animated": true, "data": ["order": 2],
            ]
        ],
        "viewport": ["x": 0, "y": 0, "zoom": 0.5], "theme": "dark",
    ]

    @Test("A canvas comes back with all that the program does not know")
    func roundTrip() throws {
        let canvas = try CanvasDocument(sample)
        #expect(canvas.json == sample)
        #expect(canvas.nodes.map(\.kind) == [.function, .output, .group, .unknown("sticker")])
        #expect(canvas.nodes[1].parentID == "g")
        #expect(canvas.nodes[0].others["zz"] == ["kept": [1, 2]])
        #expect(canvas.edges[0].sourceHandle == "image")
        #expect(canvas.others == ["theme": "dark"])
        #expect(try CanvasDocument(reading: canvas.text) == canvas)
        #expect(try CanvasDocument(reading: canvas.text).text == canvas.text)
    }

    @Test("The text has a group of lines for each node, with sorted keys")
    func text() throws {
        let canvas = CanvasDocument(
            nodes: [CanvasNode(id: "b", kind: .note), CanvasNode(id: "a", kind: .value, data: ["value": "x\n\"y\""])],
            edges: [CanvasEdge(id: "e", source: "a", target: "b")])
        #expect(
            String(decoding: canvas.text, as: UTF8.self) == #"""
                {
                  "edges": [
                    {
                      "id": "e",
                      "source": "a",
                      "target": "b"
                    }
                  ],
                  "nodes": [
                    {
                      "data": {},
                      "id": "b",
                      "position": {
                        "x": 0,
                        "y": 0
                      },
                      "type": "note"
                    },
                    {
                      "data": {
                        "value": "x\n\"y\""
                      },
                      "id": "a",
                      "position": {
                        "x": 0,
                        "y": 0
                      },
                      "type": "value"
                    }
                  ]
                }

                """#)
    }

    @Test("What a page keeps for the moment, and null, are left out")
    func transient() throws {
        let canvas = try CanvasDocument([
            "nodes": [
                [
                    "id": "a", "type": "note", "position": ["x": 0, "y": 0], "data": .null, "selected": true,
                    "dragging": false, "measured": ["width": 1], "parentId": .null,
                ]
            ],
            "edges": [
                ["id": "e", "source": "a", "target": "a", "sourceHandle": .null, "selected": false]
            ],
            "viewport": .null,
        ])
        let node: JSONValue = ["id": "a", "type": "note", "position": ["x": 0, "y": 0], "data": [:]]
        #expect(canvas.json == ["nodes": [node], "edges": [["id": "e", "source": "a", "target": "a"]]])
    }

    @Test("All that is wrong with a shape is said at once, with node and edge")
    func shape() {
        let error = #expect(throws: StudioError.self) {
            try CanvasDocument(
                [
                    "nodes": [
                        7, ["type": 3, "position": ["x": 0, "y": 0]],
                        ["id": "a", "position": ["x": "0", "y": 0], "data": [], "parentId": 4],
                        ["id": "", "type": "note"],
                    ],
                    "edges": [["id": "e", "source": 1, "targetHandle": 2]],
                    "viewport": 3,
                ], pointer: "/document")
        }
        #expect(
            error?.findings.map { "\($0.pointer) \($0.code) \($0.node ?? $0.edge ?? "-")" } == [
                "/document/viewport type -", "/document/nodes/0 type -", "/document/nodes/1/id required -",
                "/document/nodes/1/type type -", "/document/nodes/2/type required a",
                "/document/nodes/2/parentId type a", "/document/nodes/2/data type a",
                "/document/nodes/2/position type a", "/document/nodes/3/id length -",
                "/document/nodes/3/position required -", "/document/edges/0/source type e",
                "/document/edges/0/target required e", "/document/edges/0/targetHandle type e",
            ])
        #expect(throws: StudioError.self) { try CanvasDocument([]) }
        #expect(throws: StudioError.self) { try CanvasDocument(["nodes": 1]) }
        let json = #expect(throws: StudioError.self) { try CanvasDocument(reading: Data("{".utf8)) }
        #expect(json?.findings.map(\.code) == ["json"])
    }

    @Test("Of very many faults the first are told")
    func many() {
        let error = #expect(throws: StudioError.self) {
            try CanvasDocument(["nodes": .array(Array(repeating: 1, count: 5000))])
        }
        #expect(error?.findings.count == 201)
        #expect(error?.findings.last?.code == "more")
    }
}
