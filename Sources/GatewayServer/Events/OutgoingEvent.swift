import FoundationEssentials
import NIOCore
import QueueProtocol
import StudioPostgres

/// An event as it goes out: encoded once, however many clients hear it, and one reference in each of their queues.
final class OutgoingEvent: Sendable {
    /// Its place in the stream; nil for progress.
    let cursor: EventCursor?
    let tenant: TenantID?
    let project: ProjectID?
    let job: JobID?
    /// The `type` on the wire.
    let kind: String
    /// Whether it says that its job is done with.
    let endsJob: Bool
    /// The JSON object, without a frame.
    let json: ByteBuffer
    /// The same as a whole WebSocket text frame of a server.
    let frame: ByteBuffer

    /// A durable event.
    ///
    /// Throws `DecodingError` where its payload is not what its kind has.
    convenience init(_ event: StoredEvent) throws {
        let (json, endsJob) = try Self.encoded(event)
        self.init(
            json: json, cursor: event.cursor, tenant: event.tenant, project: event.project, job: event.job,
            kind: event.kind.rawValue, endsJob: endsJob)
    }

    /// Progress.
    convenience init(_ report: ProgressReport, projectName: String) throws {
        let wire = QueueProtocol.StudioEvent.jobProgress(JobProgress(report, project: projectName))
        self.init(
            json: try JSONText.compact(wire), cursor: nil, tenant: nil, project: report.project, job: report.job,
            kind: wire.type, endsJob: false)
    }

    /// An answer to one client: what it subscribed to, or what was wrong.
    convenience init(answer: some Encodable, kind: String) throws {
        self.init(
            json: try JSONText.compact(answer), cursor: nil, tenant: nil, project: nil, job: nil, kind: kind,
            endsJob: false)
    }

    private init(
        json: Data, cursor: EventCursor?, tenant: TenantID?, project: ProjectID?, job: JobID?, kind: String,
        endsJob: Bool
    ) {
        self.cursor = cursor
        self.tenant = tenant
        self.project = project
        self.job = job
        self.kind = kind
        self.endsJob = endsJob
        self.json = ByteBuffer(bytes: json)
        frame = WebSocketFrames.text(self.json)
    }

    /// `JobStateChange` of a job, put together by hand: several for every job there is.
    private static func jobState(_ event: StoredEvent) throws -> (json: Data, endsJob: Bool) {
        guard let job = event.job, case .object(let payload) = event.payload, let state = payload["state"]?.stringValue,
            let attempt = payload["attempt"]?.intValue
        else {
            throw DecodingError.valueNotFound(
                JobID.self, .init(codingPath: [], debugDescription: "the event names no job, state or attempt"))
        }
        var members = JSONMembers()
        members.add("type", "job.state")
        members.add("id", event.cursor.description)
        members.add("project", event.projectName)
        members.add("at", Timestamp.text(event.at))
        members.add("job", job.description)
        members.add("state", state)
        members.add("attempt", attempt)
        if let failure = payload["failure"], !failure.isNull {
            members.add("failure", written: Array(try JSONText.compact(failure)))
        }
        if let run = payload["run"]?.stringValue {
            members.add("run", run)
            members.add("node", payload["node"]?.stringValue ?? "")
            if let index = payload["index"]?.intValue { members.add("index", index) }
            if let shared = payload["shared"], !shared.isNull {
                members.add("shared", written: Array(try JSONText.compact(shared)))
            }
        }
        return (Data(members.document), state == "succeeded" || state == "failed" || state == "cancelled")
    }

    private struct ProjectPayload: Decodable {
        let change: String
    }

    private static func encoded(_ event: StoredEvent) throws -> (json: Data, endsJob: Bool) {
        func durable<Content>(_ content: Content) -> DurableEvent<Content> {
            DurableEvent(id: event.cursor.description, project: event.projectName, content, at: event.at)
        }
        let wire: QueueProtocol.StudioEvent
        switch event.kind {
        case .jobState: return try jobState(event)
        case .takeCreated:
            wire = .takeCreated(
                durable(try JSONText.decode(TakeCreation.self, from: try JSONText.compact(event.payload))))
        case .assetChanged:
            wire = .assetChanged(
                durable(try JSONText.decode(AssetChange.self, from: try JSONText.compact(event.payload))))
        case .runState:
            wire = .runState(
                durable(try JSONText.decode(RunStateChange.self, from: try JSONText.compact(event.payload))))
        case .projectChanged:
            let change = try JSONText.decode(ProjectPayload.self, from: try JSONText.compact(event.payload))
            wire = .projectChanged(durable(ProjectChange(change: change.change, detail: event.payload)))
        }
        return (try JSONText.compact(wire), false)
    }
}
