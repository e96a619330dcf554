import FoundationEssentials
import StudioTestKit
import Testing

@testable import StudioSystem

@Suite struct RenameTests {
    private static func make() throws -> (folder: TemporaryDirectory, directory: SafeDirectory) {
        let folder = try TemporaryDirectory("rename")
        let directory = try SafeDirectory(folder.path)
        try directory.makeDirectories(RelativePath("in"))
        for name in ["a", "in/b"] { try name.write(toFile: folder.path(name), atomically: false, encoding: .utf8) }
        return (folder, directory)
    }

    private static func text(_ folder: TemporaryDirectory, _ name: String) -> String? {
        try? String(contentsOfFile: folder.path(name), encoding: .utf8)
    }

    @Test func twoFilesChangePlaces() throws {
        let (folder, directory) = try Self.make()
        try directory.exchange(RelativePath("a"), with: RelativePath("in/b"))
        #expect(Self.text(folder, "a") == "in/b" && Self.text(folder, "in/b") == "a")
        #expect {
            try directory.exchange(RelativePath("a"), with: RelativePath("c"))
        } throws: {
            ($0 as? FileError)?.code == .notFound
        }
        #expect(Self.text(folder, "a") == "in/b")
    }

    @Test func nothingIsReplaced() throws {
        let (folder, directory) = try Self.make()
        #expect {
            try directory.rename(RelativePath("a"), to: RelativePath("in/b"))
        } throws: {
            ($0 as? FileError)?.code == .alreadyExists
        }
        #expect(Self.text(folder, "a") == "a" && Self.text(folder, "in/b") == "in/b")
        try directory.rename(RelativePath("a"), to: RelativePath("in/c"))
        #expect(Self.text(folder, "a") == nil && Self.text(folder, "in/c") == "a")
    }

    @Test func aLinkLeadsNobodyOut() throws {
        let (folder, directory) = try Self.make()
        let outside = try TemporaryDirectory("outside")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("out"), withDestinationPath: outside.path)
        #expect(throws: PathError.self) { try directory.rename(RelativePath("a"), to: RelativePath("out/a")) }
        #expect(Self.text(folder, "a") == "a")
    }
}
