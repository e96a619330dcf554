import FoundationEssentials
import StudioCore
import StudioSystem
import StudioTestKit
import Testing

@testable import StudioTransfer

/// What every storage of objects must do, held against both.
@Suite("Storages of objects", .timeLimit(.minutes(10)))
struct ObjectStorageTests {
    enum Kind: String, CaseIterable, Sendable { case file, s3 }

    /// A storage, and a folder for files.
    struct Place: Sendable {
        let storage: any ObjectStorage
        let folder: TemporaryDirectory
        let server: S3Server?
        let home = ObjectHome(tenant: "studio", project: "film")
        let other = ObjectHome(tenant: "acme", project: "film")

        init(_ kind: Kind) async throws {
            folder = try TemporaryDirectory("objects")
            server = kind == .s3 ? try await S3Server() : nil
            storage =
                if let server { S3ObjectStorage(server.settings()) } else {
                    FileObjectStorage(root: folder.path("workspace"))
                }
            try FileManager.default.createDirectory(
                atPath: folder.path("workspace"), withIntermediateDirectories: true)
        }

        /// A file with some bytes.
        func file(_ text: String, _ name: String = "file") throws -> (path: String, content: FileHash) {
            let path = try folder.write(text.utf8, to: name)
            return (path, try FileHash(file: path))
        }
    }

    @Test(arguments: Kind.allCases)
    func `What is put is there, is fetched, listed and removed`(_ kind: Kind) async throws {
        let place = try await Place(kind)
        let (storage, home) = (place.storage, place.home)
        try await storage.check()
        let (path, content) = try place.file("the first take")
        #expect(try await !storage.contains(content, of: home))
        #expect(try await storage.list(of: home, after: nil).isEmpty)
        try await storage.put(content, from: path, of: home)
        // A second time nothing happens, and it is nobody else's.
        try await storage.put(content, from: path, of: home)
        #expect(try await storage.contains(content, of: home))
        #expect(try await !storage.contains(content, of: place.other))
        #expect(try await !storage.contains(FileHash(digest: content.digest, size: 3), of: home))

        let back = place.folder.path("back")
        try await storage.fetch(content, to: back, of: home)
        #expect(try FileHash(file: back) == content)

        var all: Set<FileHash> = [content]
        for number in 0..<5 {
            let (path, content) = try place.file("more \(number)", "more\(number)")
            try await storage.put(content, from: path, of: home)
            all.insert(content)
        }
        let listed = try await storage.list(of: home, after: nil)
        #expect(Set(listed) == all)
        #expect(listed.map(\.digest.hex) == listed.map(\.digest.hex).sorted())
        #expect(try await storage.list(of: home, after: listed[2].digest) == Array(listed[3...]))
        #expect(try await storage.list(of: home, after: listed[5].digest).isEmpty)

        try await storage.remove(content.digest, of: home)
        try await storage.remove(content.digest, of: home)
        #expect(try await !storage.contains(content, of: home))
        let gone = await #expect(throws: StorageError.self) {
            try await storage.fetch(content, to: place.folder.path("gone"), of: home)
        }
        #expect(gone?.code == .notFound)
        #expect(!FileManager.default.fileExists(atPath: place.folder.path("gone")))
    }

    @Test(arguments: Kind.allCases)
    func `Other bytes under a name are found out`(_ kind: Kind) async throws {
        let place = try await Place(kind)
        let (_, content) = try place.file("as it was")
        let (path, _) = try place.file("as it is!", "other")
        let key = "productions/" + place.home.key(of: content.digest)
        if let server = place.server {
            let client = S3Client(server.settings(), patience: S3Patience(), now: { Date() }, wait: { _ in })
            let bytes = Data("as it is!".utf8)
            _ = try await client.send(
                S3Request(method: "PUT", key: key, body: .bytes(bytes), payload: SHA256.hex(of: bytes)))
        } else {
            let hex = content.digest.hex
            let below = "workspace/Projects/film/.git/lfs/objects/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)"
            try place.folder.write("as it is!".utf8, to: below)
        }
        let error = await #expect(throws: StorageError.self) {
            try await place.storage.fetch(content, to: place.folder.path("back"), of: place.home)
        }
        #expect(error?.code == .corrupt)
        #expect(!FileManager.default.fileExists(atPath: place.folder.path("back")))
        // And so are bytes that change before they are sent.
        let (_, promised) = try place.file("what was said", "said")
        let refused = await #expect(throws: StorageError.self) {
            try await place.storage.put(promised, from: path, of: place.home)
        }
        #expect(refused != nil)
        #expect(try await !place.storage.contains(promised, of: place.home))
    }
}

