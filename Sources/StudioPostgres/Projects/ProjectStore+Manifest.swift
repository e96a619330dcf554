package import FoundationEssentials
package import QueueProtocol

/// A project whose `project.json` may not say yet what its row says.
package struct DueManifest: Sendable, Hashable {
    package var project: ProjectID
    /// The project's name, for logs.
    package var name: String
    /// Since the last change of the row.
    package var since: Date
    /// Who made that change; nil where it was the studio itself.
    package var author: UserID?
}

/// Keeps in mind which rows have been changed and not been written to `project.json` yet: `update` notes it with the change,
/// so that a crash between the two cannot lose it.
extension ProjectStore {
    /// The manifests that are due, the oldest change first.
    package func manifestsDue() async throws -> [DueManifest] {
        try await database.withConnection { connection in
            try connection.query(ManifestSQL.due).map { row in
                DueManifest(
                    project: try row.decode("id"), name: try row.decode("name"),
                    since: try row.decode("manifest_due_at"),
                    author: try row.decode("manifest_due_by"))
            }
        }
    }

    /// Notes that `project.json` says what the row said; where the row was changed since, the manifest stays due.
    ///
    /// - Parameters:
    ///   - id: The project.
    ///   - revision: The row's revision that was written.
    /// - Throws: `PostgresError`.
    package func manifestIsWritten(_ id: ProjectID, revision: Int) async throws {
        _ = try await database.withConnection { connection in
            try connection.execute(ManifestSQL.written, [.id(id), .int(revision)])
        }
    }

    private enum ManifestSQL {
        static let due = """
            SELECT id, name, manifest_due_at, manifest_due_by FROM projects
            WHERE manifest_due_at IS NOT NULL AND scaffolded_at IS NOT NULL ORDER BY manifest_due_at, id
            """
        static let written = """
            UPDATE projects SET manifest_due_at = NULL, manifest_due_by = NULL
            WHERE id = $1 AND revision = $2 AND manifest_due_at IS NOT NULL
            """
    }
}
