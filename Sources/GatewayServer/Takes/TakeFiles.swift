import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Opens the files of takes, wherever they still are.
struct TakeFiles: Sendable {
    let folders: ProjectFolders

    /// A take's media: the working file, or the LFS object where somebody removed it, replaced it, or checked out a
    /// pointer in its place.
    ///
    /// - Throws: `StudioError` with code `not-found` where neither is there.
    func media(of take: TakeRecord, in project: ProjectRecord) async throws -> OpenFile {
        try await folders.blocking { [folders] in
            let directory = try folders.open(project)
            if let file = Self.open(take.path, in: directory), file.size == take.sizeBytes { return file }
            if let sha256 = take.sha256, let object = Self.openObject(sha256, of: directory.path) { return object }
            throw StudioError(.notFound, "the take's media is no longer in the project's folder")
        }
    }

    /// A job's file: the one in its place, or, beside a take, the LFS object where that is not there.
    ///
    /// - Throws: `StudioError` with code `not-found` where it is not there.
    func file(_ file: JobFileRecord, in project: ProjectRecord) async throws -> OpenFile {
        try await folders.blocking { [folders] in
            let directory = try folders.open(project)
            if let open = Self.open(file.path, in: directory), open.size == file.sizeBytes { return open }
            if let object = Self.openObject(file.sha256, of: directory.path) { return object }
            throw StudioError(.notFound, "the file is no longer in the project's folder")
        }
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

    private static func open(_ path: String, in directory: SafeDirectory) -> OpenFile? {
        guard let path = try? RelativePath(path), let file = try? directory.open(path) else { return nil }
        return try? OpenFile(owning: file.release())
    }

    private static func openObject(_ sha256: String, of project: String) -> OpenFile? {
        guard let objects = try? SafeDirectory("\(project)/.git/lfs/objects") else { return nil }
        return open("\(sha256.prefix(2))/\(sha256.dropFirst(2).prefix(2))/\(sha256)", in: objects)
    }
}
