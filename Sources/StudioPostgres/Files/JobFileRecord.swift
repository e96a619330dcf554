package import FoundationEssentials
package import QueueProtocol

/// A file that a job made and that is no take's media: in the cache, among the exports, or beside a take.
package struct JobFileRecord: Sendable, Hashable, Decodable {
    package var job: JobID
    /// The output of the function.
    package var port: String
    package var project: ProjectID
    /// Below the project's folder.
    package var path: String
    /// Whether it is what `job:<id>` means.
    package var isPrimary: Bool
    package var mediaType: String
    /// Hexadecimal.
    package var sha256: String
    package var sizeBytes: Int64
    /// The attempt that finished it.
    package var attempt: Int
    package var probe: JSONValue?
    package var createdAt: Date
    /// Nil while it is being put into its place.
    package var publishedAt: Date?
    /// Since when it is no longer there.
    package var removedAt: Date?

    private enum CodingKeys: String, CodingKey {
        case port, path, sha256, attempt, probe
        case job = "job_id"
        case project = "project_id"
        case isPrimary = "is_primary"
        case mediaType = "media_type"
        case sizeBytes = "size_bytes"
        case createdAt = "created_at"
        case publishedAt = "published_at"
        case removedAt = "removed_at"
    }
}

extension JobFileRecord {
    /// What `init(_ row:)` reads, from `job_files f`.
    static let columns = """
        f.job_id, f.port, f.project_id, f.path, f.is_primary, f.media_type, f.sha256, f.size_bytes, f.attempt, f.probe,
        f.created_at, f.published_at, f.removed_at
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        job = try row.decode("job_id")
        port = try row.decode("port")
        project = try row.decode("project_id")
        path = try row.decode("path")
        isPrimary = try row.decode("is_primary")
        mediaType = try row.decode("media_type")
        sha256 = try row.decode("sha256")
        sizeBytes = try row.decode("size_bytes")
        attempt = try row.decode("attempt")
        probe = try row.decode("probe")
        createdAt = try row.decode("created_at")
        publishedAt = try row.decode("published_at")
        removedAt = try row.decode("removed_at")
    }
}

/// A finished file, before it leaves the scratch folder.
package struct FinishedJobFile: Sendable, Hashable {
    package var port: String
    /// Where it goes, below the project's folder.
    package var path: String
    package var isPrimary: Bool
    package var mediaType: String
    package var sha256: String
    package var sizeBytes: Int64
    /// What it is; nil where that was not looked for.
    package var probe: JSONValue?

    package init(
        port: String, path: String, isPrimary: Bool, mediaType: String, sha256: String, sizeBytes: Int64,
        probe: JSONValue? = nil
    ) {
        self.port = port
        self.path = path
        self.isPrimary = isPrimary
        self.mediaType = mediaType
        self.sha256 = sha256
        self.sizeBytes = sizeBytes
        self.probe = probe
    }
}
