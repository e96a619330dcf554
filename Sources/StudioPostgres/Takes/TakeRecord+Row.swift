import FoundationEssentials
import QueueProtocol

/// A take's row as `to_jsonb` writes it, for statements that answer with whole rows of several tables.
struct TakeRow: Decodable {
    var record: TakeRecord

    private enum Key: String, CodingKey {
        case id, shot, version, number, path, port, sha256, attempt, probe, provenance, rating, circled, revision
        case tenant = "tenant_id"
        case project = "project_id"
        case job = "job_id"
        case mediaType = "media_type"
        case sizeBytes = "size_bytes"
        case commit = "commit_id"
        case hasThumbnail = "has_thumbnail"
        case createdAt = "created_at"
        case publishedAt = "published_at"
    }

    init(from decoder: any Decoder) throws {
        let row = try decoder.container(keyedBy: Key.self)
        record = TakeRecord(
            id: try row.decode(TakeID.self, forKey: .id), tenant: try row.decode(TenantID.self, forKey: .tenant),
            project: try row.decode(ProjectID.self, forKey: .project), job: try row.decode(JobID.self, forKey: .job),
            shot: try row.decode(String.self, forKey: .shot), version: try row.decode(Int.self, forKey: .version),
            number: try row.decode(Int.self, forKey: .number), path: try row.decode(String.self, forKey: .path),
            mediaType: try row.decode(String.self, forKey: .mediaType),
            port: try row.decodeIfPresent(String.self, forKey: .port),
            sha256: try row.decodeIfPresent(String.self, forKey: .sha256),
            sizeBytes: try row.decodeIfPresent(Int64.self, forKey: .sizeBytes),
            attempt: try row.decodeIfPresent(Int.self, forKey: .attempt),
            probe: try row.decodeIfPresent(JSONValue.self, forKey: .probe),
            provenance: try row.decodeIfPresent(JSONValue.self, forKey: .provenance),
            commit: try row.decodeIfPresent(String.self, forKey: .commit),
            hasThumbnail: try row.decode(Bool.self, forKey: .hasThumbnail),
            rating: try row.decodeIfPresent(Int.self, forKey: .rating),
            circled: try row.decode(Bool.self, forKey: .circled),
            revision: try row.decode(Int.self, forKey: .revision),
            createdAt: try row.decode(Date.self, forKey: .createdAt),
            publishedAt: try row.decodeIfPresent(Date.self, forKey: .publishedAt))
    }
}

extension TakeRecord {
    /// What `init(_ row:)` reads, from `takes t`.
    static let columns = """
        t.id, t.tenant_id, t.project_id, t.job_id, t.shot, t.version, t.number, t.path, t.media_type, t.port, t.sha256,
        t.size_bytes, t.attempt, t.probe, t.provenance, t.commit_id, t.has_thumbnail, t.rating, t.circled, t.revision,
        t.created_at, t.published_at
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        id = try row.decode("id")
        tenant = try row.decode("tenant_id")
        project = try row.decode("project_id")
        job = try row.decode("job_id")
        shot = try row.decode("shot")
        version = try row.decode("version")
        number = try row.decode("number")
        path = try row.decode("path")
        mediaType = try row.decode("media_type")
        port = try row.decode("port")
        sha256 = try row.decode("sha256")
        sizeBytes = try row.decode("size_bytes")
        attempt = try row.decode("attempt")
        probe = try row.decode("probe")
        provenance = try row.decode("provenance")
        commit = try row.decode("commit_id")
        hasThumbnail = try row.decode("has_thumbnail")
        rating = try row.decode("rating")
        circled = try row.decode("circled")
        revision = try row.decode("revision")
        createdAt = try row.decode("created_at")
        publishedAt = try row.decode("published_at")
    }
}
