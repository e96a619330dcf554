import FoundationEssentials
import StudioCore
import StudioGit
import StudioSystem
import StudioTestKit
import Testing

/// Large files that the workspace lacks, put back from a storage.
@Suite(.timeLimit(.minutes(10))) struct ProjectObjectsTests {
    private static let home = ObjectHome(tenant: "studio", project: "film")

    /// A checkout in which a committed large file is there as a pointer, and its object beside it.
    private struct Lacking {
        let checkout: Checkout
        let file: RelativePath
        let bytes: [UInt8]
        let content: FileHash
        var pointer: String { LFSPointer(content).text }

        init(_ name: String, _ count: Int = 50_000) throws {
            checkout = try Checkout()
            file = try RelativePath(name)
            bytes = .media(count)
            let repository = try checkout.open()
            try repository.commit([name: checkout.take(name, bytes, in: repository)])
            content = try FileHash(file: "\(checkout.path)/\(name)")
            try FileManager.default.removeItem(atPath: "\(checkout.path)/\(name)")
            try checkout.write(LFSPointer(content).text, to: name)
        }

        var object: String { get throws { try checkout.open().lfs.path(of: content.digest) } }

        func leftovers() throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: checkout.path).filter { $0.hasSuffix(".partial") }
        }
    }

    @Test(arguments: ["01_Assets/a.mp4", "03_Renders/Takes/a.mp4"])
    func aPointerGivesWayToItsBytes(name: String) async throws {
        let lacking = try Lacking(name)
        let objects = ProjectObjects(storage: ScriptedStorage())
        let folder = lacking.checkout.path
        #expect(try await objects.restore(lacking.file, missing: false, of: Self.home, in: folder))
        let (restored, object) = (try FileStatus(path: "\(folder)/\(name)"), try FileStatus(path: lacking.object))
        #expect(try FileHash(file: "\(folder)/\(name)") == lacking.content)
        let isTake = name.hasPrefix("03")
        #expect(restored.permissions == (isTake ? 0o444 : 0o644))
        #expect(isTake || !restored.isSameFile(as: object), "people may change it in place")
        #expect(try await !objects.restore(lacking.file, missing: false, of: Self.home, in: folder))
        #expect(try lacking.leftovers() == [])
    }

    @Test func aPointerStaysWhereThereIsNoRoomForItsBytes() async throws {
        let lacking = try Lacking("01_Assets/a.mp4", 1 << 20)
        let objects = ProjectObjects(storage: ScriptedStorage())
        let folder = lacking.checkout.path
        try await SmallFileSystem.mounted(on: folder, bytes: 16 << 20) { disk in
            try disk.fill(leaving: 512 << 10)
            let error = await #expect(throws: StorageError.self) {
                try await objects.restore(lacking.file, missing: false, of: Self.home, in: folder)
            }
            #expect(error?.code == .storageFull)
            #expect(try lacking.checkout.text(lacking.file.text) == lacking.pointer)
            disk.makeRoom()
            #expect(try await objects.restore(lacking.file, missing: false, of: Self.home, in: folder))
            #expect(try FileHash(file: "\(folder)/\(lacking.file.text)") == lacking.content)
            #expect(try lacking.leftovers() == [])
        }
    }

    @Test func aFetchThatNobodyWaitsForIsCancelledAndLeavesNothing() async throws {
        let lacking = try Lacking("01_Assets/a.mp4")
        try FileManager.default.removeItem(atPath: lacking.object)
        let storage = ScriptedStorage(lacking.bytes)
        let objects = ProjectObjects(storage: storage)
        let (content, folder) = (lacking.content, lacking.checkout.path)
        let only = Task { try await objects.have(content, of: Self.home, in: folder) }
        try await storage.begun.wait()
        only.cancel()
        let error = await #expect(throws: StorageError.self) { try await only.value }
        #expect(error?.code == .cancelled)
        try await storage.cancelled.wait()
        #expect(!FileManager.default.fileExists(atPath: try lacking.object))
        // And whoever asks then begins anew.
        storage.goOn.fire()
        let object = try await objects.have(content, of: Self.home, in: folder)
        #expect(try FileHash(file: object) == content)
    }

    @Test func whatAKilledFetchLeftIsRemovedByALaterOne() async throws {
        let lacking = try Lacking("01_Assets/a.mp4")
        try FileManager.default.removeItem(atPath: lacking.object)
        let names = ["old.fetched", "young.fetched", "git-lfs-own"]
        for name in names { try lacking.checkout.write("half", to: ".git/lfs/tmp/\(name)") }
        let left = { (name: String) in "\(lacking.checkout.path)/.git/lfs/tmp/\(name)" }
        for name in ["old.fetched", "git-lfs-own"] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -90_000)], ofItemAtPath: left(name))
        }
        let storage = ScriptedStorage(lacking.bytes)
        storage.goOn.fire()
        try await ProjectObjects(storage: storage).have(lacking.content, of: Self.home, in: lacking.checkout.path)
        #expect(names.filter { FileManager.default.fileExists(atPath: left($0)) } == ["young.fetched", "git-lfs-own"])
    }
}
