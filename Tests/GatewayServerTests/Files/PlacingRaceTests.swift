import FoundationEssentials
import Glibc
import NIOCore
import StudioCore
import StudioSystem
import StudioTestKit
import Testing

@testable import GatewayServer

/// What people save at the very moment an upload takes its place.
@Suite struct PlacingRaceTests {
    /// A folder with a file, and an upload that is ready to take its place.
    private struct Ground {
        static let target = "a.txt"

        let folder: TemporaryDirectory
        let directory: SafeDirectory
        let target: RelativePath
        let part: UploadPart

        init(_ old: String? = "old") throws {
            folder = try TemporaryDirectory("placing")
            directory = try SafeDirectory(folder.path)
            target = try RelativePath(Self.target)
            if let old { try folder.write(old.utf8, to: Self.target) }
            part = try UploadPart(key: "x", in: directory, fresh: true)
            try part.append(ByteBuffer(string: "new"))
            _ = try part.finish()
        }

        func seen() throws -> SeenFile { try SeenFile(target, in: directory, digests: FileDigests()) }

        var text: String? { try? String(contentsOfFile: folder.path(Self.target), encoding: .utf8) }

        /// As an editor does that writes into the file itself.
        func write(_ text: String) throws {
            try text.write(toFile: folder.path(Self.target), atomically: false, encoding: .utf8)
        }

        /// As an editor does that writes beside it and renames.
        func save(_ text: String) throws {
            try text.write(toFile: folder.path(Self.target), atomically: true, encoding: .utf8)
        }

        /// What is left of uploads: the names, with the upload's own as `part`.
        func uploads() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder.path(UploadPart.folder)).map { name in
                name == part.path.name ? "part" : String(name.drop { $0 != "." })
            }
        }
    }

    @Test(arguments: [true, false]) func `A file saved between the look and the exchange is put back`(
        inPlace: Bool
    ) throws {
        let ground = try Ground()
        let seen = try ground.seen()
        try inPlace ? ground.write("a person's") : ground.save("a person's")
        let error = #expect(throws: StudioError.self) { try ground.part.place(at: ground.target, replacing: seen) }
        #expect(error?.code == .conflict)
        #expect(ground.text == "a person's")
        #expect(try ground.uploads() == ["part"])
        #expect(throws: FileError.self) { try ground.part.place(at: ground.target, replacing: nil) }
        #expect(ground.text == "a person's")

        let placement = try ground.part.place(at: ground.target, replacing: ground.seen())
        #expect(ground.text == "new")
        try ground.part.undo(placement)
        #expect(ground.text == "a person's")
        ground.part.discard()
        #expect(try ground.uploads().isEmpty)
    }

    /// Two saves within one tick of the file system's clock have the same times and, here, the same length.
    @Test func `A save that the file's times do not show is seen by its bytes`() throws {
        let ground = try Ground()
        let seen = try ground.seen()
        let file = open(ground.folder.path(Ground.target), O_WRONLY)
        #expect(pwrite(file, "own", 3, 0) == 3)
        let status = seen.status
        let time = timespec(tv_sec: Int(status.modifiedSeconds), tv_nsec: Int(status.modifiedNanoseconds))
        #expect(futimens(file, [time, time]) == 0)
        close(file)
        #expect(throws: StudioError.self) { try ground.part.place(at: ground.target, replacing: seen) }
        #expect(ground.text == "own")
    }

    @Test func `A file removed between the look and the exchange is a conflict`() throws {
        let ground = try Ground()
        let seen = try ground.seen()
        try ground.directory.remove(ground.target)
        let error = #expect(throws: StudioError.self) { try ground.part.place(at: ground.target, replacing: seen) }
        #expect(error?.code == .conflict)
        #expect(ground.text == nil)
        #expect(try ground.uploads() == ["part"])
    }

    @Test(arguments: ["old", nil], [true, false]) func `What is saved over a placed file stays when that is undone`(
        old: String?, inPlace: Bool
    ) throws {
        let ground = try Ground(old)
        let placement = try ground.part.place(at: ground.target, replacing: old.map { _ in try ground.seen() })
        try inPlace ? ground.write("a person's") : ground.save("a person's")
        try ground.part.undo(placement)
        #expect(ground.text == "a person's")
        // Neither is removed with it afterwards.
        ground.part.discard()
        #expect(ground.text == "a person's")
    }

    @Test(arguments: ["old", nil]) func `An undone upload does not take the place of one begun anew`(
        old: String?
    ) throws {
        let ground = try Ground(old)
        let placement = try ground.part.place(at: ground.target, replacing: old.map { _ in try ground.seen() })
        let second = try UploadPart(key: "x", in: ground.directory, fresh: true)
        try second.append(ByteBuffer(string: "second"))
        try ground.part.undo(placement)
        #expect(ground.text == old)
        ground.part.discard()
        #expect(try ground.uploads() == ["part"] && second.isThere())
        #expect(try String(contentsOfFile: ground.folder.path(second.path.text), encoding: .utf8) == "second")
    }

    @Test func `What is written into a replaced file that somebody had open comes on top of the upload`() throws {
        let ground = try Ground()
        let editor = open(ground.folder.path(Ground.target), O_WRONLY)
        let placement = try ground.part.place(at: ground.target, replacing: ground.seen())
        #expect(ground.text == "new")
        #expect(pwrite(editor, "a person's", 10, 0) == 10)
        close(editor)
        ground.part.keep(placement)
        #expect(ground.text == "a person's")
        #expect(try ground.uploads().isEmpty)
    }

    @Test func `A replaced file that nobody touched is forgotten`() throws {
        let ground = try Ground()
        let placement = try ground.part.place(at: ground.target, replacing: ground.seen())
        ground.part.keep(placement)
        #expect(ground.text == "new")
        #expect(try ground.uploads().isEmpty)
    }
}
