import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import GatewayServer

@Suite struct FileTests {
    private static let files = "/api/v1/projects/film/files/"

    @Test func `An upload is committed as a person would, through LFS`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let path = studio.ground.projectPath("film")
            let bytes = String(repeating: "picture", count: 100_000)
            let reply = try await studio.request(
                "PUT", Self.files + "01_Assets/Media/Images/Plate%20A.PNG", headers: ["content-type: image/png"],
                body: bytes)
            #expect(reply.status == 201, "\(reply.text)")
            #expect(reply.json["sha256"]?.stringValue == SHA256.hex(of: bytes.utf8))
            #expect(try await git("status", "--porcelain", at: path).isEmpty)
            #expect(try await git("lfs", "ls-files", at: path).contains("Plate A.PNG"))
            #expect(try await git("lfs", "fsck", at: path).contains("OK"))
            #expect(
                try await git("show", "HEAD:01_Assets/Media/Images/Plate A.PNG", at: path).hasPrefix(
                    "version https://git-lfs"))
            let read = try await studio.request(
                "GET", Self.files + "01_Assets/Media/Images/Plate%20A.PNG", headers: ["range: bytes=7-13"])
            #expect(read.status == 206 && read.text == "picture")
            let text = try await studio.request("PUT", Self.files + "02_Source_Creative/Scripts/a.txt", body: "one")
            #expect(text.status == 201)
            let again = try await studio.request(
                "PUT", Self.files + "02_Source_Creative/Scripts/a.txt",
                headers: ["if-match: \(try #require(text.headers["etag"]))"], body: "two")
            #expect(again.status == 200)
            #expect(try await git("show", "HEAD:02_Source_Creative/Scripts/a.txt", at: path).hasPrefix("two"))
            #expect(try await git("status", "--porcelain", at: path).isEmpty)
        }
    }

    @Test func `Parts come one after the other, and the server says how much it has`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let target = Self.files + "01_Assets/Media/Video/a.mp4"
            func put(_ range: String, _ body: String) async throws -> HTTPReply {
                try await studio.request("PUT", target, headers: ["content-range: bytes \(range)"], body: body)
            }
            let none = try await put("*/10", "")
            #expect(none.status == 308 && none.headers["range"] == nil)
            let first = try await put("0-3/10", "abcd")
            #expect(first.status == 308 && first.headers["range"] == "bytes=0-3")
            #expect(try await studio.request("GET", target).status == 404)
            #expect(try await put("6-9/10", "ghij").status == 409)
            #expect(try await put("*/10", "").headers["range"] == "bytes=0-3")
            let last = try await put("4-9/10", "efghij")
            #expect(last.status == 201, "\(last.text)")
            #expect(last.json["sha256"]?.stringValue == SHA256.hex(of: "abcdefghij".utf8))
            #expect(try await studio.request("GET", target).text == "abcdefghij")
            #expect(try await git("status", "--porcelain", at: studio.ground.projectPath("film")).isEmpty)
        }
    }

    @Test(arguments: [
        ("03_Renders/a.mp4", 403), ("project.json", 403), ("01_Assets", 403), ("05_Cache/x.bin", 403),
        ("01_Assets/../03_Renders/a.mp4", 400), ("01_Assets/%2e%2e/%2e%2e/a.mp4", 400), ("01_Assets//a.mp4", 400),
        ("01_Assets/.git/config", 400), ("01_Assets/.GitAttributes", 403), ("01_Assets/CON", 400),
        ("01_Assets/a%00b", 404), ("01_Assets/a%2fb", 404), ("01_Assets/a%0ab", 400), ("01_Assets/escape/a.mp4", 400),
    ])
    func `A path that is not for uploads is refused`(path: String, status: Int) async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let root = studio.ground.projectPath("film")
            let outside = try TemporaryDirectory("outside")
            try FileManager.default.createSymbolicLink(
                atPath: "\(root)/01_Assets/escape", withDestinationPath: outside.path)
            let before = try await git("rev-parse", "HEAD", at: root)
            let reply = try await studio.request("PUT", Self.files + path, body: "x")
            #expect(reply.status == status, "\(reply.text)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: outside.path).isEmpty)
            #expect(try await git("rev-parse", "HEAD", at: root) == before)
        }
    }

    @Test func `Git's own files and files outside cannot be read`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            for path in [".git/config", "../film/project.json", "%2e%2e/x", "01_Assets"] {
                let status = try await studio.request("GET", Self.files + path).status
                #expect(status == 404 || status == 400, "\(path): \(status)")
            }
            #expect(try await studio.request("GET", Self.files + "project.json").status == 200)
        }
    }

    @Test func `A file over the limit is refused and leaves nothing behind`() async throws {
        try await RunningStudio.run(["UPLOAD_MAX_BYTES": "1000"]) { studio async throws in
            try await studio.project()
            let reply = try await studio.request(
                "PUT", Self.files + "01_Assets/a.png", body: String(repeating: "x", count: 1001))
            #expect(reply.status == 413)
            #expect(try await studio.request("GET", Self.files + "01_Assets/a.png").status == 404)
            let uploads = studio.ground.projectPath("film") + "/" + UploadPart.folder
            #expect(((try? FileManager.default.contentsOfDirectory(atPath: uploads)) ?? []).isEmpty)
        }
    }
}
