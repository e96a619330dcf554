import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioSystem
import StudioTestKit
import Testing

@testable import GatewayServer

/// An upload never costs anybody their work.
@Suite struct UploadSafetyTests {
    private static let text = "02_Source_Creative/Scripts/a.txt"
    private static let picture = "01_Assets/Media/Images/a.png"

    private static func put(
        _ studio: RunningStudio, _ path: String, _ body: String, _ headers: String...
    ) async throws -> HTTPReply {
        try await studio.request("PUT", "/api/v1/projects/film/files/\(path)", headers: headers, body: body)
    }

    private static func content(_ studio: RunningStudio, _ path: String) -> String? {
        try? String(contentsOfFile: studio.ground.projectPath("film") + "/" + path, encoding: .utf8)
    }

    private static func write(_ studio: RunningStudio, _ path: String, _ text: String) throws {
        try text.write(
            toFile: studio.ground.projectPath("film") + "/" + path, atomically: false, encoding: .utf8)
    }

    private static func leftovers(_ studio: RunningStudio) -> [String] {
        let folder = studio.ground.projectPath("film") + "/" + UploadPart.folder
        return (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    @Test func `PUT and GET tell the same ETag, and replacing needs it`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let first = try await Self.put(studio, Self.text, "one", "if-none-match: *")
            #expect(first.status == 201, "\(first.text)")
            let tag = try #require(first.headers["etag"])
            #expect(tag == "\"\(SHA256.hex(of: "one".utf8))\"")
            let read = try await studio.request("GET", "/api/v1/projects/film/files/\(Self.text)")
            #expect(read.headers["etag"] == tag)

            let missing = try await Self.put(studio, Self.text, "two")
            #expect(missing.status == 428 && missing.problem == "precondition-required")
            let taken = try await Self.put(studio, Self.text, "two", "if-none-match: *")
            #expect(taken.status == 412 && taken.problem == "precondition-failed")
            let stale = try await Self.put(studio, Self.text, "two", "if-match: \"\(SHA256.hex(of: "x".utf8))\"")
            #expect(stale.status == 412)
            let nothing = try await Self.put(studio, "01_Assets/none.txt", "two", "if-match: *")
            #expect(nothing.status == 412)
            #expect(Self.content(studio, Self.text) == "one")

            let second = try await Self.put(studio, Self.text, "two", "if-match: \(tag)")
            #expect(second.status == 200, "\(second.text)")
            #expect(try await Self.put(studio, Self.text, "three", "if-match: \(tag)").status == 412)
            // The answer to a request was lost and it is sent again: there is nothing to lose.
            #expect(try await Self.put(studio, Self.text, "two", "if-match: \(tag)").status == 200)
            #expect(try await Self.put(studio, Self.text, "four", "if-match: *").status == 200)
            let path = studio.ground.projectPath("film")
            #expect(try await git("show", "HEAD:\(Self.text)", at: path) == "four")
            #expect(try await git("status", "--porcelain", at: path).isEmpty)
            #expect(Self.leftovers(studio).isEmpty)
        }
    }

    @Test(arguments: [text, picture])
    func `What a person has changed and not committed stays`(file: String) async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let path = studio.ground.projectPath("film")
            #expect(try await Self.put(studio, file, "one").status == 201)
            try Self.write(studio, file, "a person's")
            let head = try await git("rev-parse", "HEAD", at: path)
            let changed = try await Self.put(studio, file, "two", "if-match: *")
            #expect(changed.status == 409 && changed.problem == "conflict", "\(changed.text)")
            #expect(changed.text.contains("not committed"))
            #expect(Self.content(studio, file) == "a person's")
            #expect(try await git("rev-parse", "HEAD", at: path) == head)

