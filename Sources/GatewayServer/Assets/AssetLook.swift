import FoundationEssentials
import Glibc
import Logging
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// What is done with a file of an asset folder that has settled.
struct AssetLook: Sendable {
    /// What came of it.
    enum Outcome: Sendable, Hashable {
        /// It is as the rows say now.
        case done
        /// It is still being written.
        case unsettled
        /// The row is as the file is, and what is made of it is made of its whole sequence.
        case frame(AssetSequencePlace)
    }

    let projects: ProjectStore
    let assets: AssetStore
    let derivatives: DerivativePlanner
    let folders: ProjectFolders
    let announcer: EventAnnouncer

    private var sequences: AssetSequences { AssetSequences(assets: assets, folders: folders) }

    /// Looks at one file.
    ///
    /// - Parameters:
    ///   - place: Where it lies, or lay.
    ///   - settle: How long it must have been left alone.
    /// - Returns: What came of it.
    /// - Throws: `PostgresError`, `FileError`, `StudioError`; then it is to be looked at again.
    func look(at place: AssetPlace, settle: Duration) async throws -> Outcome {
        guard let project = try await projects.get(tenantName: place.tenant, name: place.project),
            project.archivedAt == nil
        else { return .done }
        let path = try? RelativePath(place.path)
        let found = try await folders.blocking { [folders] in
            try path.flatMap { try folders.open(project).status(of: $0) }
        }
        guard let path, let found, found.kind == .file else {
            guard found?.kind != .directory else { return .done }
            try await remove(place.path, of: project)
            // One picture less makes another sequence.
            return AssetSequence(frame: place.path).map { .frame(place.sequence($0)) } ?? .done
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
        guard let asset else { return .done }
        if let sequence = try await sequences.sequence(of: path, in: project) {
            return .frame(place.sequence(sequence))
        }
        try await derivatives.make(of: asset, in: project)
        return .done
    }

    /// Looks at a sequence whose pictures have all been left alone for a while, and has derivatives made of it; or of each
    /// picture, where too few are left, or where a camera took them one by one.
    ///
    /// - Parameter place: Where it lies, or lay.
    /// - Throws: `PostgresError`, `FileError`, `StudioError`; then it is to be looked at again.
    func look(at place: AssetSequencePlace) async throws {
        guard let project = try await projects.get(tenantName: place.tenant, name: place.project),
            project.archivedAt == nil
        else { return }
        let frames = try await sequences.frames(of: place.sequence, in: project.id)
        if frames.count >= AssetSequence.fewest {
            let areRoll = try await sequences.areRoll(frames, of: place.sequence, in: project)
            guard areRoll else { return try await derivatives.make(of: frames, in: project) }
        }
        for frame in frames { try await derivatives.make(of: frame, in: project) }
    }

    /// Gives every file that the rows know; no more than a page of them is held.
    ///
    /// - Parameter body: Gets a file's place; returns whether it wants another.
    /// - Throws: `PostgresError`.
    func eachKnownPlace(_ body: (AssetPlace) async -> Bool) async throws {
        try await projects.each { project in
            guard project.archivedAt == nil else { return true }
            return try await eachRow(of: project.id) { row in
                await body(AssetPlace(tenant: project.tenantName, project: project.name, path: row.path))
            }
        }
    }

    /// Gives a project's rows, or those under a folder, page by page.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - folder: The folder they lie in; nil for all.
    ///   - body: Gets a row; returns whether it wants another.
    /// - Returns: Whether `body` wanted another every time.
    /// - Throws: `PostgresError`, or what `body` threw.
    private func eachRow(
        of project: ProjectID, under folder: String? = nil, _ body: (AssetRecord) async throws -> Bool
    ) async throws -> Bool {
        let page = 500
        var last: String?
        repeat {
            let rows = try await assets.list(project: project, under: folder, limit: page, after: last)
            for row in rows { guard try await body(row) else { return false } }
            last = rows.count == page ? rows.last?.path : nil
        } while last != nil
        return true
    }

    /// Notes that a file is gone, or a folder with all that was in it.
    private func remove(_ path: String, of project: ProjectRecord) async throws {
        var isTold = try await assets.remove(project: project.id, path: path)
        _ = try await eachRow(of: project.id, under: path) { row in
            let isGone = try await folders.blocking { [folders] in
                try (try? RelativePath(row.path)).flatMap { try folders.open(project).status(of: $0) } == nil
            }
            if isGone, try await assets.remove(project: project.id, path: row.path) { isTold = true }
            return true
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

extension AssetPlace {
    /// A sequence of the same project.
    fileprivate func sequence(_ sequence: AssetSequence) -> AssetSequencePlace {
        AssetSequencePlace(tenant: tenant, project: project, sequence: sequence)
    }
}
