import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres

/// A take as clients see it.
struct TakeDocument: Encodable, Sendable {
    struct Links: Encodable, Sendable {
        let `self`: String
        let media: String
        let thumbnail: String?
        let job: String
    }

    let id: TakeID
    let project: String
    let job: JobID
    let shot: String
    let version: Int
    let number: Int
    let path: String
    let fileName: String
    let mediaType: String
    let sha256: String?
    let sizeBytes: Int64?
    let probe: JSONValue?
    /// What made it: job, function and version, parameters, input hashes, seed.
    let provenance: JSONValue?
    let commit: String?
    /// What its job made beside the media; only where one take is asked for.
    let files: [JobFileDocument]?
    let rating: Int?
    let circled: Bool
    /// Raised by every rating; the ETag.
    let revision: Int
    let createdAt: Date
    let publishedAt: Date?
    let links: Links

    init(_ take: TakeRecord, project: String, files: [JobFileRecord]? = nil) {
        id = take.id
        self.project = project
        job = take.job
        shot = take.shot
        version = take.version
        number = take.number
        path = take.path
        fileName = Self.fileName(of: take)
        mediaType = take.mediaType
        sha256 = take.sha256
        sizeBytes = take.sizeBytes
        probe = take.probe
        provenance = take.provenance
        commit = take.commit
        self.files = files?.map { JobFileDocument($0, of: "/api/v1/takes/\(take.id)") }
        rating = take.rating
        circled = take.circled
        revision = take.revision
        createdAt = take.createdAt
        publishedAt = take.publishedAt
        let path = "/api/v1/takes/\(take.id)"
        links = Links(
            self: path, media: path + "/media", thumbnail: take.hasThumbnail ? path + "/thumbnail" : nil,
            job: JobLinks.path(of: take.job))
    }

    /// The version of what people may change of it.
    static func etag(of take: TakeRecord) -> EntityTag { EntityTag(revision: take.revision) }

    static func fileName(of take: TakeRecord) -> String {
        take.path.split(separator: "/").last.map(String.init) ?? take.path
    }
}
