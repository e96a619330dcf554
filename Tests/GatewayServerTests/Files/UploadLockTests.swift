import FoundationEssentials
import Glibc
import NIOCore
import QueueProtocol
import StudioCore
import StudioSystem
import StudioTestKit
import Testing

@testable import GatewayServer

/// Two requests, or a request and the removal of stale uploads, at the same file.
@Suite struct UploadLockTests {
    private static func ground() throws -> (folder: TemporaryDirectory, directory: SafeDirectory) {
        let folder = try TemporaryDirectory("upload")
        return (folder, try SafeDirectory(folder.path))
    }

    private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    private static func uploads(_ folder: TemporaryDirectory) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path(UploadPart.folder))
    }

    /// What becomes of an attempt to take an opened file.
    private static func refusal(_ opened: consuming UploadPart.Opened) throws -> StudioError? {
        do {
            _ = try UploadPart(locking: opened, fresh: true)
            return nil
        } catch let error as StudioError { return error }
    }

    private static func removeStale(_ directory: SafeDirectory, days: Double) throws {
        UploadPart.removeStale(
            in: try directory.directory(RelativePath(UploadPart.folder)),
            now: Date().addingTimeInterval(days * 86_400))
    }

    @Test func `An upload that is finished between opening and locking is not taken for one`() throws {
        let (folder, directory) = try Self.ground()
        var first: UploadPart? = try UploadPart(key: "x", in: directory, fresh: true)
        try first?.append(ByteBuffer(string: "finished"))
        let early = try UploadPart.open(key: "x", in: directory)
        let late = try UploadPart.open(key: "x", in: directory)
        // The first request holds the lock.
        #expect(try Self.refusal(early)?.code == .conflict)
        if let placement = try first?.place(at: RelativePath("a.txt"), replacing: nil) { first?.keep(placement) }
        first = nil
        // Now the second gets it, for what is a person's file by now.
        let error = try #require(try Self.refusal(late))
        #expect(error.code == .conflict && error.retryAfterSeconds == 1)
        #expect(Self.text(folder.path("a.txt")) == "finished")
        #expect(try Self.uploads(folder).isEmpty)
        // And the client's next attempt begins anew.
        #expect(try UploadPart(key: "x", in: directory, fresh: false).size == 0)
    }

    @Test func `A stale upload that somebody goes on with is not removed`() throws {
        let (folder, directory) = try Self.ground()
        var part: UploadPart? = try UploadPart(key: "x", in: directory, fresh: true)
        try part?.append(ByteBuffer(string: "half"))
        try Self.removeStale(directory, days: 2)
        #expect(try part?.isThere() == true)
        part = nil
        try Self.removeStale(directory, days: 0.5)
        #expect(try Self.uploads(folder).count == 1)
        try Self.removeStale(directory, days: 2)
        #expect(try Self.uploads(folder).isEmpty)
    }

    @Test(arguments: ["x.part", "x.replaced"]) func `Whoever holds the lock keeps the file`(name: String) throws {
        let (folder, directory) = try Self.ground()
        let path = try folder.write("half".utf8, to: "\(UploadPart.folder)/\(name)")
        let held = open(path, O_RDWR | O_CLOEXEC)
        #expect(flock(held, LOCK_EX | LOCK_NB) == 0)
        try Self.removeStale(directory, days: 2)
        #expect(try Self.uploads(folder) == [name])
        close(held)
        try Self.removeStale(directory, days: 2)
        #expect(try Self.uploads(folder).isEmpty)
    }

    @Test func `An upload removed as stale between opening and locking is begun anew`() throws {
        let (folder, directory) = try Self.ground()
        try UploadPart(key: "x", in: directory, fresh: true).append(ByteBuffer(string: "half"))
        let opened = try UploadPart.open(key: "x", in: directory)
        try Self.removeStale(directory, days: 2)
        #expect(try Self.refusal(opened)?.code == .conflict)
        #expect(try Self.uploads(folder).isEmpty)
        let next = try UploadPart(key: "x", in: directory, fresh: false)
        #expect(next.size == 0)
    }

    @Test func `Other files in the folder of uploads are left alone`() throws {
        let (folder, directory) = try Self.ground()
        try folder.write("a person's".utf8, to: "\(UploadPart.folder)/notes.txt")
        try folder.write("x".utf8, to: "target")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("\(UploadPart.folder)/link.part"), withDestinationPath: "../../target")
        try Self.removeStale(directory, days: 2)
        #expect(try Self.uploads(folder).sorted() == ["link.part", "notes.txt"])
        #expect(Self.text(folder.path("target")) == "x")
    }

    @Test func `A client is told to come again while another request writes the same upload`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let target = "/api/v1/projects/film/files/01_Assets/Media/Video/a.mp4"
            func put(_ range: String, _ body: String) async throws -> HTTPReply {
                try await studio.request("PUT", target, headers: ["content-range: bytes \(range)"], body: body)
            }
            #expect(try await put("0-3/10", "abcd").status == 308)
            let uploads = studio.ground.projectPath("film") + "/" + UploadPart.folder
            let name = try #require(try FileManager.default.contentsOfDirectory(atPath: uploads).first)
            let held = open("\(uploads)/\(name)", O_RDWR | O_CLOEXEC)
            #expect(flock(held, LOCK_EX | LOCK_NB) == 0)
            let refused = try await put("4-9/10", "efghij")
            #expect(refused.status == 409 && refused.headers["retry-after"] == "1", "\(refused.text)")
            close(held)
            let done = try await put("4-9/10", "efghij")
            #expect(done.status == 201, "\(done.text)")
            #expect(done.json["sha256"]?.stringValue == SHA256.hex(of: "abcdefghij".utf8))
        }
    }
}
