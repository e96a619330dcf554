import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres

/// Holds the disk against the takes: a file that looks like a take and is none is what a job left that ran twice, or what
/// somebody put there by hand, in the way of the take that will get this number.
struct AuditStrays: Sendable {
    /// Paths asked for at a time.
    private static let page = 500

    /// The rule this holds.
    static let rule = "take-stray"

    let takes: TakeStore
    let folders: ProjectFolders

    /// Looks through a project's renders.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - limit: How many findings at most.
    /// - Returns: A finding for each file that is no take's.
    /// - Throws: `PostgresError`.
    func findings(of project: ProjectRecord, limit: Int) async throws -> [AuditFinding] {
        // The files first: whoever places one has its row already.
        let paths = try await folders.blocking { [folders] in Self.media(of: folders.path(of: project)) }
        var findings: [AuditFinding] = []
        for start in stride(from: 0, to: paths.count, by: Self.page) where findings.count < limit {
            let part = Array(paths[start..<min(start + Self.page, paths.count)])
            findings += try await takes.strays(among: part, project: project.id).sorted().map { path in
                AuditFinding(
                    rule: Self.rule, subject: "project \(project.name)",
                    detail: "\(path) is named as a take and is none")
            }
        }
        return Array(findings.prefix(limit))
    }

    /// What is named as a take's media, where takes lie. Blocks.
    private static func media(of folder: String) -> [String] {
        let renders = "\(folder)/\(WorkspaceLayout.renders)"
        let shots = (try? FileManager.default.contentsOfDirectory(atPath: renders)) ?? []
        return shots.flatMap { shot -> [String] in
            let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(renders)/\(shot)")) ?? []
            let there = Set(files)
            return files.compactMap { file in
                guard let name = TakeName(fileName: file), name.shot.text == shot else { return nil }
                // Beside media of another type a JSON document is the media's sidecar.
                let sidecar = name.sidecarPath.split(separator: "/").last.map(String.init) ?? ""
                guard name.fileExtension != "json" || there.contains(sidecar) else { return nil }
                return name.path
            }
        }.sorted()
    }
}
