import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres
import StudioSystem

/// Keeps `project.json` in step with the project's row, which is the truth about title, description and quality.
struct ProjectManifests: Sendable {
    /// The largest manifest, in bytes; the main canvas is part of it.
    static let sizeLimit = 64 << 20

    let projects: ProjectStore
    let writers: ProjectWriters
    let folders: ProjectFolders

    /// Writes the row's words into the manifest and commits it, where they differ. Whatever else people wrote into the
    /// file is kept.
    ///
    /// A crash between the row's change and this leaves the manifest behind the row; `project check --repair` and the
    /// next change bring it up.
    ///
    /// - Parameters:
    ///   - record: The project as it was changed.
    ///   - author: Who changed it.
    /// - Throws: `StudioError`.
    func bringUpToDate(_ record: ProjectRecord, author: ProjectAuthor) async throws {
        var written = record
        while true {
            let project = written
            _ = try await writers.run(project.id) { [folders] _ in
                try folders.translating {
                    try Self.write(project, into: folders.open(project), author: author)
                }
            }
            // Of two changes at once the later must win in the file too, whoever came to write first.
            guard let newest = try await projects.get(project.id), newest.revision != project.revision else { return }
            written = newest
        }
    }

    /// Blocks. Whether there was something to change.
    static func write(_ record: ProjectRecord, into directory: SafeDirectory, author: ProjectAuthor) throws -> Bool {
        let path = try RelativePath(WorkspaceLayout.manifest)
        let old = try ProjectScaffold.manifest(ofProjectAt: directory.path)
        guard (old.title, old.summary, old.quality) != (record.title, record.description, record.quality) else {
            return false
        }
        let new = old.changing(title: record.title, summary: record.description, quality: record.quality)
        try DurableFile.write(
            try new.fileContents(), to: FileDestination(in: directory, at: path), replacing: true)
        try ProjectRepository.commit(
            at: directory.path, files: [path.text], message: "Change the project's settings", author: author)
        return true
    }
}
