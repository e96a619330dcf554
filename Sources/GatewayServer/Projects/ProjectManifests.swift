import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Keeps `project.json` in step with the project's row, which is the truth about title, description and quality.
///
/// Every change of the row notes with it that the file is due, and only when the file is committed is that taken back. So
/// whatever happens between the two, the file is brought up to date: by the request itself, or by the recovery.
struct ProjectManifests: Sendable {
    /// The largest manifest, in bytes; the main canvas is part of it.
    static let sizeLimit = 64 << 20

    let projects: ProjectStore
    let writers: ProjectWriters
    let folders: ProjectFolders

    /// Writes the row's words into the manifest and commits it, where they differ. Whatever else people wrote into the
    /// file is kept. Doing it again changes nothing.
    ///
    /// - Parameters:
    ///   - id: The project.
    ///   - author: Who changed it.
    /// - Throws: `StudioError`; `PostgresError`. The manifest is still due then.
    func bringUpToDate(_ id: ProjectID, author: ProjectAuthor) async throws {
        let revision = try await writers.run(id) { [projects, folders] connection -> Int? in
            // Read under the lock: of two changes at once the later wins in the file too, whoever comes to write first.
            guard let project = try projects.get(id, on: connection) else { return nil }
            try folders.translating { try Self.write(project, into: folders.open(project), author: author) }
            return project.revision
        }
        if let revision { try await projects.manifestIsWritten(id, revision: revision) }
    }

    /// Brings the file in the checkout and the one in Git to what the row says. Blocks.
    static func write(_ record: ProjectRecord, into directory: SafeDirectory, author: ProjectAuthor) throws {
        try writeFile(record, into: directory)
        // Also where the file was right already: whoever wrote it may have been killed before the commit.
        guard try !isCommitted(record, at: directory.path) else { return }
        try ProjectRepository.commit(
            at: directory.path, files: [WorkspaceLayout.manifest], message: "Change the project's settings",
            author: author)
    }

    private static func writeFile(_ record: ProjectRecord, into directory: SafeDirectory) throws {
        let path = try RelativePath(WorkspaceLayout.manifest)
        var attempts = 3
        while true {
            let file = try directory.open(path)
            let bytes = try FileBytes.contents(of: file.raw, path: path.text, atMost: sizeLimit)
            let old = try ProjectManifest(reading: Data(bytes))
            guard !old.says(record) else { return }
            let new = old.changing(title: record.title, summary: record.description, quality: record.quality)
            do {
                try DurableFile.write(
                    try new.fileContents(), to: FileDestination(in: directory, at: path), inPlaceOf: bytes)
                return
            } catch let error as FileError where error.code == .changed && attempts > 1 {
                // Somebody has saved the file at this very moment: the words go into theirs.
                attempts -= 1
            }
        }
    }

    /// Refuses to change a project whose manifest could not follow.
    ///
    /// - Parameter record: The project.
    /// - Throws: `StudioError`: `schema-version-unsupported`; `conflict` where the file is damaged.
    func requireReadable(_ record: ProjectRecord) async throws {
        try await folders.blocking { [folders] in
            do {
                _ = try folders.translating { try ProjectScaffold.manifest(ofProjectAt: folders.path(of: record)) }
            } catch let error as StudioError where error.code == .invalid || error.code == .notFound {
                throw StudioError(
                    .conflict,
                    "the project's project.json cannot be used (\(error.detail)); 'GatewayServer project check' says more"
                )
            }
        }
    }

    /// Whether the last commit's manifest has the row's words.
    private static func isCommitted(_ record: ProjectRecord, at path: String) throws -> Bool {
        guard let bytes = try ProjectRepository.committed(WorkspaceLayout.manifest, at: path) else { return false }
        return (try? ProjectManifest(reading: Data(bytes)))?.says(record) ?? false
    }
}

extension ProjectManifest {
    /// Whether the words that the row is the truth about are the row's.
    fileprivate func says(_ record: ProjectRecord) -> Bool {
        (title, summary, quality) == (record.title, record.description, record.quality)
    }
}
