package import QueueProtocol

/// The manifest that a job was sold with.
package struct SoldFunction: Sendable, Hashable {
    /// SHA-256 of the manifest's canonical JSON in hexadecimal.
    package var digest: String
    package var manifest: JSONValue
}

extension JobStore {
    /// What a job was sold with, whatever the catalogue says today.
    ///
    /// - Parameter job: The job.
    /// - Returns: The function's revision; nil where there is no such job.
    /// - Throws: `PostgresError`.
    package func soldFunction(of job: JobID) async throws -> SoldFunction? {
        try await database.withConnection { connection in
            try connection.query(RevisionSQL.sold, [.id(job)]).first.map { row in
                SoldFunction(digest: try row.decode("digest"), manifest: try row.decode("manifest"))
            }
        }
    }

    private enum RevisionSQL {
        static let sold = """
            SELECT r.digest, r.manifest FROM jobs j JOIN function_revisions r ON r.digest = j.function_revision
            WHERE j.id = $1
            """
    }
}
