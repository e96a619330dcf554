import FoundationEssentials
import Glibc
import StudioSystem
import StudioTestKit
import Testing

@Suite struct DurableFileTests {
    private func entries(_ folder: TemporaryDirectory) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    private func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    /// With and without a hidden name in between.
    @Test(arguments: [true, false]) func appearsWholeAndOnlyWhenPublished(unnamed: Bool) throws {
        let folder = try TemporaryDirectory("file")
        let path = folder.path("a.txt")
        var file = try DurableFile(FileDestination(path: path), permissions: 0o640, unnamed: unnamed)
        try file.write("half, ".utf8)
        #expect(!FileManager.default.fileExists(atPath: path))
        try file.write("whole".utf8)
        let status = try file.publish()
        #expect(status.size == 11 && status.permissions == 0o640)
        #expect(try text(path) == "half, whole")
        #expect(try entries(folder) == ["a.txt"])
    }

    @Test(arguments: [true, false]) func doesNotReplaceUnlessTold(unnamed: Bool) throws {
        let folder = try TemporaryDirectory("file")
        let path = try folder.write("old".utf8, to: "a.txt")
        var refused = try DurableFile(FileDestination(path: path), permissions: 0o644, unnamed: unnamed)
        try refused.write("new".utf8)
        do {
            try refused.publish()
            Issue.record("it was replaced")
        } catch { #expect(error.code == .alreadyExists) }
        #expect(try text(path) == "old")
        #expect(try entries(folder) == ["a.txt"])

        var replacing = try DurableFile(FileDestination(path: path), permissions: 0o644, unnamed: unnamed)
        try replacing.write("new".utf8)
        try replacing.publish(replacing: true)
        #expect(try text(path) == "new")
        #expect(try entries(folder) == ["a.txt"])
    }

    @Test(arguments: [true, false]) func leavesNothingWhenGivenUp(unnamed: Bool) throws {
        let folder = try TemporaryDirectory("file")
        do {
            var file = try DurableFile(FileDestination(path: folder.path("a")), permissions: 0o644, unnamed: unnamed)
            try file.write("x".utf8)
            #expect(try entries(folder).count == (unnamed ? 0 : 1))
        }
        #expect(try entries(folder).isEmpty)
    }

    @Test func aLinkInThePlaceIsReplacedNotFollowed() throws {
        let folder = try TemporaryDirectory("file")
        try folder.write("target".utf8, to: "target")
        try FileManager.default.createSymbolicLink(atPath: folder.path("a"), withDestinationPath: "target")
        let error = #expect(throws: FileError.self) {
            try DurableFile.write("new".utf8, to: FileDestination(path: folder.path("a")))
        }
        #expect(error?.code == .alreadyExists)
        try DurableFile.write("new".utf8, to: FileDestination(path: folder.path("a")), replacing: true)
        #expect(try text(folder.path("target")) == "target")
    }

    /// With and without a hidden name before, and on a file system that cannot exchange names.
    @Test(arguments: [true, false], [true, false])
    func replacesOnlyWhatItKnows(unnamed: Bool, exchanging: Bool) throws {
        let folder = try TemporaryDirectory("file")
        let path = try folder.write("old".utf8, to: "a.txt")
        func publish(inPlaceOf old: String) throws {
            var file = try DurableFile(FileDestination(path: path), permissions: 0o600, unnamed: unnamed)
            try file.write("new".utf8)
            try file.publish(inPlaceOf: Array(old.utf8), exchanging: exchanging)
        }
        for other in ["ol", "older", "own", ""] {
            let error = #expect(throws: FileError.self) { try publish(inPlaceOf: other) }
            #expect(error?.code == .changed && error?.message.contains("a.txt") == true)
            #expect(try text(path) == "old" && entries(folder) == ["a.txt"])
        }
        try publish(inPlaceOf: "old")
        #expect(try text(path) == "new" && entries(folder) == ["a.txt"])
        #expect(try FileStatus(path: path).permissions == 0o600)
        // A link that leads to the same bytes is another thing.
        try FileManager.default.moveItem(atPath: path, toPath: folder.path("b.txt"))
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "b.txt")
        #expect(throws: FileError.self) { try publish(inPlaceOf: "new") }
        #expect(try entries(folder) == ["a.txt", "b.txt"])
        try FileManager.default.removeItem(atPath: path)
        let gone = #expect(throws: FileError.self) { try publish(inPlaceOf: "new") }
        #expect(gone?.code == .changed)
        #expect(try entries(folder) == ["b.txt"])
    }

    @Test func writesInThePlaceOfNothingOrOfWhatItKnows() throws {
        let folder = try TemporaryDirectory("file")
        let path = folder.path("a")
        try DurableFile.write("one".utf8, to: FileDestination(path: path), inPlaceOf: nil)
        let taken = #expect(throws: FileError.self) {
            try DurableFile.write("two".utf8, to: FileDestination(path: path), inPlaceOf: nil)
        }
        #expect(taken?.code == .alreadyExists)
        try DurableFile.write("two".utf8, to: FileDestination(path: path), inPlaceOf: Array("one".utf8))
        #expect(try text(path) == "two" && entries(folder) == ["a"])
    }

    @Test func writesBelowASafeDirectory() throws {
        let folder = try TemporaryDirectory("file")
        let root = try SafeDirectory(folder.path)
        for name in ["top.txt", "a/b.txt"] {
            let path = try RelativePath(name)
            if let parent = path.parent { try root.makeDirectories(parent) }
            try DurableFile.write(name.utf8, to: FileDestination(in: root, at: path))
            #expect(try text(folder.path(name)) == name)
        }
        let missing = #expect(throws: FileError.self) { _ = try FileDestination(in: root, at: RelativePath("no/b")) }
        #expect(missing?.code == .notFound)
        #expect(throws: FileError.self) { _ = try FileDestination(path: "relative") }
        #expect(throws: FileError.self) { _ = try FileDestination(path: folder.path + "/") }
    }

    @Test func aFullDeviceIsStorageFull() throws {
        let device = OwnedDescriptor(owning: open("/dev/full", O_WRONLY | O_CLOEXEC))
        let error = try #require(throws: FileError.self) {
            try FileBytes.write([1, 2, 3], to: device.raw, path: "/media/take.mp4")
        }
        #expect(error.code == .storageFull)
        #expect(error.message == "writing take.mp4 failed: no storage space is left")
        #expect(error.detail.contains("/media/take.mp4") && error.detail.contains("No space left"))
    }

    @Test func aFileBeyondItsLimitIsStorageFullAndLeavesNothing() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryDirectory("limit")
            try ChildLimits(fileSizeBytes: 64 << 10).apply()
            let path = folder.path("a")
            let error = #expect(throws: FileError.self) {
                try DurableFile.write([UInt8](repeating: 7, count: 1 << 20), to: FileDestination(path: path))
            }
            #expect(error?.code == .storageFull)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        }
    }

    @Test func errnoBecomesACode() {
        let expected: [(Int32, FileError.Code)] = [
            (ENOENT, .notFound), (ENOTDIR, .notFound), (EEXIST, .alreadyExists), (ENOSPC, .storageFull),
            (EDQUOT, .storageFull), (EFBIG, .storageFull), (EACCES, .permissionDenied), (EROFS, .permissionDenied),
            (EIO, .ioFailed), (EMFILE, .ioFailed),
        ]
        for (number, code) in expected { #expect(FileError(errno: number, "reading", "/a").code == code) }
    }
}
