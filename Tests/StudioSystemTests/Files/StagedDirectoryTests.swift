import FoundationEssentials
import StudioSystem
import StudioTestKit
import Testing

@Suite struct StagedDirectoryTests {
    private func entries(_ folder: TemporaryDirectory) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    private func fill(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path + "/a/b", withIntermediateDirectories: true)
        try DurableFile.write("x".utf8, to: FileDestination(path: path + "/a/b/c.txt"))
        try FileManager.default.createSymbolicLink(atPath: path + "/link", withDestinationPath: "nowhere")
    }

    @Test func appearsWhole() throws {
        let folder = try TemporaryDirectory("stage")
        let staged = try StagedDirectory(final: folder.path("film"))
        try fill(staged.path)
        #expect(try entries(folder).allSatisfy { $0.hasPrefix(".studio-") })
        try staged.publish()
        #expect(try entries(folder) == ["film"])
        #expect(try FileStatus(path: folder.path("film/a/b/c.txt")).size == 1)
    }

    @Test func replacesNothing() throws {
        let folder = try TemporaryDirectory("stage")
        let staged = try StagedDirectory(final: folder.path("film"))
        try fill(staged.path)
        try folder.write("mine".utf8, to: "film/mine.txt")
        do {
            try staged.publish()
            Issue.record("it was replaced")
        } catch { #expect(error.code == .alreadyExists) }
        #expect(try entries(folder) == ["film"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("film")) == ["mine.txt"])
        do {
            _ = try StagedDirectory(final: folder.path("film"))
            Issue.record("it began")
        } catch { #expect(error.code == .alreadyExists) }
    }

    @Test func leavesNothingWhenGivenUp() throws {
        let folder = try TemporaryDirectory("stage")
        do {
            let staged = try StagedDirectory(final: folder.path("film"))
            try fill(staged.path)
        }
        #expect(try entries(folder).isEmpty)
    }

    @Test func leftoversOfKilledProcessesAreRemoved() throws {
        let folder = try TemporaryDirectory("stage")
        try folder.write("x".utf8, to: ".studio-0123456789abcdef.staged/a/b")
        try folder.write("x".utf8, to: "film/a")
        #expect(try StagedDirectory.removeLeftovers(in: folder.path).isEmpty, "it may be in use")
        let later = Date().addingTimeInterval(3700)
        #expect(
            try StagedDirectory.removeLeftovers(in: folder.path, now: later) == [".studio-0123456789abcdef.staged"])
        #expect(try entries(folder) == ["film"])
        #expect(throws: FileError.self) { try StagedDirectory.removeLeftovers(in: folder.path("none")) }
    }
}
