import FoundationEssentials
import Glibc
import StudioSystem
import StudioTestKit
import Testing

@Suite struct FilePlacementTests {
    private func place(
        _ source: String, _ destination: String, _ allowed: Set<FilePlacement>, permissions: UInt16? = nil
    ) throws -> FilePlacement {
        try FilePlacement.placeWithoutReplacing(
            open: OwnedDescriptor(owning: open(source, O_RDONLY | O_CLOEXEC)), source: source,
            destination: FileDestination(path: destination), permissions: permissions, allowed: allowed, check: {})
    }

    @Test func sharesWhereItCanAndSaysSo() throws {
        let folder = try TemporaryDirectory("place")
        let source = try folder.write([UInt8](repeating: 5, count: 100_000), to: "a.mp4")
        let placement = try FilePlacement.placeWithoutReplacing(
            source: source, destination: FileDestination(path: folder.path("b.mp4")), permissions: 0o444)
        let (first, second) = (try FileStatus(path: source), try FileStatus(path: folder.path("b.mp4")))
        #expect(second.permissions == 0o444 && second.size == 100_000)
        // One file system: never a copy. Which of the two it is depends on the file system.
        #expect(placement == (first.isSameFile(as: second) ? .hardLink : .reflink))
        #expect(try FileHash(file: source) == FileHash(file: folder.path("b.mp4")))
    }

    @Test func aHardLinkIsOneFile() throws {
        let folder = try TemporaryDirectory("place")
        let source = try folder.write("x".utf8, to: "a")
        #expect(try place(source, folder.path("b"), [.hardLink, .copy], permissions: 0o444) == .hardLink)
        let (first, second) = (try FileStatus(path: source), try FileStatus(path: folder.path("b")))
        #expect(first.isSameFile(as: second) && first.linkCount == 2 && first.permissions == 0o444)
    }

    @Test func aCopyIsAnotherFile() throws {
        let folder = try TemporaryDirectory("place")
        let bytes = SecureRandom.bytes(3 << 20)
        let source = try folder.write(bytes, to: "a")
        #expect(try place(source, folder.path("b"), [.copy]) == .copy)
        let (first, second) = (try FileStatus(path: source), try FileStatus(path: folder.path("b")))
        #expect(!first.isSameFile(as: second) && first.permissions == second.permissions)
        #expect(try Data(contentsOf: URL(filePath: folder.path("b"))) == Data(bytes))
    }

    /// What `/proc` shows can share neither blocks nor names with what a disk holds.
    @Test func betweenFileSystemsItIsCopied() throws {
        let folder = try TemporaryDirectory("place")
        // A file of another file system that every Linux has; it reads as empty to `copy_file_range`.
        let destination = folder.path("version")
        let placement = try FilePlacement.placeWithoutReplacing(
            source: "/proc/version", destination: FileDestination(path: destination), permissions: 0o600)
        #expect(placement == .copy)
        #expect(try Data(contentsOf: URL(filePath: destination)) == Data(contentsOf: URL(filePath: "/proc/version")))
    }

    @Test(arguments: [[.reflink, .hardLink, .copy], [.hardLink], [.copy]] as [Set<FilePlacement>])
    func nothingIsReplaced(_ allowed: Set<FilePlacement>) throws {
        let folder = try TemporaryDirectory("place")
        let source = try folder.write("new".utf8, to: "a")
        try folder.write("old".utf8, to: "b")
        let error = #expect(throws: FileError.self) { try place(source, folder.path("b"), allowed) }
        #expect(error?.code == .alreadyExists)
        #expect(try Data(contentsOf: URL(filePath: folder.path("b"))) == Data("old".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a", "b"])
    }

    @Test(arguments: [[.reflink, .hardLink, .copy], [.hardLink], [.copy]] as [Set<FilePlacement>])
    func onlyAFileThatHoldsWhatItShouldGivesWay(_ allowed: Set<FilePlacement>) throws {
        let folder = try TemporaryDirectory("place")
        let source = try folder.write("new".utf8, to: "a")
        func replace() throws {
            _ = try FilePlacement.placeWithoutReplacing(
                open: OwnedDescriptor(owning: open(source, O_RDONLY | O_CLOEXEC)), source: source,
                destination: FileDestination(path: folder.path("b")), permissions: 0o444, allowed: allowed,
                inPlaceOf: Array("old".utf8), check: {})
        }
        for other: String? in ["mine", nil] {
            if let other { try folder.write(other.utf8, to: "b") } else { unlink(folder.path("b")) }
            let error = #expect(throws: FileError.self) { try replace() }
            #expect(error?.code == .changed)
            let left = try? Data(contentsOf: URL(filePath: folder.path("b")))
            #expect(left == other.map { Data($0.utf8) })
        }
        try folder.write("old".utf8, to: "b")
        try replace()
        #expect(try Data(contentsOf: URL(filePath: folder.path("b"))) == Data("new".utf8))
        #expect(try FileStatus(path: folder.path("b")).permissions == 0o444)
        if allowed == [.hardLink] { #expect(try FileStatus(path: source).linkCount == 2) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a", "b"])
    }

    @Test func aCancelledCopyLeavesNothing() throws {
        struct Cancelled: Error {}
        let folder = try TemporaryDirectory("place")
        #expect(throws: Cancelled.self) {
            try FilePlacement.placeWithoutReplacing(
                source: "/proc/version", destination: FileDestination(path: folder.path("b"))
            ) { throw Cancelled() }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func linksAndFoldersAreNoSource() throws {
        let folder = try TemporaryDirectory("place")
        try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: "/etc/passwd")
        for source in [folder.path("link"), folder.path, folder.path("none")] {
            #expect(throws: FileError.self) {
                try FilePlacement.placeWithoutReplacing(
                    source: source, destination: FileDestination(path: folder.path("b")))
            }
        }
    }

    @Test func aFileIsHashedWhole() throws {
        let folder = try TemporaryDirectory("hash")
        let bytes = SecureRandom.bytes((2 << 20) + 17)
        let path = try folder.write(bytes, to: "a")
        var checks = 0
        let hash = try FileHash(file: path) { checks += 1 }
        #expect(hash == FileHash(digest: SHA256.digest(of: bytes), size: Int64(bytes.count)))
        #expect(checks >= 3)
        #expect(throws: CancellationError.self) { try FileHash(file: path) { throw CancellationError() } }
        #expect(throws: FileError.self) { try FileHash(file: folder.path) }
        #expect(try FileHash(file: folder.write([], to: "empty")).digest == SHA256.digest(of: []))
    }
}
