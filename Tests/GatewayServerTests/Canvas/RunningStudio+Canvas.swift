import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import GatewayServer

extension RunningStudio {
    static let canvases = "/api/v1/projects/film/canvases"

    /// A node as a page has it.
    static func node(_ id: String, _ prompt: String = "x", at x: Int64 = 0) -> JSONValue {
        [
            "id": .string(id), "type": "function", "position": ["x": .integer(x), "y": 0],
            "data": ["function": "mock-image", "parameters": ["prompt": .string(prompt)]],
        ]
    }

    static func canvas(_ nodes: [JSONValue], edges: [JSONValue] = []) -> JSONValue {
        ["nodes": .array(nodes), "edges": .array(edges), "viewport": ["x": 0, "y": 0, "zoom": 1]]
    }

    /// Saves a canvas of the project `film` over a version, nil for a new one; the administrator does where nobody is named.
    func save(
        _ document: JSONValue, _ name: String = CanvasFiles.main, over etag: String?, merge: Bool = false,
        as person: Person? = nil, at place: SourceLocation = #_sourceLocation
    ) async throws -> HTTPReply {
        let path = "\(Self.canvases)/\(name)\(merge ? "?merge=true" : "")"
        let headers = [etag.map { "if-match: \($0)" } ?? "if-none-match: *"]
        let body = try JSONText.string(document)
        guard let person else { return try await request("PUT", path, headers: headers, body: body, at: place) }
        return try await request(as: person, "PUT", path, headers: headers, body: body, at: place)
    }

    /// The tag of a canvas as it is now.
    func etag(_ name: String = CanvasFiles.main) async throws -> String {
        try #require(try await request("GET", "\(Self.canvases)/\(name)").headers["etag"])
    }

    var film: String { ground.projectPath("film") }

    func canvasPath(_ name: String = CanvasFiles.main) -> String { "\(film)/\(CanvasFiles.folder)/\(name).json" }

    /// What every save must leave behind: nothing to commit, and one main canvas in both its files.
    func expectClean(at place: SourceLocation = #_sourceLocation) async throws {
        #expect(try await git("status", "--porcelain", at: film).isEmpty, sourceLocation: place)
        let file = try #require(FileManager.default.contents(atPath: canvasPath()), sourceLocation: place)
        let manifest = try ProjectScaffold.manifest(ofProjectAt: film)
        #expect(
            try manifest.document["canvas"] == JSONText.decode(JSONValue.self, from: file), sourceLocation: place)
    }
}
