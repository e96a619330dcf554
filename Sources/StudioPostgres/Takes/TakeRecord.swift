package import FoundationEssentials
package import QueueProtocol

/// A take's row, published or still being written.
package struct TakeRecord: Sendable, Hashable {
    package var id: TakeID
    package var tenant: TenantID
    package var project: ProjectID
    package var job: JobID
    package var shot: String
    package var version: Int
    package var number: Int
    /// Below the project's folder.
    package var path: String
    package var mediaType: String
    /// The output of its function that it is made of; nil while it is being written, and in old rows.
    package var port: String?
    /// Hexadecimal; set once an attempt has a finished file.
    package var sha256: String?
    package var sizeBytes: Int64?
    /// The attempt that made the finished file.
    package var attempt: Int?
    package var probe: JSONValue?
    package var provenance: JSONValue?
    package var commit: String?
    package var hasThumbnail: Bool
    package var rating: Int?
    package var circled: Bool
    /// Raised by every rating; the ETag.
    package var revision: Int
    package var createdAt: Date
    /// Nil while it is being written.
    package var publishedAt: Date?
}

/// What becomes known when a take is finished.
package struct PublishedTake: Sendable, Hashable {
    package var take: TakeID
    package var job: JobID
    package var attempt: Int
    package var sha256: String
    package var sizeBytes: Int64
    package var probe: JSONValue
    package var provenance: JSONValue
    /// The Git commit that holds it.
    package var commit: String
    package var hasThumbnail: Bool
    /// The output of the function that its media is; nil where that is not known.
    package var port: String?

    package init(
        take: TakeID, job: JobID, attempt: Int, sha256: String, sizeBytes: Int64, probe: JSONValue,
        provenance: JSONValue, commit: String, hasThumbnail: Bool, port: String? = nil
    ) {
        self.take = take
        self.job = job
        self.attempt = attempt
        self.sha256 = sha256
        self.sizeBytes = sizeBytes
        self.probe = probe
        self.provenance = provenance
        self.commit = commit
        self.hasThumbnail = hasThumbnail
        self.port = port
    }
}

/// What publishing did beyond the take itself.
package struct Publication: Sendable, Hashable {
    package var take: TakeRecord
    /// Jobs that waited for this one and are queued now; the dispatcher owes them a message.
    package var releasedJobs: [JobID]
}
