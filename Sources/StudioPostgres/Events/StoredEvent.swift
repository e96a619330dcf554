package import FoundationEssentials
package import QueueProtocol

/// A place in the stream of durable events; its text form `<xid>.<id>` is the event id that clients see.
package struct EventCursor: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The transaction that wrote the event.
    package var transaction: UInt64
    package var id: Int64

    package init(transaction: UInt64, id: Int64) {
        self.transaction = transaction
        self.id = id
    }

    /// Reads the text form; nil where it is none.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let transaction = UInt64(parts[0]), let id = Int64(parts[1])
        else { return nil }
        self.init(transaction: transaction, id: id)
    }

    package var description: String { "\(transaction).\(id)" }

    package static func < (left: EventCursor, right: EventCursor) -> Bool {
        (left.transaction, left.id) < (right.transaction, right.id)
    }
}

/// A durable event.
package struct StoredEvent: Sendable, Hashable {
    /// What happened.
    package enum Kind: String, Sendable, Hashable, Codable {
        /// Payload: `state`, `attempt`, `failure` where there is one, and `run`, `node`, `index` and `shared` of a run's job.
        case jobState = "job.state"
        /// Payload: `take`, `job`, `shot`, `version`, `number`, `path`, `mediaType`, `sha256`, `sizeBytes`.
        case takeCreated = "take.created"
        /// Payload: `change` (created, updated, archived, restored, adopted, canvas), `revision`; of a canvas also `canvas`,
        /// `etag` (null where it was deleted) and `by`.
        case projectChanged = "project.changed"
        /// Payload: `change` (added, changed, removed), `path`, `sha256`, `sizeBytes`.
        case assetChanged = "asset.changed"
        /// Payload: `run`, `canvas`, `state`.
        case runState = "run.state"
    }
    package var cursor: EventCursor
    package var kind: Kind
    package var tenant: TenantID
    package var project: ProjectID
    package var projectName: String
    package var job: JobID?
    package var payload: JSONValue
    package var at: Date
}

/// Whose events to read.
package enum EventScope: Sendable, Hashable {
    /// Every project's: the gateway's own tail.
    case all
    case project(ProjectID)
    case job(JobID)
}
