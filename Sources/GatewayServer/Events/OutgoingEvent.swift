import FoundationEssentials
import NIOCore
import QueueProtocol
import StudioPostgres

/// An event as it goes out: encoded once, however many clients hear it.
struct OutgoingEvent: Sendable {
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
    init(_ event: StoredEvent) throws {
        let wire = try Self.wire(event)
        self.init(
            json: try JSONText.compact(wire), cursor: event.cursor, tenant: event.tenant, project: event.project,
            job: event.job, kind: wire.type, endsJob: Self.endsJob(wire))
    }

    /// Progress.
    init(_ report: ProgressReport, projectName: String) throws {
        let wire = QueueProtocol.StudioEvent.jobProgress(JobProgress(report, project: projectName))
        self.init(
            json: try JSONText.compact(wire), cursor: nil, tenant: nil, project: report.project, job: report.job,
            kind: wire.type, endsJob: false)
    }

    /// An answer to one client: what it subscribed to, or what was wrong.
    init(answer: some Encodable, kind: String) throws {
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

    private static func endsJob(_ wire: QueueProtocol.StudioEvent) -> Bool {
        guard case .jobState(let event) = wire else { return false }
        return ["succeeded", "failed", "cancelled"].contains(event.content.state)
    }

    private struct JobStatePayload: Decodable {
        let state: String
        let attempt: Int
        let failure: JSONValue?
    }

    private struct ProjectPayload: Decodable {
        let change: String
    }

    private static func wire(_ event: StoredEvent) throws -> QueueProtocol.StudioEvent {
        let payload = try JSONText.compact(event.payload)
        func durable<Content>(_ content: Content) -> DurableEvent<Content> {
            DurableEvent(id: event.cursor.description, project: event.projectName, content, at: event.at)
        }
        switch (event.kind, event.job) {
        case (.jobState, .some(let job)):
            let state = try JSONText.decode(JobStatePayload.self, from: payload)
            return .jobState(
                durable(
                    JobStateChange(job: job, state: state.state, attempt: state.attempt, failure: state.failure)))
        case (.takeCreated, _):
            return .takeCreated(durable(try JSONText.decode(TakeCreation.self, from: payload)))
        case (.projectChanged, _):
            let change = try JSONText.decode(ProjectPayload.self, from: payload)
            return .projectChanged(durable(ProjectChange(change: change.change, detail: event.payload)))
        case (.jobState, nil):
            throw DecodingError.valueNotFound(
                JobID.self, .init(codingPath: [], debugDescription: "the event names no job"))
        }
    }
}
