import FoundationEssentials
import Glibc
import StudioGit
import StudioSystem
import StudioTestKit
import Testing

/// People work in the same checkout with their own `git`: nothing of theirs is lost, overwritten or swept in.
@Suite struct PeoplesWorkTests {
    @Test func whatIsStagedAndChangedStaysAsItIs() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        for name in ["kept.json", "gone.json", "moved.json"] { try checkout.write("\(name)\n", to: name) }
        try checkout.write("one\n", to: "script.txt")
        try await checkout.git("add", ".")
        try await checkout.git("commit", "--quiet", "-m", "Start")

        try checkout.write("staged\n", to: "new.txt")
        try checkout.write("staged\n", to: "script.txt")
        try await checkout.git("add", "new.txt", "script.txt")
        try checkout.write("changed after staging\n", to: "script.txt")
        try checkout.write("changed\n", to: "kept.json")
        try await checkout.git("rm", "--quiet", "gone.json")
        try await checkout.git("mv", "moved.json", "renamed.json")
        try checkout.write("intended\n", to: "intended.txt")
        try await checkout.git("add", "--intent-to-add", "intended.txt")
        try checkout.write("loose\n", to: "untracked.txt")
        let (status, staged) = (
            try await checkout.git("status", "--porcelain"), try await checkout.git("diff", "--cached")
        )
        let unstaged = try await checkout.git("diff")

