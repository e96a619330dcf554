import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// Opens the files of takes, wherever they still are.
struct TakeFiles: Sendable {
    let folders: ProjectFolders
    /// What is served by the storage itself.
    let links: MediaLinks

    /// - Parameter folders: Where the projects lie.
    init(folders: ProjectFolders) {
        self.folders = folders
        links = MediaLinks(folders: folders)
    }

    /// A take's media: the working file, or the LFS object where somebody removed it, replaced it, or checked out a
    /// pointer in its place; that comes from the storage where the workspace lacks it.
    ///
    /// - Throws: `StudioError` with code `not-found` where neither is there; what the storage says.
    func media(of take: TakeRecord, in project: ProjectRecord) async throws -> OpenFile {
        try await open(
            take.path, sha256: take.sha256, size: take.sizeBytes, in: project,
            otherwise: "the take's media is no longer in the project's folder")
    }

    /// A job's file: the one in its place, or, beside a take, the LFS object where that is not there.
    ///
    /// - Throws: `StudioError` with code `not-found` where it is not there; what the storage says.
    func file(_ file: JobFileRecord, in project: ProjectRecord) async throws -> OpenFile {
        try await open(
            file.path, sha256: file.sha256, size: file.sizeBytes, in: project,
            otherwise: "the file is no longer in the project's folder")
    }

    private func open(
        _ path: String, sha256: String?, size: Int64?, in project: ProjectRecord, otherwise reason: String
    ) async throws -> OpenFile {
        let there = try await folders.blocking { [folders] () -> OpenFile? in
            let directory = try folders.open(project)
            if let file = Self.open(path, in: directory), file.size == size { return file }
            return sha256.flatMap { Self.openObject($0, of: directory.path) }
        }
        if let there { return there }
        let gone = StudioError(.notFound, reason)
        guard let content = TakeFiles.object(path, sha256: sha256, size: size), !folders.objects.storage.isLocal
        else { throw gone }
        let folder = folders.path(of: project)
        do {
            let object = try await folders.storing { () async throws(StorageError) in
                try await folders.objects.have(content, of: project.objects, in: folder)
            }
            return try await OpenFile.open(path: object, threads: folders.threads)
        } catch let error as StudioError where error.code == .notFound {
            throw gone
        }
    }

    /// The object that a file of a project is kept as; nil for one that goes through no LFS.
    static func object(_ path: String, sha256: String?, size: Int64?) -> FileHash? {
        guard WorkspaceLayout.isLargeFile(path), !path.hasPrefix(WorkspaceLayout.cache + "/"),
            !path.hasPrefix(WorkspaceLayout.exports + "/"), let size,
            let digest = sha256.flatMap({ SHA256Digest(hex: $0) })
        else { return nil }
        return FileHash(digest: digest, size: size)
    }

    /// A take's thumbnail.
    ///
    /// - Throws: `StudioError` with code `not-found` where there is none, or the cache was emptied.
    func thumbnail(of take: TakeRecord, in project: ProjectRecord) async throws -> OpenFile {
        try await folders.blocking { [folders] in
            let path = "\(WorkspaceLayout.thumbnails)/\(take.id).jpg"
            guard take.hasThumbnail, let file = Self.open(path, in: try folders.open(project)) else {
                throw StudioError(.notFound, "the take has no thumbnail")
            }
            return file
        }
    }

    /// Whether a take's working file is there with the right size. Blocks.
    static func hasMedia(_ take: TakeRecord, in directory: SafeDirectory) -> Bool {
        open(take.path, in: directory).map { $0.size == take.sizeBytes } ?? false
    }

    /// Whether the LFS object is there with the right size. Blocks.
    static func hasObject(_ take: TakeRecord, in directory: SafeDirectory) -> Bool {
        take.sha256.flatMap { openObject($0, of: directory.path) }.map { $0.size == take.sizeBytes } ?? false
    }

    /// Whether a job's file is there with the right size; nil where nothing is there. Blocks.
    static func isWhole(_ file: JobFileRecord, in directory: SafeDirectory) -> Bool? {
        open(file.path, in: directory).map { $0.size == file.sizeBytes }
    }

    /// Whether a job's file is there with its very bytes. Blocks for as long as they take to read, unless they are known.
    ///
    /// - Throws: What `check` throws, and `FileError` where it cannot be read.
    static func isSame(
        _ file: JobFileRecord, in directory: SafeDirectory, digests: FileDigests, check: () throws -> Void
    ) throws -> Bool {
        guard isWhole(file, in: directory) == true, let path = try? RelativePath(file.path) else { return false }
        let opened = try directory.open(path)
        return try digests.hash(of: opened.raw, path: file.path, check: check).digest.hex == file.sha256
    }

    private static func open(_ path: String, in directory: SafeDirectory) -> OpenFile? {
        guard let path = try? RelativePath(path), let file = try? directory.open(path) else { return nil }
        return try? OpenFile(owning: file.release())
    }

    private static func openObject(_ sha256: String, of project: String) -> OpenFile? {
        guard let objects = try? SafeDirectory("\(project)/.git/lfs/objects") else { return nil }
        return open("\(sha256.prefix(2))/\(sha256.dropFirst(2).prefix(2))/\(sha256)", in: objects)
    }
}
