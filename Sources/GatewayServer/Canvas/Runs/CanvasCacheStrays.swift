import FoundationEssentials
import Glibc
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import Synchronization

/// Removes from the caches of canvases what nobody knows of: what a process left that died between a file and its row. Nothing
/// that a job reads or writes is among it, and nothing that jobs have not named.
///
/// Each round looks through so many folders and no more; the next goes on behind them, from project to project and then from
/// the beginning.
final class CanvasCacheStrays: Sendable {
    /// Where the next round begins: in the project behind this one, behind this folder.
    private struct Place {
        var project: ProjectID?
        var folder: String?
    }

    /// As many files of one folder are looked at in a round.
    private static let mostFiles = 200
    /// An empty folder may be one that a worker has just made.
    private static let emptySince: TimeInterval = 3600

    private let results: CanvasResultStore
    private let projects: ProjectStore
    private let folders: ProjectFolders
    private let most: Int
    private let now: @Sendable () -> Date
    private let logger: Logger
    private let place = Mutex(Place())

    /// The sweep of one gateway.
    ///
    /// - Parameters:
    ///   - results: What is known of the caches.
    ///   - projects: The projects.
    ///   - folders: Where they lie.
    ///   - most: How many folders a round looks through at most; a project without any counts as one.
    ///   - now: The clock.
    ///   - logger: Where it tells what was removed.
    init(
        results: CanvasResultStore, projects: ProjectStore, folders: ProjectFolders, most: Int = 500,
        now: @escaping @Sendable () -> Date = { Date() }, logger: Logger
    ) {
        self.results = results
        self.projects = projects
        self.folders = folders
        self.most = most
        self.now = now
        self.logger = logger
    }

    /// One round.
    ///
    /// - Returns: How many files were removed.
    /// - Throws: `PostgresError`.
    func sweep() async throws -> Int {
        var (place, left, removed) = (self.place.withLock { $0 }, most, 0)
        while left > 0 {
            guard let id = try await projects.ids(limit: 1, after: place.project).first else {
                place = Place()
                break
            }
            let looked = try await look(into: id, after: place.folder, limit: left)
            removed += looked.removed
            left -= max(1, looked.folders)
            place = looked.last.map { Place(project: place.project, folder: $0) } ?? Place(project: id)
        }
        self.place.withLock { [place] in $0 = place }
        return removed
    }

    /// Looks through some folders of a project.
    ///
    /// - Returns: How many there were, how many files were removed, and the last folder where there are more.
    private func look(
        into id: ProjectID, after last: String?, limit: Int
    ) async throws -> (folders: Int, removed: Int, last: String?) {
        guard let project = try await projects.get(id) else { return (0, 0, nil) }
        // A project whose folder cannot be read has nothing that could be removed.
        let found = try? await folders.blocking { [folders, now] in
            try Self.list(in: folders.open(project), after: last, limit: limit, now: now())
        }
        guard let found else { return (0, 0, nil) }
        var removed = 0
        for file in try await results.strays(among: found.files, of: id) {
            guard try await remove(file, of: project) else { continue }
            removed += 1
            logger.notice(
                "a file in the cache of canvases was nobody's and is removed",
                metadata: [LogKey.project: "\(project.name)", "file": "\(file.path)"])
        }
        return (found.folders.count, removed, found.hasMore ? found.folders.last : nil)
    }

    /// - Returns: Whether it was nobody's, and is removed. One that cannot be is told, and left for a later round: the rest of
    ///   the disk does not wait for it.
    private func remove(_ file: CanvasCacheFile, of project: ProjectRecord) async throws -> Bool {
        do {
            return try await results.removeStray(file, of: project.id) { [folders] in
                try folders.open(project).removeResult(try RelativePath(file.path))
            }
        } catch let error as PostgresError {
            throw error
        } catch {
            logger.warning(
                "a file in the cache of canvases cannot be removed", error: error,
                metadata: [LogKey.project: "\(project.name)", "file": "\(file.path)"])
            return false
        }
    }

    /// What lies in some folders of a project's cache under names of jobs. Blocks.
    private static func list(
        in project: SafeDirectory, after last: String?, limit: Int, now: Date
    ) throws -> (files: [CanvasCacheFile], folders: [String], hasMore: Bool) {
        guard let cache = try? project.directory(RelativePath(WorkspaceLayout.canvasCache)) else {
            return ([], [], false)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: cache.path)
            .filter { name in name.count == 64 && last.map { name > $0 } ?? true }.sorted()
        var files: [CanvasCacheFile] = []
        for name in names.prefix(limit) {
            guard let folder = try? cache.directory(RelativePath(name)) else { continue }
            let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
            if entries.isEmpty, let status = try? FileStatus(path: folder.path),
                now.timeIntervalSince1970 - TimeInterval(status.modifiedSeconds) > emptySince
            {
                rmdir(folder.path)
            }
            for entry in entries.prefix(mostFiles) {
                guard let job = job(of: entry), let path = try? RelativePath(entry),
                    try folder.status(of: path)?.kind == .file
                else { continue }
                files.append(CanvasCacheFile(job: job, path: "\(WorkspaceLayout.canvasCache)/\(name)/\(entry)"))
            }
        }
        return (files, Array(names.prefix(limit)), names.count > limit)
    }

    /// The job that a file is named after: `<job>.<extension>`, or `.<job>.…` while it waits beside its place.
    private static func job(of name: String) -> JobID? {
        let plain = name.hasPrefix(".") ? name.dropFirst() : name[...]
        guard let dot = plain.firstIndex(of: "."), plain[..<dot].count == 36 else { return nil }
        return JobID(String(plain[..<dot]))
    }
}
