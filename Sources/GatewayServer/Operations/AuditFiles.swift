import QueueProtocol
import StudioCore
import StudioGit
import StudioPostgres
import StudioSystem

/// Holds the files that jobs made beside takes' media against the disk.
///
/// The cache may be emptied and exports are people's to move, so a file that is gone is wrong only beside a take, or where a
/// job that is not finished is going to read it. One that is there must be the one that was published.
struct AuditFiles: Sendable {
    /// Files read at a time.
    private static let page = 200

    let projects: ProjectStore
    let files: JobFileStore
    let folders: ProjectFolders

    /// Looks at every file.
    ///
    /// - Parameters:
    ///   - deep: Whether the files are read and hashed too.
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
        var findings: [AuditFinding] = []
        var last: (job: JobID, port: String)?
        repeat {
            let rows = try await files.list(project: project.id, limit: Self.page, after: last)
            let needed = try await files.needed(among: rows.map(\.job))
            let kept = try await kept(rows, of: project)
            findings += try await folders.blocking { [folders] in
                guard let directory = try? folders.open(project) else { return [] }
                return rows.compactMap { row in
                    Self.fault(
                        of: row, isNeeded: needed.contains(row.job), isKept: kept.contains(row.path), in: directory,
                        deep: deep
                    ).map {
                        AuditFinding(rule: "job-file", subject: "file \(row.port) of job \(row.job)", detail: $0)
                    }
                }
            }
            last = rows.count == Self.page ? rows.last.map { ($0.job, $0.port) } : nil
        } while last != nil && findings.count < limit
        return findings
    }

    /// The paths of those that the workspace lacks and the storage has.
    private func kept(_ rows: [JobFileRecord], of project: ProjectRecord) async throws -> Set<String> {
        let storage = folders.objects.storage
        guard !storage.isLocal else { return [] }
        let lacking = try await folders.blocking { [folders] in
            guard let directory = try? folders.open(project) else { return [JobFileRecord]() }
            return rows.filter { TakeFiles.isWhole($0, in: directory) != true }
        }
        var kept: Set<String> = []
        for row in lacking {
            guard let content = TakeFiles.object(row.path, sha256: row.sha256, size: row.sizeBytes) else { continue }
            let isThere = try await folders.storing { () async throws(StorageError) in
                try await storage.contains(content, of: project.objects)
            }
            if isThere { kept.insert(row.path) }
        }
        return kept
    }

    /// What is wrong with a file; nil where nothing is. Blocks.
    private static func fault(
        of file: JobFileRecord, isNeeded: Bool, isKept: Bool, in directory: SafeDirectory, deep: Bool
    ) -> String? {
        // What the storage has comes back when it is asked for.
        let isWhole = TakeFiles.isWhole(file, in: directory)
        if isKept, isWhole != true { return nil }
        guard let isWhole else {
            let isBesideTake = file.path.hasPrefix(WorkspaceLayout.renders + "/")
            return isBesideTake || isNeeded ? "\(file.path) is not there" : nil
        }
        guard isWhole else { return "\(file.path) has another size than was published" }
        guard deep, let path = try? RelativePath(file.path),
            let found = try? FileHash(file: directory.absolutePath(of: path)), found.digest.hex != file.sha256
        else { return nil }
        return "\(file.path) has other bytes than were published"
    }
}
