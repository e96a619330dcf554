import Glibc
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Keeps what the nodes of canvases made within its bound in every project: what was not asked for the longest goes, and
/// nothing that a job is going to read. What is gone is made again when it is needed.
struct CanvasCacheBound: Sendable {
    let results: CanvasResultStore
    let projects: ProjectStore
    let folders: ProjectFolders
    /// What each project may keep, in bytes; 0 is no bound.
    let bytes: Int64
    let logger: Logger

    /// Cleans every project that holds more than it may, down to nine tenths, so that it need not be done again at once.
    ///
    /// - Returns: How many files went.
    /// - Throws: `PostgresError`.
    func keep() async throws -> Int {
        guard bytes > 0 else { return 0 }
        var files = 0
        for cache in try await results.caches(above: bytes) {
            guard let project = try await projects.get(cache.project),
                let directory = try? await folders.blocking({ [folders] in try folders.open(project) })
            else { continue }
            let gone: (bytes: Int64, files: Int)
            do {
                gone = try await results.sweep(cache.project, bytes: cache.bytes - bytes / 10 * 9) { file in
                    guard let path = try? RelativePath(file.path) else { return }
                    try directory.removeResult(path)
                }
            } catch let error as PostgresError {
                throw error
            } catch {
                // The other projects' disks do not wait for this one's.
                logger.warning(
                    "the cache of canvases cannot be cleaned", error: error,
                    metadata: [LogKey.project: "\(project.name)"])
                continue
            }
            files += gone.files
            logger.info(
                "the cache of canvases was cleaned",
                metadata: [
                    LogKey.project: "\(project.name)", "files": "\(gone.files)", "bytes": "\(gone.bytes)",
                    "held": "\(cache.bytes)",
                ])
        }
        return files
    }
}

extension SafeDirectory {
    /// Removes a file of the cache of canvases, and the folder of its key where that was its last. Blocks.
    ///
    /// - Parameter path: The file, in a project's folder.
    /// - Throws: `PathError`, `FileError` where it cannot be removed.
    func removeResult(_ path: RelativePath) throws {
        try remove(path)
        // Of a folder that has others in it this does nothing.
        if let parent = path.parent { rmdir(absolutePath(of: parent)) }
    }
}
