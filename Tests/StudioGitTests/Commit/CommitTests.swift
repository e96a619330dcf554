import FoundationEssentials
import Glibc
import StudioGit
import StudioSystem
import StudioTestKit
import Testing

@Suite struct CommitTests {
    static let takeName = "03_Renders/SHOT-010/SHOT-010_v01_take01.mp4"

    @Test func aTakeIsWhatGitAndGitLFSExpect() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let bytes = [UInt8].media()
        let sidecar = Array("{\"seed\": 1}\n".utf8)
        let commit = try repository.commit([
            Self.takeName: checkout.take(Self.takeName, bytes, in: repository),
            "03_Renders/SHOT-010/SHOT-010_v01_take01.json": .bytes(sidecar),
        ])
        try await checkout.expectClean()
        #expect(try await checkout.git("rev-parse", "HEAD", "refs/heads/main") == "\(commit)\n\(commit)")
        let digest = SHA256.digest(of: bytes)
        #expect(
            try await checkout.git("cat-file", "-p", "HEAD:\(Self.takeName)")
                == "version https://git-lfs.github.com/spec/v1\noid sha256:\(digest)\nsize \(bytes.count)")
        #expect(try await checkout.git("lfs", "ls-files", "--long") == "\(digest) * \(Self.takeName)")
        #expect(
            try await checkout.git("log", "-1", "--format=%an <%ae> %ct %s|%cn")
                == "Ann Author <ann@example.com> 1700000000 Render a take|Ann Author")
        #expect(try await checkout.git("reflog", "-1", "--format=%gs %gn") == "commit: Render a take Ann Author")
        #expect(try FileStatus(path: "\(checkout.path)/\(Self.takeName)").permissions == 0o444)

        let clone = checkout.folder.path("clone")
        try await checkout.git("clone", "--quiet", checkout.path, clone)
        #expect(try FileHash(file: "\(clone)/\(Self.takeName)").digest == digest)
        #expect(
            try Data(contentsOf: URL(filePath: "\(clone)/03_Renders/SHOT-010/SHOT-010_v01_take01.json"))
                == Data(sidecar))
    }

    /// git-lfs keeps an empty file as an empty file; a pointer to nothing would fail its check.
    @Test func anEmptyFileIsKeptAsGitLFSKeepsIt() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        try repository.commit(["01_Assets/empty.mp4": checkout.take("01_Assets/empty.mp4", [], in: repository)])
        try await checkout.expectClean()
        #expect(try await checkout.git("cat-file", "-s", "HEAD:01_Assets/empty.mp4") == "0")
    }

    /// Git must not read a take again to find out that it is unchanged: that would be a gigabyte a `git status`.
    @Test func theIndexIsBelievedWithoutReadingTheTake() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        try repository.commit([Self.takeName: checkout.take(Self.takeName, .media(), in: repository)])
        // A clean filter that fails: whoever reads a large file notices.
        try await checkout.git("config", "filter.lfs.process", "false")
        try await checkout.git("config", "filter.lfs.clean", "false")
        #expect(try await checkout.git("status", "--porcelain") == "")
        #expect(try await checkout.git("diff-files") == "", "not even the stat data differ")
    }

    @Test func manyTakesShareACommit() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        var entries: [String: CommitRequest.Content] = [:]
        for number in 0..<20 {
            let name = "03_Renders/SHOT-\(number)/take.mp4"
            entries[name] = try checkout.take(name, .media(100), in: repository)
        }
        try repository.commit(entries)
        try await checkout.expectClean()
        #expect(try await checkout.git("lfs", "ls-files", "--name-only").split(separator: "\n").count == 20)
        #expect(try repository.log(limit: 10).count == 2)
    }

    @Test func committingTheSameAgainMakesNoCommit() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let content = try checkout.take(Self.takeName, .media(), in: repository)
        let first = try repository.commit([Self.takeName: content])
        #expect(try repository.commit([Self.takeName: content], message: "Again") == first)
        #expect(try repository.commit(["project.json": .workingFile], message: "Nothing") == first)
        try await checkout.expectClean()
    }

    @Test func whatAPersonCommittedAlreadyIsNotCommittedAgain() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let content = try checkout.take(Self.takeName, .media(), in: repository)
        try await checkout.git("add", ".")
        try await checkout.git("commit", "--quiet", "-m", "By hand")
        let tip = try repository.commit([Self.takeName: content])
        #expect(try await checkout.git("rev-parse", "HEAD") == tip.hex)
        #expect(try repository.log(limit: 1).first?.subject == "By hand")
        try await checkout.expectClean()
    }

    @Test func textIsReplacedAndFilesAreRemoved() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        try repository.commit(["project.json": .bytes(Array("{\"a\": 1}\n".utf8)), "a/b/c.json": .bytes([])])
        #expect(try checkout.text("project.json") == "{\"a\": 1}\n")
        try await checkout.expectClean()
        try FileManager.default.removeItem(atPath: "\(checkout.path)/a/b/c.json")
        try repository.commit([:], removing: ["a/b/c.json", "never/there.json"], message: "Remove")
        try await checkout.expectClean()
        #expect(try await checkout.git("ls-tree", "-r", "--name-only", "HEAD") == ".gitattributes\nproject.json")
    }

    @Test func aFileInPlaceIsCommittedAsItIs() async throws {
        let checkout = try Checkout()
        try checkout.write("one\n", to: "notes.txt")
        try checkout.open().commit(["notes.txt": .workingFile])
        try await checkout.expectClean()
        #expect(try await checkout.git("show", "HEAD:notes.txt") == "one")
    }

    @Test func headMayBeDetachedOrOnAnotherBranch() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let main = try repository.headCommit()
        try await checkout.git("switch", "--quiet", "-c", "side/branch")
        let side = try repository.commit(["a.json": .bytes([])])
        #expect(try await checkout.git("rev-parse", "side/branch") == side.hex)
        #expect(try repository.currentBranch() == "side/branch")
        try await checkout.git("checkout", "--quiet", "--detach")
        let detached = try repository.commit(["b.json": .bytes([])])
        #expect(try repository.currentBranch() == nil)
        #expect(
            try await checkout.git("rev-parse", "HEAD", "side/branch", "main")
                == "\(detached)\n\(side)\n\(main?.hex ?? "")")
        try await checkout.expectClean()
    }

    @Test func packedReferencesAndAPackedIndexAreUnderstood() async throws {
        let checkout = try Checkout()
        try await checkout.git("gc", "--quiet")
        try await checkout.git("pack-refs", "--all")
        try await checkout.git("update-index", "--index-version", "4")
        let commit = try checkout.open().commit(["a.json": .bytes([])])
        #expect(try await checkout.git("rev-parse", "main") == commit.hex)
        try await checkout.expectClean()
    }

    @Test(arguments: [
        ("text.json", "large"), ("film.mp4", "bytes"), ("missing.json", "working"), ("missing.mp4", "object"),
    ]) func wrongRequestsChangeNothing(name: String, kind: String) async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let before = try repository.headCommit()
        let content: CommitRequest.Content
        switch kind {
        case "large": content = try checkout.take(name, .media(), in: repository)
        case "bytes": content = .bytes([1])
        case "working": content = .workingFile
        default: content = .largeFile(FileHash(digest: SHA256.digest(of: [1]), size: 1))
        }
        let error = try #require(throws: GitError.self) { try repository.commit([name: content]) }
        #expect(["large": .invalid, "bytes": .invalid, "working": .notFound, "object": .corrupt][kind] == error.code)
        #expect(try repository.headCommit() == before)
        #expect(try await checkout.git("diff", "--cached", "--name-only") == "")
    }

    @Test(arguments: ["", " \n", "a\u{0}b"]) func aCommitNeedsAMessage(_ message: String) throws {
        let checkout = try Checkout()
        let error = #expect(throws: GitError.self) {
            try checkout.open().commit(["a.json": .bytes([])], message: message)
        }
        #expect(error?.code == .invalid)
    }

    @Test func anAuthorsNameIsCleanedAndAnAddressIsNeeded() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        var request = CommitRequest(
            entries: [try RelativePath("a.json"): .bytes([])],
            author: CommitRequest.Author(name: " Ann\n<3> Ü., ", email: "<ann@example.com>"),
            time: Date(timeIntervalSince1970: 0), message: "x")
        _ = try repository.commit(request)
        #expect(try await checkout.git("log", "-1", "--format=%an|%ae|%at") == "Ann3 Ü|ann@example.com|0")
        request.entries = [try RelativePath("b.json"): .bytes([])]
        request.author = CommitRequest.Author(name: "Ann", email: " ")
        #expect(throws: GitError.self) { try repository.commit(request) }
    }
}