            try await stock(["add", file], at: path)
            #expect(try await Self.put(studio, file, "two", "if-match: *").status == 409)
            #expect(Self.content(studio, file) == "a person's")
            try await stock(["commit", "-m", "mine"], at: path)
            let replaced = try await Self.put(studio, file, "two", "if-match: *")
            #expect(replaced.status == 200, "\(replaced.text)")
            #expect(Self.content(studio, file) == "two")
            #expect(try await git("status", "--porcelain", at: path).isEmpty)
            #expect(Self.leftovers(studio).isEmpty)
        }
    }

    @Test func `A file that was never committed is not replaced`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            try Self.write(studio, "01_Assets/mine.txt", "a person's")
            let reply = try await Self.put(studio, "01_Assets/mine.txt", "two", "if-match: *")
            #expect(reply.status == 409, "\(reply.text)")
            #expect(Self.content(studio, "01_Assets/mine.txt") == "a person's")
        }
    }

    @Test(arguments: [text, picture])
    func `Where the commit fails the file before is back`(file: String) async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let path = studio.ground.projectPath("film")
            let merge = "\(path)/.git/MERGE_HEAD"
            let head = try await git("rev-parse", "HEAD", at: path)
            try head.write(toFile: merge, atomically: true, encoding: .utf8)
            let new = try await Self.put(studio, file, "one")
            #expect(new.status == 503 && new.problem == "unavailable", "\(new.text)")
            #expect(new.headers["retry-after"] != nil)
            #expect(Self.content(studio, file) == nil)
            #expect(Self.leftovers(studio).isEmpty)

            try FileManager.default.removeItem(atPath: merge)
            #expect(try await Self.put(studio, file, "one").status == 201)
            let second = try await git("rev-parse", "HEAD", at: path)
            try second.write(toFile: merge, atomically: true, encoding: .utf8)
            #expect(try await Self.put(studio, file, "two", "if-match: *").status == 503)
            #expect(Self.content(studio, file) == "one")
            #expect(Self.leftovers(studio).isEmpty)
            try FileManager.default.removeItem(atPath: merge)
            #expect(try await git("rev-parse", "HEAD", at: path) == second)
            #expect(try await git("status", "--porcelain", at: path).isEmpty)
        }
    }

    @Test func `An upload in parts that could not be committed is finished by asking for it`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let path = studio.ground.projectPath("film")
            let merge = "\(path)/.git/MERGE_HEAD"
            try await git("rev-parse", "HEAD", at: path).write(toFile: merge, atomically: true, encoding: .utf8)
            let whole = try await Self.put(studio, Self.picture, "abcd", "content-range: bytes 0-3/4")
            #expect(whole.status == 503)
            #expect(Self.content(studio, Self.picture) == nil)
            try FileManager.default.removeItem(atPath: merge)
            let asked = try await Self.put(studio, Self.picture, "", "content-range: bytes */4")
            #expect(asked.status == 201, "\(asked.text)")
            #expect(Self.content(studio, Self.picture) == "abcd")
            #expect(try await git("status", "--porcelain", at: path).isEmpty)
            #expect(Self.leftovers(studio).isEmpty)
        }
    }

    @Test func `A file placed by a process that died before its commit is committed by the next upload`() async throws {
        try await RunningStudio.run { studio async throws in
            try await studio.project()
            let path = studio.ground.projectPath("film")
            let first = try await Self.put(studio, Self.text, "one")
            let tag = try #require(first.headers["etag"])
            try Self.write(studio, Self.text, "two")
            // Something else is told what is the matter; the same file is committed, though its ETag is the old one.
            #expect(try await Self.put(studio, Self.text, "three", "if-match: *").status == 409)
            let again = try await Self.put(studio, Self.text, "two", "if-match: \(tag)")
            #expect(again.status == 200, "\(again.text)")
            #expect(try await git("show", "HEAD:\(Self.text)", at: path) == "two")
            #expect(try await git("status", "--porcelain", at: path).isEmpty)
        }
    }

    /// The stock `git`, as a person with a name.
    private func stock(_ arguments: [String], at path: String) async throws {
        let done = try await ChildProcess.run(
            "git",
            ["-c", "safe.directory=*", "-c", "user.name=P", "-c", "user.email=p@example.com", "-C", path] + arguments,
            environment: [
                "PATH": "/usr/bin:/bin", "HOME": path, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
            ])
        guard done.exit == .code(0) else { throw RunningStudio.Missing(what: "git \(arguments): \(done.errors)") }
    }
}
