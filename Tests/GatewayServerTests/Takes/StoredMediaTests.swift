import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem
import StudioTestKit
import Testing

@testable import GatewayServer

/// A gateway whose large files are kept in a bucket.
@Suite(.timeLimit(.minutes(10))) struct StoredMediaTests {
    private static let files = "/api/v1/projects/film/files/"

    /// Runs a gateway with a bucket.
    private func run(_ body: @escaping @Sendable (RunningStudio, S3Server) async throws -> Void) async throws {
        let server = try await S3Server()
        try await RunningStudio.run(server.environment()) { studio async throws in try await body(studio, server) }
    }

    /// A take as a worker publishes it, kept in the bucket.
    private func take(_ text: String, _ studio: RunningStudio) async throws -> TakeRecord {
        let project = try await studio.project()
        let take = try await studio.take(text, in: project)
        let content = FileHash(digest: SHA256.digest(of: text.utf8), size: Int64(text.utf8.count))
        try await studio.parts.folders.objects.keep(
            content, of: project.objects, in: studio.ground.projectPath("film"))
        return take
    }

    private func object(_ text: String, _ studio: RunningStudio) -> String {
        let hex = SHA256.hex(of: text.utf8)
        return studio.ground.projectPath("film")
            + "/.git/lfs/objects/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)"
    }

    @Test func `A client is sent to the bucket, at an address that needs no token`() async throws {
        try await run { studio, server in
            let take = try await take("moving pictures", studio)
            let media = "/api/v1/takes/\(take.id)/media"
            let sent = try await studio.request("GET", media)
            #expect(sent.status == 307 && sent.headers["cache-control"] == "no-store")
            let address = try #require(sent.headers["location"])
            #expect(address.hasPrefix("\(server.base)/films/productions/studio/film/lfs/"))
            let film = try await server.follow(address)
            #expect(film.status == 200 && film.mediaType == "video/mp4")
            #expect(film.bytes == Data("moving pictures".utf8))
            let head = try await studio.request("HEAD", media)
            #expect(head.status == 307)
            #expect(try await server.follow(try #require(head.headers["location"]), "HEAD").status == 200)
            // Who has it already is told so, and who may not see it learns nothing.
            let etag = try #require(sent.headers["etag"])
            #expect(try await studio.request("GET", media, headers: ["if-none-match: \(etag)"]).status == 304)
            #expect(try await RunningStudio.request(port: studio.port, "GET", media).status == 401)
        }
    }

    @Test func `The page gets the bytes from the gateway, which fetches what the workspace lacks`() async throws {
        try await run { studio, server in
            let take = try await take("moving pictures", studio)
            let media = "/api/v1/takes/\(take.id)/media"
            try FileManager.default.removeItem(atPath: studio.ground.projectPath("film") + "/" + take.path)
            try FileManager.default.removeItem(atPath: object("moving pictures", studio))
            // Several at once ask the bucket once.
            let before = try await server.asked().count
            let replies = try await withThrowingTaskGroup(of: HTTPReply.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        try await studio.request(
                            "GET", media, headers: ["prefer: respond-async, Inline-Media", "range: bytes=0-5"])
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(replies.allSatisfy { $0.status == 206 && $0.text == "moving" })
            let asked = try await server.asked()[before...].filter { $0.address.contains("/lfs/") }
            #expect(asked.map(\.method) == ["GET"])
            #expect(FileManager.default.fileExists(atPath: object("moving pictures", studio)))
            #expect(try await studio.parts.audit.run(deep: true).isEmpty)
            // Films were read beside the project's own, where there is room, and nothing of it is left.
            let uploads = studio.ground.projectPath("film") + "/05_Cache/uploads"
            #expect(try FileManager.default.contentsOfDirectory(atPath: uploads).isEmpty)
        }
    }

    @Test func `What is not in the bucket is served from the workspace, and the audit tells of it`() async throws {
        try await run { studio, server in
            let take = try await studio.take("moving pictures", in: studio.project())
            let media = try await studio.request("GET", "/api/v1/takes/\(take.id)/media")
            #expect(media.status == 200 && media.text == "moving pictures")
            #expect(try await studio.parts.audit.run(deep: false).map(\.rule) == ["take-object"])
        }
    }

    @Test func `While the bucket is away media come from the workspace`() async throws {
        try await run { studio, server in
            let take = try await take("moving pictures", studio)
            let path = "/api/v1/takes/\(take.id)/media"
            try await server.fail(-1, status: 503, code: "SlowDown")
            for _ in 0..<2 {
                let media = try await studio.request("GET", path)
                #expect(media.status == 200 && media.text == "moving pictures")
            }
            // What neither has is for later, not lost.
            try FileManager.default.removeItem(atPath: studio.ground.projectPath("film") + "/" + take.path)
            try FileManager.default.removeItem(atPath: object("moving pictures", studio))
            let later = try await studio.request("GET", path)
            #expect(later.status == 503 && later.headers["retry-after"] != nil)
        }
    }

    @Test func `Other bytes in the bucket are never served by the gateway`() async throws {
        try await run { studio, server in
            let take = try await take("moving pictures", studio)
            let digest = SHA256.digest(of: "moving pictures".utf8)
            try await server.replace(
                "productions/" + ObjectHome(tenant: "studio", project: "film").key(of: digest),
                with: Data("another picture".utf8))
            try FileManager.default.removeItem(atPath: studio.ground.projectPath("film") + "/" + take.path)
            try FileManager.default.removeItem(atPath: object("moving pictures", studio))
            let reply = try await studio.request(
                "GET", "/api/v1/takes/\(take.id)/media", headers: ["prefer: inline-media"])
            #expect(reply.status == 500 && reply.problem == "internal-error")
            #expect(!FileManager.default.fileExists(atPath: object("moving pictures", studio)))
            #expect(try await studio.parts.audit.run(deep: true).map(\.rule).contains("take-object"))
        }
    }

    @Test func `An upload is in the bucket before it is committed, and can be replaced where the workspace lacks it`()
        async throws
    {
        try await run { studio, server in
            try await studio.project()
            let file = Self.files + "01_Assets/Media/Images/plate.png"
            let folder = studio.ground.projectPath("film")
            let first = try await studio.request("PUT", file, body: "picture one")
            #expect(first.status == 201, "\(first.text)")
            #expect(try await server.asked().contains { $0.method == "PUT" && $0.length == 11 })
            try FileManager.default.removeItem(atPath: object("picture one", studio))
            let second = try await studio.request(
                "PUT", file, headers: ["if-match: \(try #require(first.headers["etag"]))"], body: "picture two")
            #expect(second.status == 200, "\(second.text)")
            #expect(try await git("status", "--porcelain", at: folder).isEmpty)

            // A pointer in the checkout is read as the file that it stands for.
            try FileManager.default.removeItem(atPath: object("picture two", studio))
            let pointer = try await git("cat-file", "-p", "HEAD:01_Assets/Media/Images/plate.png", at: folder)
            try studio.ground.workspace.write(
                "\(pointer)\n".utf8, to: "Projects/film/01_Assets/Media/Images/plate.png")
            #expect(try await studio.request("GET", file).text == "picture two")
            #expect(try await git("status", "--porcelain", at: folder).isEmpty)
            // What somebody removed stays removed.
            try FileManager.default.removeItem(atPath: folder + "/01_Assets/Media/Images/plate.png")
            #expect(try await studio.request("GET", file).status == 404)
        }
    }

    @Test func `While the bucket is away nothing is taken in, and readiness says so`() async throws {
        try await run { studio, server in
            try await studio.project()
            let folder = studio.ground.projectPath("film")
            let before = try await git("rev-parse", "HEAD", at: folder)
            try await server.fail(-1, status: 403, code: "AccessDenied")
            let refused = try await studio.request(
                "PUT", Self.files + "01_Assets/Media/Images/plate.png", body: "picture")
            #expect(refused.status == 500)
            #expect(try await git("rev-parse", "HEAD", at: folder) == before)
            #expect(!FileManager.default.fileExists(atPath: folder + "/01_Assets/Media/Images/plate.png"))
            // What goes through no LFS needs no bucket.
            #expect(
                try await studio.request("PUT", Self.files + "02_Source_Creative/Scripts/a.txt", body: "one").status
                    == 201)
            let ready = try await RunningStudio.request(port: studio.port, "GET", "/readyz")
            #expect(ready.status == 503 && ready.json["checks"]?["storage"]?["status"] == "missing")
            try await server.fail(0)
            #expect(try await RunningStudio.request(port: studio.port, "GET", "/readyz").status == 200)
        }
    }

    @Test func `A workspace moves into the bucket by a check, which finds what is nowhere`() async throws {
        let server = try await S3Server()
        let ground = try await RunningStudio.Ground.make()
        try await RunningStudio.run(on: ground) { studio async throws in
            _ = try await studio.take("moving pictures", in: studio.project())
        }
        var settings = ground
        settings.environment.merge(server.environment()) { $1 }
        let folders = try GatewayParts(settings.configuration).folders
        let projects = try TenantProjects(folders: folders, tenant: "studio", databaseURL: nil)
        let told = Watched<[String]>([])
        func check(repair: Bool) async throws -> Bool {
            told.update { $0 = [] }
            return try await projects.check("film", repair: repair) { line in told.update { $0.append(line) } }
        }
        #expect(try await !check(repair: false))
        #expect(told.value == ["film: wrong: storage: 1 large files are in the workspace only"])
        #expect(try await check(repair: true))
        #expect(try await check(repair: false))
        #expect(told.value == ["film: all is well"])
        let digest = SHA256.digest(of: "moving pictures".utf8)
        let hex = digest.hex
        try FileManager.default.removeItem(
            atPath: ground.projectPath("film")
                + "/.git/lfs/objects/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)")
        #expect(try await check(repair: false))
        try await folders.objects.storage.remove(digest, of: ObjectHome(tenant: "studio", project: "film"))
        #expect(try await !check(repair: true))
        #expect(told.value.contains { $0.contains("its bytes are neither in the workspace nor in the storage") })
    }
}
