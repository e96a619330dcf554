import FoundationEssentials
import StudioGit
import StudioSystem
import StudioTestKit
import Testing

/// The history of one file among those of many, held against what `git log` says of it.
@Suite struct FileHistoryTests {
    private static func told(_ versions: [FileVersion]) -> [String] {
        versions.map { "\($0.commit.id.hex) \($0.commit.subject)" }
    }

    private static func log(_ checkout: Checkout, _ path: String) async throws -> [String] {
        try await checkout.git("log", "--format=%H %s", "--", path).split(separator: "\n").map(String.init)
    }

    @Test func `Only commits of the file are told, its removal among them, and pages fit together`() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let path = try RelativePath("a/b.json")
        for number in 0..<4 {
            try repository.commit(["a/b.json": .bytes(Array("\(number)".utf8))], message: "B\(number)")
            try repository.commit(["a/c.json": .bytes(Array("\(number)".utf8))], message: "C\(number)")
        }
        try FileManager.default.removeItem(atPath: "\(checkout.path)/a/b.json")
        try repository.commit([:], removing: ["a/b.json"], message: "Remove")
        try repository.commit(["a/b.json": .bytes(Array("again".utf8))], message: "Again")
        let versions = try repository.versions(of: path, limit: 100)
        #expect(versions.map(\.commit.subject) == ["Again", "Remove", "B3", "B2", "B1", "B0"])
        #expect(try await Self.told(versions) == Self.log(checkout, "a/b.json"))
        #expect(versions[1].blob == nil)
        #expect(try versions[0].blob == GitRepository.blobName(of: Array("again".utf8)))
        let tip = try #require(try repository.headCommit())
        let none = try #require(CommitID(hex: String(repeating: "0", count: 40)))
        #expect(try repository.hasCommit(tip) && !repository.hasCommit(none))
        try repository.commit(["a/b.json": .bytes(Array("later".utf8))], message: "Later")
        let pages = try stride(from: 0, to: 8, by: 2).flatMap {
            try repository.versions(of: path, from: tip, skipping: $0, limit: 2)
        }
        #expect(pages == versions)
        #expect(try repository.versions(of: RelativePath("none.json"), limit: 5).isEmpty)
    }

    @Test func `A person's branches are followed as Git follows them`() async throws {
        let checkout = try Checkout()
        func save(_ name: String, _ text: String, _ message: String) async throws {
            try checkout.write(text, to: name)
            try await checkout.git("add", name)
            try await checkout.git("commit", "-qm", message)
        }
        try await save("f/x.json", "1", "X1")
        try await save("f/y.json", "1", "Y1")
        try await checkout.git("checkout", "-qb", "side")
        try await save("f/x.json", "2", "X2 on the side")
        try await checkout.git("checkout", "-q", "main")
        try await save("f/y.json", "2", "Y2 on main")
        try await save("f/z.json", "1", "Z1 on main")
        try await checkout.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
        try await save("f/z.json", "2", "Z2")
        let repository = try checkout.open()
        for name in ["x", "y", "z"] {
            let versions = try repository.versions(of: RelativePath("f/\(name).json"), limit: 10)
            #expect(try await Self.told(versions) == Self.log(checkout, "f/\(name).json"))
        }
        let last = try repository.lastChanges(
            of: ["x.json", "y.json", "z.json", "none.json"], in: RelativePath("f"))
        #expect(
            last.mapValues(\.commit.subject)
                == ["x.json": "X2 on the side", "y.json": "Y2 on main", "z.json": "Z2"])
    }

    @Test func `What was kept without a commit is found by its name, and git finds nothing wrong`() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let bytes = Array("never committed\n".utf8)
        let name = try GitRepository.blobName(of: bytes)
        #expect(try repository.bytes(named: name) == nil && repository.bytes(named: "nonsense") == nil)
        try repository.keep(bytes)
        #expect(try repository.bytes(named: name) == bytes)
        #expect(throws: GitError.self) { try repository.bytes(named: name, atMost: 3) }
        try checkout.write("never committed\n", to: "x.txt")
        #expect(try await checkout.git("hash-object", "x.txt") == name)
        try FileManager.default.removeItem(atPath: "\(checkout.path)/x.txt")
        try await checkout.expectClean()
    }

    @Test func `A rule of this checkout alone hides files from git status and is written once`() async throws {
        let checkout = try Checkout()
        let repository = try checkout.open()
        let path = try RelativePath("saves/a.json")
        try checkout.write("{}", to: "saves/a.json")
        #expect(try !repository.isIgnored(path))
        let before = (try? checkout.text(".git/info/exclude")) ?? ""
        for _ in 0..<2 { try repository.exclude("/saves/*.json") }
        #expect(try checkout.text(".git/info/exclude") == before + "/saves/*.json\n")
        #expect(try checkout.open().isIgnored(path))
        try await checkout.expectClean()
        try FileManager.default.removeItem(atPath: "\(checkout.path)/.git/info")
        try repository.exclude("/saves/*.json")
        #expect(try checkout.text(".git/info/exclude") == "/saves/*.json\n")
        try checkout.write("{}", to: "saves/b.txt")
        #expect(try await checkout.git("status", "--porcelain", "-uall") == "?? saves/b.txt")
    }
}
