import FoundationEssentials
import StudioCore
import StudioSystem
import StudioTestKit
import Testing

@testable import StudioTransfer

@Suite("Objects in a bucket on bad days", .timeLimit(.minutes(10)))
struct S3BadDaysTests {
    private let home = ObjectHome(tenant: "studio", project: "film")

    private func file(_ folder: TemporaryDirectory, _ bytes: [UInt8]) throws -> (String, FileHash) {
        let path = try folder.write(bytes, to: "file")
        return (path, try FileHash(file: path))
    }

    @Test(
        "An upload in parts is done where only the answer was lost, however often it is asked for", arguments: [1, 3])
    func lostAnswer(tries: Int) async throws {
        let (server, folder) = (try await S3Server(), try TemporaryDirectory("s3"))
        let part: Int64 = 5 << 20
        let (path, content) = try file(folder, [UInt8](repeating: 7, count: 12 << 20))
        let storage = S3ObjectStorage(
            server.settings(), patience: S3Patience(tries: tries), partsFrom: part, partSize: part, wait: { _ in })
        try await server.fail(1, methods: ["POST"], containing: "uploadId=", isDone: true)
        try await storage.put(content, from: path, of: home)
        #expect(try await storage.contains(content, of: home))
        #expect(try await !server.asked().contains { $0.method == "DELETE" })
        let asked = try await server.asked().filter { $0.method == "POST" && $0.address.contains("uploadId=") }
        #expect(asked.count == min(tries, 2))
    }

    @Test("An upload in parts that was not put together fails as that")
    func notPutTogether() async throws {
        let (server, folder) = (try await S3Server(), try TemporaryDirectory("s3"))
        let part: Int64 = 5 << 20
        let (path, content) = try file(folder, [UInt8](repeating: 7, count: 12 << 20))
        let storage = S3ObjectStorage(
            server.settings(), patience: S3Patience(tries: 2), partsFrom: part, partSize: part, wait: { _ in })
        try await server.fail(-1, methods: ["POST"], containing: "uploadId=")
        let error = await #expect(throws: StorageError.self) {
            try await storage.put(content, from: path, of: home)
        }
        #expect(error?.code == .unavailable)
        #expect(try await server.asked().contains { $0.method == "DELETE" && $0.address.contains("uploadId=") })
    }

    @Test("A doctor that may write and remove but not read leaves nothing behind")
    func doctor() async throws {
        let server = try await S3Server()
        try await server.fail(-1, status: 403, code: "AccessDenied", methods: ["GET"], containing: "lfs")
        let found = await StorageExamination(S3ObjectStorage(server.settings(), wait: { _ in })).diagnoses()
        #expect(found.map(\.check) == ["storage", "storage-writes"] && found.last?.verdict == .failed)
        let asked = try await server.asked()
        let put = try #require(asked.first { $0.method == "PUT" && $0.address.contains("studio-doctor") })
        #expect(asked.contains { $0.method == "DELETE" && $0.address == put.address })
    }

    @Test("A full disk is no room, not a file at fault")
    func fullDisk() async throws {
        let (server, folder) = (try await S3Server(), try TemporaryDirectory("s3"))
        let (path, content) = try file(folder, [UInt8](repeating: 7, count: 2 << 20))
        let storage = S3ObjectStorage(server.settings(), wait: { _ in })
        try await storage.put(content, from: path, of: home)
        try await SmallFileSystem.mounted(on: folder.path("small"), bytes: 1 << 20) { _ in
            let error = await #expect(throws: StorageError.self) {
                try await storage.fetch(content, to: folder.path("small/back"), of: home)
            }
            #expect(error?.code == .storageFull)
            #expect(!FileManager.default.fileExists(atPath: folder.path("small/back")))
        }
    }
}
