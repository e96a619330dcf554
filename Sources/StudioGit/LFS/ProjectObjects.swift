import FoundationEssentials
import Glibc
import StudioCore
public import StudioSystem

/// The large files of projects where the workspace may lack some: fetches from the storage what is asked for.
///
/// An object that is being fetched for one caller is not fetched a second time for another of the same process; between
/// processes the first to finish wins, and the bytes are the same. Nothing is in its place before it was held against its
/// name. No call blocks the cooperative pool.
public struct ProjectObjects: Sendable {
    /// Where objects are kept for good.
    public let storage: any ObjectStorage
    private let flights = ObjectFlights()

    /// The large files of a storage.
    ///
    /// - Parameter storage: Where objects are kept for good.
    public init(storage: any ObjectStorage) { self.storage = storage }

    /// Keeps an object of the workspace for good: when this returns, a commit or a row may name it.
    ///
    /// - Parameters:
    ///   - content: The object's digest and size.
    ///   - home: Whose it is.
    ///   - folder: The absolute path of the project's folder, which has the object.
    /// - Throws: `StorageError`.
    public func keep(_ content: FileHash, of home: ObjectHome, in folder: String) async throws(StorageError) {
        guard !storage.isLocal, content.size > 0 else { return }
        let path = try await FileThreads.storing { try Self.objects(of: folder).path(of: content.digest) }
        try await storage.put(content, from: path, of: home)
    }

    /// Has an object in the workspace: where it is there already at once, else when it was fetched.
    ///
    /// - Parameters:
    ///   - content: The object's digest and size.
    ///   - home: Whose it is.
    ///   - folder: The absolute path of the project's folder.
    /// - Returns: The absolute path of the object.
    /// - Throws: `StorageError`: `notFound`, `corrupt` where what the storage has are other bytes, `cancelled` as soon as the
    ///   caller is cancelled; the fetch ends where nobody else waits for it.
    @discardableResult
    public func have(
        _ content: FileHash, of home: ObjectHome, in folder: String
    ) async throws(StorageError) -> String {
        let (path, isThere) = try await FileThreads.storing {
            let objects = try Self.objects(of: folder)
            return (objects.path(of: content.digest), objects.contains(content))
        }
        if isThere { return path }
        guard !storage.isLocal else {
            throw StorageError(.notFound, "the file's bytes are not in the workspace", detail: path)
        }
        try await flights.join(path) { () async throws(StorageError) in
            try await fetch(content, of: home, in: folder)
        }
        return path
    }

    /// Puts a file of the last commit back into the checkout that is not there, or is there as a pointer, as `git lfs pull`
    /// would. What people have there otherwise stays.
    ///
    /// - Parameters:
    ///   - file: The file's path below the project's folder.
    ///   - missing: Whether a file that is not there is put back too; otherwise it counts as removed by somebody.
    ///   - home: Whose it is.
    ///   - folder: The absolute path of the project's folder.
    /// - Returns: Whether a file was put back; false where there was nothing to do, or the last commit has no such large file.
    /// - Throws: `StorageError`.
    @discardableResult
    public func restore(
        _ file: RelativePath, missing: Bool, of home: ObjectHome, in folder: String
    ) async throws(StorageError) -> Bool {
        guard !storage.isLocal else { return false }
        let lack = try await FileThreads.storing { try Self.lack(file, missing: missing, in: folder) }
        guard let lack else { return false }
        let object = try await have(lack.content, of: home, in: folder)
        return try await FileThreads.storing { try Self.place(object, at: file, in: folder, inPlaceOf: lack.pointer) }
    }

    private func fetch(_ content: FileHash, of home: ObjectHome, in folder: String) async throws(StorageError) {
        // The fetch before this one may have ended since the object was looked for.
        let waiting = try await FileThreads.storing { () -> String? in
            let objects = try Self.objects(of: folder)
            return objects.contains(content) ? nil : try objects.placeToFetch()
        }
        guard let waiting else { return }
        do {
            try await storage.fetch(content, to: waiting, of: home)
            try await FileThreads.storing { try Self.objects(of: folder).adopt(waiting, content) }
        } catch {
            _ = try? await FileThreads.run { unlink(waiting) }
            throw error
        }
    }

