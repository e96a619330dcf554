import FoundationEssentials
import Glibc
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem
import Synchronization

/// What is done with a file of an asset folder that has settled.
final class AssetLook: Sendable {
    /// What came of it.
    enum Outcome: Sendable, Hashable {
        /// It is as the rows say now.
        case done
        /// It is still being written.
        case unsettled
    }

    private let projects: ProjectStore
    private let assets: AssetStore
    private let derivatives: DerivativePlanner
    private let folders: ProjectFolders
    private let announcer: EventAnnouncer
    private let known = Mutex<[String: ProjectID]>([:])

    init(
        projects: ProjectStore, assets: AssetStore, derivatives: DerivativePlanner,
        folders: ProjectFolders, announcer: EventAnnouncer
    ) {
        self.projects = projects
        self.assets = assets
        self.derivatives = derivatives
        self.folders = folders
        self.announcer = announcer
    }

    /// Looks at one file.
    ///
    /// - Parameters:
    ///   - place: Where it lies, or lay.
    ///   - settle: How long it must have been left alone.
    /// - Returns: What came of it.
    /// - Throws: `PostgresError`, `FileError`, `StudioError`; then it is to be looked at again.
    func look(at place: AssetPlace, settle: Duration) async throws -> Outcome {
        guard let project = try await project(place), project.archivedAt == nil else { return .done }
        let path = try? RelativePath(place.path)
        let found = try await folders.blocking { [folders] in
            try path.flatMap { try folders.open(project).status(of: $0) }
        }
        guard let path, let found, found.kind == .file else {
            if found?.kind != .directory { try await remove(place.path, of: project) }
            return .done
        }
        guard Self.age(of: found) >= settle else { return .unsettled }
        let look = Self.text(of: found)
        var asset = try await assets.get(project: project.id, path: place.path)
        if asset?.look != look {
            guard let content = try await hash(path, found, project) else { return .unsettled }
            let kept = try await assets.keep(
                project: project.id, path: place.path, sha256: content.digest.hex, sizeBytes: content.size, look: look)
            if kept.isChanged { await announcer.announce() }
            asset = kept.asset
        }
        if let asset { try await derivatives.make(of: asset, in: project) }
        return .done
    }

    /// Every file that the rows know.
    func knownPlaces() async throws -> [AssetPlace] {
        var places: [AssetPlace] = []
        var last: ProjectID?
        repeat {
            let ids = try await projects.ids(limit: 200, after: last)
            for id in ids {
                guard let project = try await projects.get(id), project.archivedAt == nil else { continue }
                var path: String?
                repeat {
                    let rows = try await assets.list(project: id, limit: 1000, after: path)
                    places += rows.map {
                        AssetPlace(tenant: project.tenantName, project: project.name, path: $0.path)
                    }
                    path = rows.count == 1000 ? rows.last?.path : nil
                } while path != nil && places.count < AssetIngest.limit
            }
            last = ids.count == 200 ? ids.last : nil
        } while last != nil
        return places
    }

    /// Notes that a file is gone, or a folder with all that was in it.
    private func remove(_ path: String, of project: ProjectRecord) async throws {
        var isTold = try await assets.remove(project: project.id, path: path)
        for row in try await assets.list(project: project.id, under: path, limit: AssetIngest.limit) {
            let isGone = try await folders.blocking { [folders] in
                try (try? RelativePath(row.path)).flatMap { try folders.open(project).status(of: $0) } == nil
            }
            if isGone, try await assets.remove(project: project.id, path: row.path) { isTold = true }
        }
        if isTold { await announcer.announce() }
    }

    /// What a file holds; nil where it changed while it was read.
    private func hash(_ path: RelativePath, _ status: FileStatus, _ project: ProjectRecord) async throws -> FileHash? {
        try await folders.interruptible(bytes: status.size) { [folders] check in
            let file = try folders.open(project).directory(path.parent ?? path)
            let content = try FileHash(file: file.absolutePath(of: RelativePath(path.name)), check: check)
            return try folders.open(project).status(of: path).map(Self.text) == Self.text(of: status) ? content : nil
        }
    }

    private func project(_ place: AssetPlace) async throws -> ProjectRecord? {
        let key = "\(place.tenant)/\(place.project)"
        if let id = known.withLock({ $0[key] }), let project = try await projects.get(id) { return project }
        var last: ProjectID?
        repeat {
            let ids = try await projects.ids(limit: 200, after: last)
            for id in ids {
                guard let project = try await projects.get(id) else { continue }
                known.withLock { $0["\(project.tenantName)/\(project.name)"] = id }
                if project.tenantName == place.tenant, project.name == place.project { return project }
            }
            last = ids.count == 200 ? ids.last : nil
        } while last != nil
        return nil
    }

    /// How long ago content, name or permissions changed last.
    private static func age(of status: FileStatus) -> Duration {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let seconds = Int64(now.tv_sec) - status.modifiedSeconds
        // A time in the future says nothing.
        guard seconds >= 0 else { return .seconds(Int64.max) }
        return .seconds(seconds) + .nanoseconds(Int64(now.tv_nsec) - status.modifiedNanoseconds)
    }

    private static func text(of status: FileStatus) -> String {
        [
            Int64(bitPattern: status.device), Int64(bitPattern: status.inode), status.size, status.modifiedSeconds,
            status.modifiedNanoseconds,
        ].map { String($0) }.joined(separator: ".")
    }
}
