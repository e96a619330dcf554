import FoundationEssentials
import QueueProtocol
import StudioCore
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
            findings += try await folders.blocking { [folders] in
                Self.findings(rows, of: project, folders: folders, deep: deep)
            }
            last = rows.count == Self.page ? rows.last?.id : nil
        } while last != nil && findings.count < limit
        let strays = AuditStrays(takes: takes, folders: folders)
        return try await findings + strays.findings(of: project, limit: max(0, limit - findings.count))
    }

    private static func findings(
        _ takes: [TakeRecord], of project: ProjectRecord, folders: ProjectFolders, deep: Bool
    ) -> [AuditFinding] {
        guard !takes.isEmpty else { return [] }
        guard let directory = try? folders.open(project) else {
            return [
                AuditFinding(
                    rule: "project-folder", subject: "project \(project.name)", detail: "its folder is not there")
            ]
        }
        return takes.flatMap { findings($0, in: directory, deep: deep) }
    }

    private static func findings(_ take: TakeRecord, in directory: SafeDirectory, deep: Bool) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        func find(_ rule: String, _ detail: String) {
            findings.append(AuditFinding(rule: rule, subject: "take \(take.id)", detail: detail))
        }
        if !TakeFiles.hasMedia(take, in: directory) {
            find("take-file", "\(take.path) is not there or has another size")
        }
        if WorkspaceLayout.isLargeFile(take.path), !TakeFiles.hasObject(take, in: directory) {
            find("take-object", "its LFS object is not there or has another size")
        }
        if deep, let digest = try? FileHash(file: directory.absolutePath(of: RelativePath(take.path))).digest.hex,
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
