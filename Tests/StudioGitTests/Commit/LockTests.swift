import Dispatch
import Glibc
import StudioSystem
import StudioTestKit
import Synchronization
import Testing

@testable import StudioGit

@Suite struct LockTests {
    @Test func aLockHeldByGitIsWaitedFor() async throws {
        let checkout = try Checkout()
        let lock = "\(checkout.path)/.git/index.lock"
        try checkout.folder.write([], to: "film/.git/index.lock")
        let pauses = Mutex(0)
        let patience = LockPatience { _ in
            // The holder lets go while we wait for the third time.
            if pauses.withLock({ count in
                count += 1; return count
            }) == 3 {
                unlink(lock)
            }
        }
        try checkout.open(patience).commit(["a.json": .bytes([])])
        #expect(pauses.withLock { $0 } == 3)
        try await checkout.expectClean()
    }

    @Test func theWaitIsBoundedAndChangesNothing() async throws {
        let checkout = try Checkout()
        try checkout.folder.write([], to: "film/.git/index.lock")
        let waited = Mutex(Duration.zero)
        let patience = LockPatience(bound: .seconds(10)) { pause in waited.withLock { $0 += pause } }
        let repository = try checkout.open(patience)
        let before = try repository.headCommit()
        let error = try #require(throws: GitError.self) { try repository.commit(["a.json": .bytes([])]) }
        #expect(error.code == .locked && error.isRetryable)
        #expect((Duration.seconds(10)...Duration.seconds(11)).contains(waited.withLock { $0 }))
        #expect(try repository.headCommit() == before)
        #expect(!checkout.exists("a.json") && checkout.exists(".git/index.lock"))
    }

    @Test func aLockedBranchIsWaitedForAndGivenUpWithoutATrace() async throws {
        let checkout = try Checkout()
        try checkout.folder.write("someone".utf8, to: "film/.git/refs/heads/main.lock")
        let index = try FileHash(file: "\(checkout.path)/.git/index")
        let patient = try checkout.open(LockPatience(bound: .milliseconds(20)) { _ in })
        let error = try #require(throws: GitError.self) {
            try patient.commit(["a.json": .bytes([]), "project.json": .bytes([7])])
        }
        #expect(error.code == .locked)
        #expect(!checkout.exists("a.json"))
        #expect(try checkout.text("project.json") == "{}\n")
        #expect(try FileHash(file: "\(checkout.path)/.git/index") == index)
        unlink("\(checkout.path)/.git/refs/heads/main.lock")
        try await checkout.expectClean()
        let lock = "\(checkout.path)/.git/refs/heads/main.lock"
        try checkout.folder.write("someone".utf8, to: "film/.git/refs/heads/main.lock")
        try checkout.open(LockPatience { _ in unlink(lock) }).commit(["a.json": .bytes([])])
        try await checkout.expectClean()
    }

    /// The branch moves between our reading it and our moving it: our commit goes on top.
    @Test func aMovedBranchIsBuiltUpon() async throws {
        let checkout = try Checkout()
        let tip = try #require(try checkout.open().headCommit())
        let tree = try await checkout.git("rev-parse", "HEAD^{tree}")
        let theirs = try await checkout.git("commit-tree", tree, "-p", tip.hex, "-m", "Theirs")
        let (lock, branch) = ("\(checkout.path)/.git/refs/heads/main.lock", "\(checkout.path)/.git/refs/heads/main")
        try checkout.folder.write("someone".utf8, to: "film/.git/refs/heads/main.lock")
        let moving = LockPatience { _ in
            let file = open(branch, O_WRONLY | O_TRUNC)
            _ = write(file, theirs + "\n", theirs.utf8.count + 1)
            close(file)
            unlink(lock)
        }
        let commit = try checkout.open(moving).commit(["a.json": .bytes([])])
        #expect(try await checkout.git("rev-parse", "HEAD", "HEAD~1", "HEAD~2") == "\(commit)\n\(theirs)\n\(tip)")
        try await checkout.expectClean()
    }

    @Test func aLivingHolderOfOursIsWaitedFor() throws {
        let checkout = try Checkout()
        let directory = "\(checkout.path)/.git/"
        do {
            let held = try RepositoryLock(gitDirectory: directory, patience: LockPatience())
            let isAdopted = held.isAdopted
            #expect(!isAdopted)
            let error = #expect(throws: GitError.self) {
                _ = try RepositoryLock(
                    gitDirectory: directory, patience: LockPatience(bound: .milliseconds(1)) { _ in })
            }
            #expect(error?.code == .locked)
            #expect(throws: GitError.self) { try checkout.open(LockPatience(bound: .zero) { _ in }).recover() }
        }
        #expect(!checkout.exists(".git/index.lock"))
        #expect(try !checkout.open().recover())
    }

    @Test func concurrentCommitsAllLand() async throws {
        let checkout = try Checkout()
        let path = checkout.path
        // Four threads of ours, two processes of ours and a person, each on its own files.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    try await withCheckedThrowingContinuation { continuation in
                        DispatchQueue(label: "thread \(thread)").async {
                            continuation.resume(
                                with: Result {
                                    let repository = try GitRepository(
                                        at: path, patience: LockPatience(bound: .seconds(60)))
                                    for number in 0..<6 {
                                        try repository.commit(["t\(thread)/\(number).json": .bytes([UInt8(number)])])
                                    }
                                })
                        }
                    }
                }
            }
            for process in 0..<2 {
                group.addTask {
                    await #expect(processExitsWith: .success) { [path = path as String, process = process as Int] in
                        let repository = try GitRepository(at: path, patience: LockPatience(bound: .seconds(60)))
                        for number in 0..<6 {
                            try repository.commit(["p\(process)/\(number).json": .bytes([UInt8(number)])])
                        }
                    }
                }
            }
            group.addTask {
                for number in 0..<6 {
                    try checkout.write("\(number)\n", to: "person/\(number).txt")
                    // A person's Git does not wait for locks: it says so, and the person tries again.
                    for step in [["add", "person/\(number).txt"], ["commit", "--quiet", "-m", "Person"]] {
                        try await eventually("git \(step)") {
                            try await checkout.run(step).exit == .code(0)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await checkout.git("rev-list", "--count", "HEAD") == "43")
        #expect(try await checkout.git("ls-tree", "-r", "--name-only", "HEAD").split(separator: "\n").count == 44)
        try await checkout.expectClean()
    }
}
