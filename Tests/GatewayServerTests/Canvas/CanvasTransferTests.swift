import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioTestKit
import Testing

@testable import GatewayServer

/// What is wrong with a canvas where it is, and canvases that go from one project to another.
@Suite struct CanvasTransferTests {
    private typealias Studio = RunningStudio

    private static let asset: JSONValue = [
        "id": "plate", "type": "asset", "position": ["x": 0, "y": 0], "data": ["path": "01_Assets/plate.png"],
    ]

    @Test func `Everything wrong is told with its node and place, of what is sent and of what is saved`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let path = "\(Studio.canvases)/main_canvas/validate"
            #expect(try await studio.request("POST", path).json == ["valid": true, "findings": []])
            var unknown = Studio.node("a").objectValue ?? [:]
            unknown["data"] = ["function": "no-such-function"]
            let wrong = Studio.canvas([.object(unknown), Self.asset])
            let found = try await studio.request("POST", path, body: JSONText.string(wrong))
            #expect(found.status == 200 && found.json["valid"] == false, "\(found.text)")
            let findings = try #require(found.json["findings"]?.arrayValue)
            #expect(
                findings.contains { $0["node"] == "a" && $0["pointer"] == "/nodes/0/data/function" }, "\(found.text)")
            #expect(findings.contains { $0["node"] == "plate" && $0["severity"] == "error" }, "\(found.text)")
            let shape = try await studio.request("POST", path, body: #"{"nodes": [{"id": "x"}]}"#)
            #expect(shape.json["valid"] == false && shape.text.contains("/nodes/0/type"), "\(shape.text)")
            // Nothing of it was kept; once it is, it is found without a body.
            #expect(try await studio.request("POST", path).json["valid"] == true)
            #expect(try await studio.save(wrong, over: studio.etag()).status == 200)
            #expect(try await studio.request("POST", path).json == found.json)
        }
    }

    @Test func `A canvas from another project says what it lacks, and lacks nothing once that is there`() async throws {
        try await RunningStudio.run { studio async throws in
            let film = try await studio.project()
            let take = try await studio.take("a take", in: film)
            let upload = ["content-type: application/octet-stream"]
            func put(_ text: String, in project: String, _ more: [String] = []) async throws -> Int {
                try await studio.request(
                    "PUT", "/api/v1/projects/\(project)/files/01_Assets/plate.png", headers: upload + more, body: text
                ).status
            }
            #expect(try await put("one", in: "film") == 201)
            let used: JSONValue = [
                "id": "used", "type": "take", "position": ["x": 0, "y": 0], "data": ["take": .string("\(take.id)")],
            ]
            let canvas = Studio.canvas([Studio.node("a"), Self.asset, used])
            #expect(try await studio.save(canvas, over: studio.etag()).status == 200)
            let file = try await studio.request("GET", "\(Studio.canvases)/main_canvas/export")
            #expect(file.status == 200 && file.json["format"] == "studio-canvas", "\(file.text)")
            #expect(file.headers["content-disposition"] == "attachment; filename=\"main_canvas.studio-canvas.json\"")
            #expect(file.json["functions"]?.arrayValue?.first?["name"] == "mock-image")

            try await studio.project("second")
            let path = "/api/v1/projects/second/canvases/brought/import"
            #expect(try await studio.request("POST", path, body: file.text).status == 428)
            let made = try await studio.request("POST", path, headers: ["if-none-match: *"], body: file.text)
            #expect(made.status == 201, "\(made.text)")
            #expect(made.headers["location"] == "/api/v1/projects/second/canvases/brought")
            #expect(made.json["missing"]?["functions"] == [])
            #expect(made.json["missing"]?["takes"] == [.string("\(take.id)")])
            #expect(made.json["missing"]?["files"]?.arrayValue?.map { $0["path"] } == ["01_Assets/plate.png"])
            let there = try await studio.request("GET", "/api/v1/projects/second/canvases/brought")
            #expect(there.json == canvas && there.headers["etag"] == made.headers["etag"])

            #expect(try await put("another", in: "second") == 201)
            let again = try await studio.request("POST", path, headers: ["if-match: *"], body: file.text)
            #expect(again.status == 200 && again.json["missing"]?["files"]?.arrayValue?.first?["found"] != nil)
            #expect(try await put("one", in: "second", ["if-match: *"]) == 200)
            let whole = try await studio.request("POST", path, headers: ["if-match: *"], body: file.text)
            #expect(whole.json["missing"]?["files"] == [], "\(whole.text)")
            let old = file.text.replacing("\"formatVersion\":1", with: "\"formatVersion\":9")
            let newer = try await studio.request("POST", path, headers: ["if-match: *"], body: old)
            #expect(newer.status == 409 && newer.problem == "schema-version-unsupported", "\(newer.text)")
        }
    }

    @Test func `A ComfyUI workflow becomes a canvas with one node`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let path = "\(Studio.canvases)/comfy/import?comfy=true"
            let graph =
                #"{"1": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}}, "#
                + #""2": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64}}}"#
            let made = try await studio.request("POST", path, headers: ["if-none-match: *"], body: graph)
            #expect(made.status == 201, "\(made.text)")
            let canvas = try await studio.request("GET", "\(Studio.canvases)/comfy")
            let node = try #require(canvas.json["nodes"]?.arrayValue?.first)
            #expect(node["type"] == "function" && node["data"]?["workflow"]?["graph"]?["2"] != nil)
            let chosen = #"{"graph": \#(graph), "parameters": {"width": "2.width"}, "outputs": {}}"#
            let again = try await studio.request("POST", path, headers: ["if-match: *"], body: chosen)
            #expect(again.status == 200, "\(again.text)")
            let next = try await studio.request("GET", "\(Studio.canvases)/comfy")
            #expect(
                next.json["nodes"]?.arrayValue?.first?["data"]?["workflow"]?["parameters"] == ["width": "2.width"])
            #expect(try await studio.request("POST", path, headers: ["if-match: *"], body: "[]").status == 400)
            try await studio.expectClean()
        }
    }
}
