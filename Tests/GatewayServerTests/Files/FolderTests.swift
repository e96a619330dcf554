import FoundationEssentials
import QueueProtocol
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite("Folders of a project") struct FolderTests {
    private static let folder = "/api/v1/projects/film/folder"

    private static func names(_ reply: HTTPReply) -> [String] {
        (reply.json["items"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
    }

    @Test func `A folder shows its files and folders, and nothing hidden`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let root = try await studio.request("GET", Self.folder)
            #expect(root.status == 200, "\(root.text)")
            #expect(Self.names(root).contains("01_Assets") && Self.names(root).contains("project.json"))
            #expect(!Self.names(root).contains { $0.hasPrefix(".") })
            let file = studio.ground.projectPath("film") + "/01_Assets/Media/Images/plate.png"
            try "12345".write(toFile: file, atomically: true, encoding: .utf8)
            let images = try await studio.request("GET", Self.folder + "?path=01_Assets/Media/Images")
            #expect(Self.names(images) == ["plate.png"])
            let plate = try #require(images.json["items"]?.arrayValue?.first)
            #expect(plate["kind"] == "file" && plate["sizeBytes"] == 5 && plate["mediaType"] == "image/png")
        }
    }

    @Test func `Pages of a folder have every name once`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let folder = studio.ground.projectPath("film") + "/01_Assets/Media/Audio/"
            let expected = (1...7).map { "take \($0).wav" }
            for name in expected { try "x".write(toFile: folder + name, atomically: true, encoding: .utf8) }
            var seen: [String] = []
            var cursor: String? = ""
            while let after = cursor {
                let page = try await studio.request(
                    "GET",
                    Self.folder + "?path=01_Assets/Media/Audio&limit=3" + (after.isEmpty ? "" : "&cursor=\(after)"))
                seen += Self.names(page)
                cursor = page.json["nextCursor"]?.stringValue
            }
            #expect(seen == expected)
        }
    }

    @Test(arguments: [
        ("..", 400), ("01_Assets/../..", 400), (".git", 400), ("01_Assets/none", 404), ("project.json", 404),
        ("01_Assets/out", 400),
    ])
    func `No folder but the project's is shown`(path: String, status: Int) async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            try FileManager.default.createSymbolicLink(
                atPath: studio.ground.projectPath("film") + "/01_Assets/out", withDestinationPath: "/etc")
            let reply = try await studio.request("GET", Self.folder + "?path=" + path)
            #expect(reply.status == status, "\(path): \(reply.text)")
            #expect(!reply.text.contains("passwd"))
        }
    }
}
