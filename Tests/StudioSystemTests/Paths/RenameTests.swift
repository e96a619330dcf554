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
        let (new, place) = (try RelativePath("a"), try RelativePath("in/b"))
        #expect(try directory.exchange(new, with: place) { Self.text(folder, "a") == "in/b" })
        #expect(Self.text(folder, "a") == "in/b" && Self.text(folder, "in/b") == "a")
        #expect {
            _ = try directory.exchange(new, with: RelativePath("c")) { true }
        } throws: {
            ($0 as? FileError)?.code == .notFound
        }
        #expect(Self.text(folder, "a") == "in/b")
    }

    @Test func whatIsNotExpectedGoesBack() throws {
        let (folder, directory) = try Self.make()
        let (new, place) = (try RelativePath("a"), try RelativePath("in/b"))
        #expect(try !directory.exchange(new, with: place) { false })
        #expect(Self.text(folder, "a") == "a" && Self.text(folder, "in/b") == "in/b")
        #expect(throws: CancellationError.self) {
            _ = try directory.exchange(new, with: place) { throw CancellationError() }
        }
        #expect(Self.text(folder, "a") == "a" && Self.text(folder, "in/b") == "in/b")
        #expect(try !directory.take(place, to: RelativePath("taken")) { false })
        #expect(Self.text(folder, "taken") == nil && Self.text(folder, "in/b") == "in/b")
        #expect(try directory.take(place, to: RelativePath("taken")) { Self.text(folder, "taken") == "in/b" })
        #expect(Self.text(folder, "taken") == "in/b" && Self.text(folder, "in/b") == nil)
    }

    /// Saves a file as editors do: written beside, renamed into the place.
    private static func save(_ text: String, to name: String, in folder: TemporaryDirectory) throws {
        try text.write(toFile: folder.path(name), atomically: true, encoding: .utf8)
    }

    @Test func theLastSaveIsTheOneThatStays() throws {
        let (folder, directory) = try Self.make()
        let (new, place) = (try RelativePath("a"), try RelativePath("in/b"))
        // Between our check and the way back: the place holds the second save, whatever came out first.
        #expect(
            try !directory.exchange(new, with: place) {
                try Self.save("saved meanwhile", to: "in/b", in: folder)
                return false
            })
        #expect(Self.text(folder, "in/b") == "saved meanwhile")
        // Removed meanwhile: what came out is back, for nobody knew of it.
        try Self.save("new", to: "a", in: folder)
        #expect(
            try !directory.exchange(new, with: place) {
                try directory.remove(place)
                return false
            })
        #expect(Self.text(folder, "in/b") == "saved meanwhile")
        // Saved anew while it was taken out.
        #expect(
            try !directory.take(place, to: RelativePath("taken")) {
                try Self.save("anew", to: "in/b", in: folder)
                return false
            })
        #expect(Self.text(folder, "in/b") == "anew" && Self.text(folder, "taken") == nil)
    }

    @Test func aFileIsRemovedOnlyWithTheBytesItIsKnownBy() throws {
        let (folder, directory) = try Self.make()
        #expect(try !directory.remove(RelativePath("in/b"), holding: Array("other".utf8)))
        #expect(try !directory.remove(RelativePath("in/b"), holding: Array("in/".utf8)))
        #expect(Self.text(folder, "in/b") == "in/b")
        #expect(try directory.remove(RelativePath("in/b"), holding: Array("in/b".utf8)))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("in")).isEmpty)
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