        let name = CommitTests.takeName
        let commit = try repository.commit([
            name: checkout.take(name, .media(), in: repository), "note.json": .bytes(Array("{}\n".utf8)),
        ])
        #expect(try await checkout.git("show", "--format=", "--name-status", commit.hex) == "A\t\(name)\nA\tnote.json")
        #expect(try await checkout.git("status", "--porcelain") == status)
        #expect(try await checkout.git("diff", "--cached") == staged)
        #expect(try await checkout.git("diff") == unstaged)
        #expect(try checkout.text("script.txt") == "changed after staging\n")
        // And the person's own commit afterwards takes theirs and leaves ours.
        try await checkout.git("commit", "--quiet", "-m", "Theirs")
        #expect(
            try await checkout.git("show", "--format=", "--name-status", "--no-renames", "HEAD")
                == "D\tgone.json\nD\tmoved.json\nA\tnew.txt\nA\trenamed.json\nM\tscript.txt")
        try await checkout.git("fsck", "--strict")
        try await checkout.git("lfs", "fsck")
    }

    /// Git finds such a change only because the index is as young as the file; a newer index must not end that doubt.
    @Test func aChangeWithinTheSecondOfStagingIsNotHidden() async throws {
        let checkout = try Checkout()
        // Leaves size and modification second as the only signs, as on a file system with coarse times.
        try await checkout.git("config", "core.trustctime", "false")
        try checkout.write("aaaa\n", to: "script.txt")
        try setTime("\(checkout.path)/script.txt", 1_600_000_000)
        try await checkout.git("add", "script.txt")
        try setTime("\(checkout.path)/.git/index", 1_600_000_000)
        let file = open("\(checkout.path)/script.txt", O_WRONLY)
        #expect(pwrite(file, "bbbb\n", 5, 0) == 5)
        close(file)
        try setTime("\(checkout.path)/script.txt", 1_600_000_000)
        try #require(try await checkout.git("--no-optional-locks", "status", "--porcelain") == "AM script.txt")

        try checkout.open().commit(["a.json": .bytes([])])
        #expect(try await checkout.git("status", "--porcelain") == "AM script.txt")
    }

    private func setTime(_ path: String, _ seconds: Int) throws {
        var times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
        try #require(utimensat(AT_FDCWD, path, &times, 0) == 0)
    }

    @Test func anUncommittedChangeOfTheSameFileIsNotOverwritten() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let before = try repository.headCommit()
        try checkout.write("{\"mine\": true}\n", to: "project.json")
        let error = try #require(throws: GitError.self) {
            try repository.commit(["project.json": .bytes(Array("{\"yours\": 1}\n".utf8)), "b.json": .bytes([])])
        }
        #expect(error.code == .conflict && error.message.contains("project.json"))
        #expect(try checkout.text("project.json") == "{\"mine\": true}\n")
        #expect(!checkout.exists("b.json"))
        // The same once it is staged, and when it is staged and the file looks untouched again.
        try await checkout.git("add", "project.json")
        #expect(throws: GitError.self) { try repository.commit(["project.json": .bytes([1])]) }
        try checkout.write("{}\n", to: "project.json")
        #expect(throws: GitError.self) { try repository.commit(["project.json": .bytes([1])]) }
        #expect(try await checkout.git("show", ":project.json") == "{\"mine\": true}")
        #expect(try repository.headCommit() == before)
        #expect(throws: GitError.self) { try repository.commit([:], removing: ["project.json"]) }
    }

    @Test func anUntrackedFileInTheWayIsNotOverwritten() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        try checkout.write("mine\n", to: "a.json")
        #expect(throws: GitError.self) { try repository.commit(["a.json": .bytes([1])]) }
        #expect(try checkout.text("a.json") == "mine\n")
        #expect(throws: GitError.self) { try repository.commit(["a.json/b.json": .bytes([1])]) }
        try await checkout.git("add", "a.json")
        #expect(throws: GitError.self) { try repository.commit(["a.json/b.json": .bytes([1])]) }
        #expect(throws: GitError.self) { try repository.commit(["project.json/b.json": .bytes([1])]) }
        #expect(try await checkout.git("show", ":a.json") == "mine")
        try checkout.write("deep\n", to: "deep/er/file.txt")
        #expect(throws: GitError.self) { try repository.commit(["deep": .bytes([1])]) }
        try await checkout.git("add", "deep")
        #expect(throws: GitError.self) { try repository.commit(["deep": .bytes([1])]) }
        #expect(try await checkout.git("status", "--porcelain") == "A  a.json\nA  deep/er/file.txt")
    }

    @Test(arguments: ["../outside", "/etc"]) func aLinkOutOfTheCheckoutIsNotFollowed(_ target: String) async throws {
        let checkout = try Checkout()
        try checkout.folder.write("x".utf8, to: "outside/x.json")
        try FileManager.default.createSymbolicLink(atPath: "\(checkout.path)/out", withDestinationPath: target)
        let error = #expect(throws: GitError.self) { try checkout.open().commit(["out/y.json": .bytes([1])]) }
        #expect(error?.code == .invalid)
        #expect(throws: GitError.self) { try checkout.open().commit(["out/x.json": .workingFile]) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: checkout.folder.path("outside")) == ["x.json"])
        #expect(try await checkout.git("status", "--porcelain") == "?? out")
    }

    @Test(arguments: ["merge", "rebase", "cherry-pick", "revert"])
    func nothingIsCommittedDuringAPersonsOperation(_ operation: String) async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        try repository.commit(["a.json": .bytes(Array("base\n".utf8))])
        try await checkout.git("switch", "--quiet", "-c", "side")
        try repository.commit(["a.json": .bytes(Array("side\n".utf8))])
        try await checkout.git("switch", "--quiet", "main")
        try repository.commit(["a.json": .bytes(Array("main\n".utf8))])
        let arguments = operation == "revert" ? ["revert", "--no-commit", "HEAD~1"] : [operation, "side"]
        _ = try await checkout.run(arguments)
        let (head, status) = (try repository.headCommit(), try await checkout.git("status", "--porcelain"))

        let name = CommitTests.takeName
        let content = try checkout.take(name, .media(), in: repository)
        let error = try #require(throws: GitError.self) { try repository.commit([name: content]) }
        #expect(error.code == .busy && error.isRetryable && error.message.contains(operation))
        #expect(try repository.headCommit() == head)
        #expect(try await checkout.git("status", "--porcelain", "--untracked-files=no") == status)
        // Once it is over, the same call works and loses nothing.
        try await checkout.git(operation, "--abort")
        try repository.commit([name: content])
        try await checkout.expectClean()
    }
}