    private static func objects(of folder: String) throws -> LFSObjectStore {
        do { return try GitRepository(at: folder).lfs } catch { throw StorageError(error) }
    }

    /// What the checkout lacks of a file.
    private struct Lack: Sendable {
        var content: FileHash
        /// What stands in its place; nil is nothing.
        var pointer: [UInt8]?
    }

    private static func lack(_ file: RelativePath, missing: Bool, in folder: String) throws -> Lack? {
        do {
            let repository = try GitRepository(at: folder)
            let directory = repository.workingDirectory
            if let there = try directory.status(of: file) {
                guard there.kind == .file, there.size <= LFSPointer.longest else { return nil }
                let open = try directory.open(file)
                let bytes = try FileBytes.contents(of: open.raw, path: file.text, atMost: LFSPointer.longest)
                guard let found = LFSPointer(parsing: bytes), try repository.isLargeFile(file) else { return nil }
                return Lack(content: found.content, pointer: bytes)
            }
            guard missing, let head = try repository.headCommit(),
                let kept = try repository.blob(file, at: head, atMost: CommitRequest.longestFile),
                let found = LFSPointer(parsing: kept)
            else { return nil }
            return Lack(content: found.content, pointer: nil)
        } catch let error as GitError {
            throw StorageError(error)
        } catch let error as PathError {
            throw StorageError(.notFound, "there is no such file", detail: "\(error)")
        }
    }

    private static func place(
        _ object: String, at file: RelativePath, in folder: String, inPlaceOf pointer: [UInt8]?
    ) throws -> Bool {
        do {
            let directory = try SafeDirectory(folder)
            let isTake = file.components.first == WorkspaceLayout.renders
            let permissions: UInt16 = isTake ? 0o444 : 0o644
            if let pointer {
                // The pointer stays until the bytes can take its place: a file that is gone would count as removed by
                // somebody, and no later job would put it back.
                _ = try FilePlacement.place(
                    source: object, destination: FileDestination(in: directory, at: file), inPlaceOf: pointer,
                    permissions: permissions, hardLinks: isTake)
            } else {
                if let parent = file.parent { try directory.makeDirectories(parent) }
                _ = try FilePlacement.placeWithoutReplacing(
                    source: object, destination: FileDestination(in: directory, at: file), permissions: permissions,
                    hardLinks: isTake)
            }
            return true
        } catch let error as FileError where error.code == .alreadyExists || error.code == .changed {
            // Somebody has put something of theirs there meanwhile: that stays.
            return false
        } catch let error as PathError {
            throw StorageError(.notFound, "there is no such file", detail: "\(error)")
        }
    }
}

extension LFSObjectStore {
    /// A path for a file on its way in, beside the objects, where git-lfs has its own. Removes what fetches left there that
    /// were killed: what nobody has written to for a day.
    func placeToFetch(at now: Date = Date()) throws -> String {
        let folder = "\(FileBytes.folder(of: path))/tmp"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let old = Int64(now.timeIntervalSince1970) - 86_400
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".fetched") {
            let left = "\(folder)/\(name)"
            if let status = try? FileStatus(path: left), status.modifiedSeconds < old { unlink(left) }
        }
        return "\(folder)/\(Hexadecimal.encode(SecureRandom.bytes(12))).fetched"
    }

    /// Makes an object of a file that was held against its name, which moves away; one that is there stays.
    func adopt(_ file: String, _ content: FileHash) throws {
        try add(file: file, content: content)
        unlink(file)
    }
}

extension StorageError {
    /// What a Git operation's error means for storage.
    init(_ error: GitError) {
        let code: Code =
            switch error.code {
            case .notFound, .notARepository: .notFound
            case .storageFull: .storageFull
            case .locked, .busy: .unavailable
            case .invalid, .conflict, .corrupt, .permissionDenied, .ioFailed: .fileFailed
            }
        self.init(code, error.message, detail: "\(error)")
    }
}
