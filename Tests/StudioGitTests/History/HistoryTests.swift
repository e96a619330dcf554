import FoundationEssentials
import Glibc
import StudioGit
import StudioSystem
import StudioTestKit
import Testing

@Suite struct HistoryTests {
    @Test func aNewRepositoryHasNoCommit() throws {
        let folder = try TemporaryDirectory("git")
        let repository = try GitRepository.initialise(at: folder.path)
        #expect(try repository.headCommit() == nil)
        #expect(try repository.currentBranch() == "main")
        #expect(try repository.log(limit: 5).isEmpty)
        #expect(try repository.status().isEmpty)
        let first = try repository.commit(["a.json": .bytes([])], message: "First\n\nMore words")
        let entry = try #require(try repository.log(limit: 5).first)
        #expect(entry.id == first && entry.subject == "First" && entry.message == "First\n\nMore words\n")
        #expect(entry.authorName == "Ann Author" && entry.authorEmail == "ann@example.com")
        #expect(entry.time == Date(timeIntervalSince1970: 1_700_000_000))
        // To initialise again harms nothing.
        #expect(try GitRepository.initialise(at: folder.path).headCommit() == first)
    }

    @Test func theLogIsNewestFirstAndLimited() throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        for number in 1...4 { try repository.commit(["a.json": .bytes([UInt8(number)])], message: "\(number)") }
        #expect(try repository.log(limit: 3).map(\.subject) == ["4", "3", "2"])
        #expect(try repository.log(limit: 100).count == 5)
        #expect(throws: GitError.self) { try repository.log(limit: 0) }
    }

    @Test func aFileIsReadFromAnyCommit() throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let (first, path) = (try #require(try repository.headCommit()), try RelativePath("project.json"))
        let second = try repository.commit(["project.json": .bytes(Array("two".utf8))])
        #expect(try repository.blob(path, at: first) == Array("{}\n".utf8))
        #expect(try repository.blob(path, at: second) == Array("two".utf8))
        #expect(try repository.blob(RelativePath("none.json"), at: second) == nil)
        let unknown = try #require(CommitID(hex: String(repeating: "1", count: 40)))
        #expect(throws: GitError.self) { try repository.blob(path, at: unknown) }
        #expect(throws: GitError.self) { try repository.blob(path, at: second, atMost: 2) }
        #expect(CommitID(hex: "HEAD") == nil)
    }

    @Test func theStatusIsWhatGitSays() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        try repository.commit(["a.mp4": checkout.take("a.mp4", .media(), in: repository), "b.json": .bytes([])])
        try checkout.write("x", to: "new/untracked.txt")
        try checkout.write("{}\n\n", to: "project.json")
        try FileManager.default.removeItem(atPath: "\(checkout.path)/b.json")
        try checkout.write("s", to: "staged.txt")
        try await checkout.git("add", "staged.txt")
        #expect(
            Set(
                try repository.status().map {
                    "\($0.path) \($0.staged?.rawValue ?? "-") \($0.unstaged?.rawValue ?? "-")"
                })
                == [
                    "b.json - deleted", "new/untracked.txt - added", "project.json - modified", "staged.txt added -",
                ])
    }

    @Test func aTouchedLargeFileIsComparedByItsBytes() throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let bytes = [UInt8].media()
        try repository.commit(["a.mp4": checkout.take("a.mp4", bytes, in: repository)])
        #expect(utimensat(AT_FDCWD, "\(checkout.path)/a.mp4", nil, 0) == 0)
        #expect(try repository.status().isEmpty)
        try FileManager.default.removeItem(atPath: "\(checkout.path)/a.mp4")
        try checkout.folder.write(bytes.reversed(), to: "film/a.mp4")
        #expect(try repository.status().map(\.path) == ["a.mp4"])
    }

    @Test func whatIsNoRepositoryIsNamed() throws {
        let folder = try TemporaryDirectory("git")
        for path in [folder.path, folder.path("none")] {
            let error = #expect(throws: GitError.self) { _ = try GitRepository(at: path) }
            #expect(error?.code == .notARepository)
        }
        // Nor is a folder in a repository one.
        let checkout = try Checkout()
        try checkout.write("x", to: "below/x.txt")
        #expect(throws: GitError.self) { _ = try GitRepository(at: "\(checkout.path)/below") }
    }

    @Test func aDamagedRepositoryIsAnErrorNotACrash() throws {
        let checkout = try Checkout()
        try checkout.write("garbage", to: ".git/index")
        #expect(throws: GitError.self) { try checkout.open().commit(["a.json": .bytes([])]) }
        #expect(throws: GitError.self) { try checkout.open().status() }
        try checkout.write("garbage", to: ".git/HEAD")
        #expect(throws: GitError.self) { try checkout.open().headCommit() }
        #expect(!checkout.exists("a.json") && !checkout.exists(".git/index.lock"))
    }

    @Test func aFullDiskIsSaidAndLeavesNothing() async throws {
        let checkout = try Checkout()
        let path = checkout.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            let repository = try GitRepository(at: path)
            try ChildLimits(fileSizeBytes: 64 << 10).apply()
            let error = #expect(throws: GitError.self) {
                try repository.commit(["a.json": .bytes(.media(1 << 20)), "project.json": .bytes([1])])
            }
            #expect(error?.code == .storageFull, "\(error?.detail ?? "")")
        }
        try await checkout.expectClean()
    }
}
