import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// Holds takes against the disk: every published take has its file, its LFS object, its sidecar and its commit, and there
/// is no other file that looks like a take.
struct AuditTakes: Sendable {
    /// Takes read at a time.
    private static let page = 200

    let projects: ProjectStore
    let takes: TakeStore
    let folders: ProjectFolders

    /// Looks at every take.
    ///
    /// - Parameters:
    ///   - deep: Whether the media is read and hashed too, about 0.7 s a GiB.
    ///   - limit: How many findings at most.
    /// - Returns: What is wrong.
    /// - Throws: `PostgresError`.
    func run(deep: Bool, limit: Int = 100) async throws -> [AuditFinding] {
        var findings: [AuditFinding] = []
        try await projects.each { project in
            findings += try await self.findings(of: project, deep: deep, limit: limit - findings.count)
            return findings.count < limit
        }
        return Array(findings.prefix(limit))
    }

    private func findings(of project: ProjectRecord, deep: Bool, limit: Int) async throws -> [AuditFinding] {
        let id = project.id
        var findings: [AuditFinding] = []
        var last: TakeID?
        repeat {
            let rows = try await takes.list(project: id, limit: Self.page, before: last)
            let kept = try await kept(rows, of: project, deep: deep)
            findings += kept.findings
            findings += try await folders.blocking { [folders] in
                Self.findings(rows, of: project, folders: folders, deep: deep, kept: kept.takes)
            }
            last = rows.count == Self.page ? rows.last?.id : nil
        } while last != nil && findings.count < limit
        let strays = AuditStrays(takes: takes, folders: folders)
        return try await findings + strays.findings(of: project, limit: max(0, limit - findings.count))
    }

    /// Those whose media the storage has: what the workspace lacks of these comes back when it is asked for.
    private func kept(
        _ rows: [TakeRecord], of project: ProjectRecord, deep: Bool
    ) async throws -> (takes: Set<TakeID>, findings: [AuditFinding]) {
        let storage = folders.objects.storage
        guard !storage.isLocal else { return ([], []) }
        // Where the folder is gone that is the finding.
        guard try await folders.blocking({ [folders] in (try? folders.open(project)) != nil }) else { return ([], []) }
        var (takes, findings): (Set<TakeID>, [AuditFinding]) = ([], [])
        for take in rows {
            guard let content = TakeFiles.object(take.path, sha256: take.sha256, size: take.sizeBytes) else { continue }
            let isThere = try await folders.storing { () async throws(StorageError) in
                try await deep
                    ? holds(content, of: project) : storage.contains(content, of: project.objects)
            }
            if isThere {
                takes.insert(take.id)
            } else {
                findings.append(
                    AuditFinding(
                        rule: "take-object", subject: "take \(take.id)",
                        detail: "the storage does not have its LFS object, or not with these bytes"))
            }
        }
        return (takes, findings)
    }

    /// Reads an object of the storage whole, into a file that is gone afterwards: in the project's folder, since a film may
    /// have no room where temporary files are, and under a name that goes with unfinished uploads if this is killed.
    private func holds(_ content: FileHash, of project: ProjectRecord) async throws(StorageError) -> Bool {
        let folder = folders.path(of: project)
        let file = "\(folder)/\(UploadPart.folder)/audit-\(UUID().uuidString)\(UploadPart.partSuffix)"
        try await FileThreads.storing {
            try SafeDirectory(folder).makeDirectories(RelativePath(UploadPart.folder))
        }
        do {
            try await folders.objects.storage.fetch(content, to: file, of: project.objects)
        } catch {
            guard error.code == .notFound || error.code == .corrupt else { throw error }
            return false
        }
        try? FileManager.default.removeItem(atPath: file)
        return true
    }

    private static func findings(
        _ takes: [TakeRecord], of project: ProjectRecord, folders: ProjectFolders, deep: Bool, kept: Set<TakeID>
    ) -> [AuditFinding] {
        guard !takes.isEmpty else { return [] }
        guard let directory = try? folders.open(project) else {
            return [
                AuditFinding(
                    rule: "project-folder", subject: "project \(project.name)", detail: "its folder is not there")
            ]
        }
        return takes.flatMap { findings($0, in: directory, deep: deep, isKept: kept.contains($0.id)) }
    }

    private static func findings(
        _ take: TakeRecord, in directory: SafeDirectory, deep: Bool, isKept: Bool
    ) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        func find(_ rule: String, _ detail: String) {
            findings.append(AuditFinding(rule: rule, subject: "take \(take.id)", detail: detail))
        }
        let hasMedia = TakeFiles.hasMedia(take, in: directory)
        if !hasMedia, !isKept {
            find("take-file", "\(take.path) is not there or has another size")
        }
        if !isKept, WorkspaceLayout.isLargeFile(take.path), !TakeFiles.hasObject(take, in: directory) {
            find("take-object", "its LFS object is not there or has another size")
        }
        if deep, hasMedia || !isKept,
            let digest = try? FileHash(file: directory.absolutePath(of: RelativePath(take.path))).digest.hex,
            digest != take.sha256
        {
            find("take-content", "\(take.path) has other bytes than were published")
        }
        if !Self.isTold(take, in: directory) {
            find("take-sidecar", "the document beside \(take.path) is not there or tells of something else")
        }
        if let commit = take.commit {
            if !ProjectRepository.holds(take.path, sha256: take.sha256, in: commit, at: directory.path) {
                find("take-commit", "commit \(commit) is not in the project's history, or lacks \(take.path)")
            }
        } else {
            find("take-commit", "it names no commit")
        }
        return findings
    }

    /// Whether the document beside a take's media tells of this take and of these bytes.
    private static func isTold(_ take: TakeRecord, in directory: SafeDirectory) -> Bool {
        guard let file = take.path.split(separator: "/").last, let name = TakeName(fileName: String(file)),
            let bytes = FileManager.default.contents(atPath: "\(directory.path)/\(name.sidecarPath)"),
            let document = try? JSONText.decode(JSONValue.self, from: bytes)
        else { return false }
        return document["take"]?.stringValue == take.id.description
            && document["job"]?.stringValue == take.job.description && document["sha256"]?.stringValue == take.sha256
    }
}
