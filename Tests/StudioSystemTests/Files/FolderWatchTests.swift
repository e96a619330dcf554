import FoundationEssentials
import StudioSystem
import StudioTestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct FolderWatchTests {
    /// Reads changes until one is there.
    private func changes(of watch: FolderWatch, until wanted: FolderWatch.Change) throws -> [FolderWatch.Change] {
        var seen: [FolderWatch.Change] = []
        while !seen.contains(wanted) {
            guard let more = try watch.next() else { break }
            seen += more
        }
        return seen
    }

    @Test func whatIsMadeRenamedAndRemovedIsTold() throws {
        let folder = try TemporaryDirectory("watch")
        let watch = try FolderWatch()
        let token = try watch.watch(folder.path)
        #expect(try watch.watch(folder.path) == token, "a folder is watched once")
        func named(_ name: String, isFolder: Bool = false) -> FolderWatch.Change {
            .entry(token, name: name, isFolder: isFolder)
        }
        try folder.write(Array("x".utf8), to: "a.txt")
        #expect(try changes(of: watch, until: named("a.txt")).allSatisfy { $0 == named("a.txt") })
        try FileManager.default.moveItem(atPath: folder.path("a.txt"), toPath: folder.path("b.txt"))
        #expect(try changes(of: watch, until: named("b.txt")).contains(named("a.txt")))
        try FileManager.default.createDirectory(atPath: folder.path("c"), withIntermediateDirectories: false)
        _ = try changes(of: watch, until: named("c", isFolder: true))
        let inner = try watch.watch(folder.path("c"))
        try FileManager.default.moveItem(atPath: folder.path("c"), toPath: folder.path("d"))
        _ = try changes(of: watch, until: .moved(inner))
        try FileManager.default.removeItem(atPath: folder.path("d"))
        _ = try changes(of: watch, until: .ended(inner))
        try FileManager.default.removeItem(atPath: folder.path("b.txt"))
        _ = try changes(of: watch, until: named("b.txt"))
        watch.stop()
        #expect(try watch.next() == nil)
    }

    @Test func whatIsNoFolderCannotBeWatched() throws {
        let folder = try TemporaryDirectory("watch")
        try folder.write(Array("x".utf8), to: "a.txt")
        let watch = try FolderWatch()
        let error = #expect(throws: FileError.self) { try watch.watch(folder.path("none")) }
        #expect(error?.code == .notFound)
        #expect(throws: FileError.self) { try watch.watch(folder.path("a.txt")) }
    }
}
