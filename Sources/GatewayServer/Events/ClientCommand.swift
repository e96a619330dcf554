import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioPostgres

/// What a client is interested in, in its own words.
enum EventTopic: Sendable, Hashable {
    /// A project of the caller's tenant, by name.
    case project(String)
    case job(JobID)
    /// All projects of the caller's tenant.
    case tenant
}

/// What a client sends over the WebSocket.
enum ClientCommand: Sendable, Hashable {
    /// Tell me of this; with `since` also what came after that event.
    case subscribe(EventTopic, since: EventCursor?)
    case unsubscribe(EventTopic)

    private struct Wire: Decodable {
        let type: String
        let project: String?
        let job: String?
        let all: Bool?
        let since: String?
    }

    /// Reads a frame's text.
    ///
    /// Throws `validation-failed` where it is no JSON, no known command, or names not exactly one topic.
    init(_ text: Data) throws(StudioError) {
        let wire: Wire
        do {
            wire = try JSONBody.decode(Wire.self, from: text)
        } catch let error as StudioError {
            throw error
        } catch {
            throw StudioError(.invalid, "the frame is not a JSON object")
        }
        let topic: EventTopic
        switch (wire.project, wire.job, wire.all ?? false) {
        case (.some(let project), nil, false): topic = .project(project)
        case (nil, .some(let text), false):
            guard let job = JobID(text) else { throw StudioError(.notFound, "there is no such job") }
            topic = .job(job)
        case (nil, nil, true): topic = .tenant
        default: throw StudioError(.invalid, "name either a project or a job, or all")
        }
        switch wire.type {
        case "subscribe": self = .subscribe(topic, since: try wire.since.map(Self.cursor))
        case "unsubscribe": self = .unsubscribe(topic)
        default: throw StudioError(.invalid, "type is subscribe or unsubscribe")
        }
    }

    /// Reads an event's id; `validation-failed` where it is none.
    static func cursor(_ text: String) throws(StudioError) -> EventCursor {
        guard let cursor = EventCursor(text) else {
            throw .invalid([Finding(pointer: "/since", code: "format", detail: "since is the id of an event")])
        }
        return cursor
    }
}

/// What the server answers to a `subscribe`.
struct SubscribedMessage: Encodable, Sendable {
    let type = "subscribed"
    let project: String?
    let job: JobID?
    /// Whether it answers a subscription to all projects.
    var all: Bool?
    /// The newest durable event there is; nil where there never was one. Not an `id`: it was not delivered.
    let newest: String?

    private enum Key: String, CodingKey { case type, project, job, all, newest }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(type, forKey: .type)
        try container.encodeIfPresent(project, forKey: .project)
        try container.encodeIfPresent(job, forKey: .job)
        try container.encodeIfPresent(all, forKey: .all)
        try container.encode(newest, forKey: .newest)
    }
}
