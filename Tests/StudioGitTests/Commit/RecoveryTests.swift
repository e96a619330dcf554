import FoundationEssentials
import Glibc
import StudioSystem
import StudioTestKit
import Testing

@testable import StudioGit

/// A process of ours is killed in the middle of a commit: the next one finishes it, and people's `git` works again.
@Suite struct RecoveryTests {
    private static let bound = LockPatience(bound: .milliseconds(50)) { _ in }

    /// A process takes the lock and dies.
    @Test func aLockAloneIsTakenOver() async throws {
        let checkout = try Checkout()
        let path = checkout.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let lock = try RepositoryLock(gitDirectory: "\(path)/.git/", patience: LockPatience())
            let isAdopted = lock.isAdopted
            #expect(!isAdopted)
            kill(getpid(), SIGKILL)
        }
        #expect(checkout.exists(".git/index.lock"))
        try checkout.open(Self.bound).commit(["a.json": .bytes([])])
        try await checkout.expectClean()
    }

    /// Killed after the index was replaced and before the branch moved, at the worst place: the branch's lock held.
    private func killWhileMovingTheBranch(_ checkout: Checkout) async throws {
        let path = checkout.path
        try checkout.folder.write("held".utf8, to: "film/.git/refs/heads/main.lock")
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let repository = try GitRepository(at: path, patience: LockPatience { _ in kill(getpid(), SIGKILL) })
            try repository.commit([
                "project.json": .bytes(Array("{\"v\": 2}\n".utf8)), "new.json": .bytes(Array("{}\n".utf8)),
            ])
        }
        #expect(checkout.exists(".git/index.lock") && checkout.exists(".git/studio-index.old"))
        #expect(try checkout.text("project.json") == "{\"v\": 2}\n")
    }

    @Test func aCommitIsFinishedByTheNext() async throws {
        let checkout = try Checkout()
        try await killWhileMovingTheBranch(checkout)
        unlink("\(checkout.path)/.git/refs/heads/main.lock")
        // The next request has other bytes for the same file, as a second attempt of a job may.
        try checkout.open(Self.bound).commit(["new.json": .bytes(Array("{\"w\": 3}\n".utf8))], message: "Second")
        try await checkout.expectClean()
        #expect(try await checkout.git("log", "-2", "--format=%s") == "Second\nRender a take")
        #expect(try await checkout.git("show", "HEAD:project.json", "HEAD:new.json") == "{\"v\": 2}\n{\"w\": 3}")
        #expect(try await checkout.git("rev-list", "--count", "HEAD") == "3")
    }

    @Test(arguments: ["whole", "empty"]) func theBranchsLockOfTheDeadIsRemoved(_ content: String) async throws {
        let checkout = try Checkout()
        try await killWhileMovingTheBranch(checkout)
        let lines = try checkout.text(".git/index.lock").split(separator: "\n")
        let record = try #require(lines.dropFirst().first?.split(separator: " ").first)
        try checkout.folder.write((content == "whole" ? "\(record)\n" : "").utf8, to: "film/.git/refs/heads/main.lock")
        #expect(try checkout.open(Self.bound).recover())
        try await checkout.expectClean()
        #expect(try await checkout.git("rev-parse", "HEAD") == record)
        #expect(!checkout.exists(".git/refs/heads/main.lock"))
    }

    @Test func theBranchsLockOfSomeoneElseStays() async throws {
        let checkout = try Checkout()
        try await killWhileMovingTheBranch(checkout)
        let error = #expect(throws: GitError.self) { try checkout.open(Self.bound).recover() }
        #expect(error?.code == .locked)
        #expect(try checkout.text(".git/refs/heads/main.lock") == "held")
    }

    @Test func whatAPersonChangedSinceIsLeftToThem() async throws {
        let checkout = try Checkout()
        try await killWhileMovingTheBranch(checkout)
        unlink("\(checkout.path)/.git/refs/heads/main.lock")
        try checkout.write("{\"mine\": 1}\n", to: "project.json")
        #expect(try checkout.open(Self.bound).recover())
        #expect(try checkout.text("project.json") == "{\"mine\": 1}\n")
        #expect(!checkout.exists(".git/index.lock"))
        try await checkout.git("fsck", "--strict")
    }

    /// Killed at no particular place, many times: afterwards everything that was begun is there or is not, and works.
    @Test func killedAnywhereNothingIsStuck() async throws {
        let checkout = try Checkout()
        let path = checkout.path
        for round in 0..<6 {
            let name = "03_Renders/\(round).mp4"
            try checkout.folder.write([UInt8].media(), to: "film/\(name)")
            await #expect(processExitsWith: .signal(SIGALRM)) {
                [path = path as String, name = name as String, round = round as Int] in
                let repository = try GitRepository(at: path)
                // What a commit takes is a few milliseconds: the signal comes somewhere in one.
                var alarm = itimerval()
                alarm.it_value.tv_usec = 3000 * (round + 1)
                setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &alarm, nil)
                let hash = try FileHash(file: "\(path)/\(name)")
                try repository.lfs.add(file: "\(path)/\(name)", content: hash)
                for number in 0... {
                    try repository.commit([name: .largeFile(hash), "\(round).json": .bytes(Array("\(number)\n".utf8))])
                }
            }
            let repository = try checkout.open()
            let hash = try FileHash(file: "\(path)/\(name)")
            try repository.lfs.add(file: "\(path)/\(name)", content: hash)
            try repository.commit([name: .largeFile(hash), "done\(round).json": .bytes([])])
            try await checkout.expectClean()
        }
    }
}