@Suite("Objects in a bucket", .timeLimit(.minutes(10)))
struct S3ObjectStorageTests {
    private let home = ObjectHome(tenant: "studio", project: "film")

    private func file(_ folder: TemporaryDirectory, _ bytes: [UInt8]) throws -> (String, FileHash) {
        let path = try folder.write(bytes, to: "file")
        return (path, try FileHash(file: path))
    }

    @Test("Objects lie below the prefix, by tenant and project")
    func keys() async throws {
        let (server, folder) = (try await S3Server(), try TemporaryDirectory("s3"))
        let (path, content) = try file(folder, Array("abc".utf8))
        try await S3ObjectStorage(server.settings()).put(content, from: path, of: home)
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(
            try await server.asked().last?.address == "/films/productions/studio/film/lfs/ba/78/\(hex)")
        try await S3ObjectStorage(server.settings(prefix: "")).put(content, from: path, of: home)
        #expect(try await server.asked().last?.address == "/films/studio/film/lfs/ba/78/\(hex)")
    }

    @Test("A large file goes in parts, three at a time, and comes back whole; a part that fails is sent again")
    func parts() async throws {
        let (server, folder) = (try await S3Server(), try TemporaryDirectory("s3"))
        // Servers take no smaller parts than 5 MiB.
        let (size, part): (Int, Int64) = (18 << 20, 5 << 20)
        let (path, content) = try file(folder, (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 9) })
        let storage = S3ObjectStorage(
            server.settings(), partsFrom: part, partSize: part, wait: { _ in })
        try await server.fail(2, methods: ["PUT"])
        try await storage.put(content, from: path, of: home)
        #expect(try await storage.contains(content, of: home))
        let back = folder.path("back")
        try await storage.fetch(content, to: back, of: home)
        #expect(try FileHash(file: back) == content)
        #expect(try await server.asked().filter { $0.method == "PUT" && $0.length > 0 }.count == 4 + 2)
    }

    @Test("An upload in parts that fails leaves none behind")
    func abort() async throws {
        let (server, folder) = (try await S3Server(), try TemporaryDirectory("s3"))
        let part: Int64 = 5 << 20
        let (path, content) = try file(folder, [UInt8](repeating: 7, count: 12 << 20))
        let storage = S3ObjectStorage(server.settings(), partsFrom: part, partSize: part, wait: { _ in })
        try await server.fail(-1, status: 403, code: "AccessDenied", methods: ["PUT"])
        let error = await #expect(throws: StorageError.self) {
            try await storage.put(content, from: path, of: home)
        }
        #expect(error?.code == .accessDenied)
        #expect(try await !storage.contains(content, of: home))
        #expect(try await server.asked().contains { $0.method == "DELETE" && $0.address.contains("uploadId=") })
    }

    @Test("A file has at most ten thousand parts")
    func cutting() {
        let parts = S3ObjectStorage.parts(of: 5 << 40, atLeast: 64 << 20)
        #expect(parts.count == 10_000)
        #expect(parts.map(\.count).reduce(0, +) == 5 << 40)
        #expect(S3ObjectStorage.parts(of: 10, atLeast: 4).map(\.start) == [0, 4, 8])
        #expect(S3ObjectStorage.parts(of: 10, atLeast: 4).last == .init(number: 3, start: 8, count: 2))
    }

    @Test("What does not answer is asked again, and after some tries that is told", arguments: [500, 503])
    func retries(_ status: Int) async throws {
        let (server, folder) = (try await S3Server(), try TemporaryDirectory("s3"))
        let (path, content) = try file(folder, [1, 2, 3])
        let waits = Watched<[Duration]>([])
        let storage = S3ObjectStorage(
            server.settings(), patience: S3Patience(tries: 4), wait: { pause in waits.update { $0.append(pause) } })
        try await server.fail(3, status: status, code: status == 503 ? "SlowDown" : "InternalError")
        try await storage.put(content, from: path, of: home)
        #expect(waits.value.count == 3)
        #expect(
            zip(waits.value, [200, 400, 800]).allSatisfy { $0 <= .milliseconds($1) && $0 >= .milliseconds($1 / 2) })
        try await server.fail(-1, status: status)
        let error = await #expect(throws: StorageError.self) { try await storage.contains(content, of: home) }
        #expect(error?.code == .unavailable)
        #expect(waits.value.count == 6)
    }

    @Test("A server that is not there is unavailable")
    func away() async throws {
        let port = try ProgramUnderTest.freePort()
        let settings = S3Settings(
            bucket: "films", endpoint: URL(string: "http://127.0.0.1:\(port)"), accessKeyID: "a", secretAccessKey: "b")
        let storage = S3ObjectStorage(settings, patience: S3Patience(tries: 2), wait: { _ in })
        let error = await #expect(throws: StorageError.self) { try await storage.check() }
        #expect(error?.code == .unavailable)
    }

    @Test("Refusals have their kinds, and no secret is in any text")
    func refusals() async throws {
        let (server, folder) = (try await S3Server(), try TemporaryDirectory("s3"))
        let (path, content) = try file(folder, [1, 2, 3])
        func code(_ settings: S3Settings) async -> StorageError.Code? {
            let storage = S3ObjectStorage(settings, wait: { _ in })
            let error = await #expect(throws: StorageError.self) {
                try await storage.put(content, from: path, of: home)
            }
            #expect(error.map { "\($0) \($0.detail)".contains("secret of") } == false)
            return error?.code
        }
        #expect(await code(server.settings(S3Server.reader)) == .accessDenied)
        #expect(await code(server.settings("AKIANOBODY")) == .accessDenied)
        var wrong = server.settings()
        wrong.secretAccessKey = "another"
        #expect(await code(wrong) == .accessDenied)
        #expect(!"\(wrong)".contains("another") && !String(reflecting: wrong).contains("another"))
        var elsewhere = server.settings()
        elsewhere.bucket = "no-such-bucket"
        #expect(await code(elsewhere) == .noBucket)
        let check = await #expect(throws: StorageError.self) { try await S3ObjectStorage(elsewhere).check() }
        #expect(check?.code == .noBucket)
    }

    @Test("An address gives the bytes with what they are served as, to whoever has it, until it has run out")
    func links() async throws {
        let (server, folder) = (try await S3Server(), try TemporaryDirectory("s3"))
        let (path, content) = try file(folder, Array("film".utf8))
        let storage = S3ObjectStorage(server.settings())
        try await storage.put(content, from: path, of: home)
        let disposition = #"inline; filename="a b.mp4"; filename*=UTF-8''%C3%BC.mp4"#
        let terms = ObjectLinkTerms(mediaType: "video/mp4", disposition: disposition)
        let address = try #require(storage.link(to: content, of: home, terms))
        #expect(!address.contains("secret"))
        let client = HTTPClient()
        let answer = try await client.response(to: HTTPRequest(url: address))
        #expect(answer.status == 200 && answer.text == "film")
        #expect(answer.headers["content-type"] == "video/mp4")
        #expect(answer.headers["content-disposition"] == disposition)
        let part = try await client.response(to: HTTPRequest(url: address, headers: [("range", "bytes=1-2")]))
        #expect(part.status == 206 && part.text == "il")
        // It is for one method, one file and one time.
        #expect(try await client.response(to: HTTPRequest(method: "HEAD", url: address)).status == 403)
        #expect(
            try await client.response(to: HTTPRequest(url: address.replacing("/lfs/", with: "/lfs/x"))).status == 403)
        let before = S3ObjectStorage(server.settings(), now: { Date(timeIntervalSinceNow: -3700) })
        let old = try #require(before.link(to: content, of: home, terms))
        let expired = try await client.response(to: HTTPRequest(url: old))
        #expect(expired.status == 403 && expired.text.contains("expired"))
        var elsewhere = server.settings()
        elsewhere.publicEndpoint = URL(string: "https://media.example:8443")
        #expect(
            S3ObjectStorage(elsewhere).link(to: content, of: home, terms)?
                .hasPrefix("https://media.example:8443/films/productions/studio/film/lfs/") == true)
    }

    @Test("Amazon's own buckets are asked by their hosts, unless their names have dots")
    func amazon() {
        let plain = S3Settings(bucket: "films", region: "eu-central-1", accessKeyID: "a", secretAccessKey: "b")
        #expect(S3Address(plain, server: nil).host == "films.s3.eu-central-1.amazonaws.com")
        #expect(S3Address(plain, server: nil).path(of: "a/b") == "/a/b")
        var dotted = plain
        dotted.bucket = "films.example.com"
        #expect(S3Address(dotted, server: nil).url("/x", query: "").hasPrefix("https://s3.eu-central-1.amazonaws.com/"))
        #expect(S3Address(dotted, server: nil).path(of: "a") == "/films.example.com/a")
        #expect(S3Address(plain, server: URL(string: "https://minio:443")).host == "minio")
        #expect(S3Address(plain, server: URL(string: "http://minio:9000/")).host == "minio:9000")
        #expect(S3Address(plain, server: URL(string: "http://[fd00::1]:9000")).host == "[fd00::1]:9000")
        #expect(S3Address(plain, server: URL(string: "https://[fd00::1]")).host == "[fd00::1]")
    }
}
