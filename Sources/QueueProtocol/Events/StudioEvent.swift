/// What the server tells clients over the WebSocket and the event stream; one JSON object each, told apart by `type`.
///
/// Durable events carry an `id`, are stored with the change they report, and can be replayed. Progress and errors carry
/// none.
public enum StudioEvent: Sendable, Hashable {
    /// A job's state changed: `job.state`, durable.
    case jobState(DurableEvent<JobStateChange>)
    /// A running job came further: `job.progress`; the newest wins.
    case jobProgress(JobProgress<String>)
    /// A take was published: `take.created`, durable.
    case takeCreated(DurableEvent<TakeCreation>)
    /// A project's documents or settings changed: `project.changed`, durable.
    case projectChanged(DurableEvent<ProjectChange>)
    /// A file came into a project's asset folder, changed, or went: `asset.changed`, durable.
    case assetChanged(DurableEvent<AssetChange>)
    /// A canvas' run began, went on, or ended: `run.state`, durable.
    case runState(DurableEvent<RunStateChange>)
    /// Something the client sent cannot be done: `error`.
    case error(ErrorNotice)
    /// Something that a newer server says; the type it named. To be ignored.
    case unrecognised(String)

    /// The `type` that stands on the wire.
    public var type: String {
        switch self {
        case .jobState: "job.state"
        case .jobProgress: "job.progress"
        case .takeCreated: "take.created"
        case .projectChanged: "project.changed"
        case .assetChanged: "asset.changed"
        case .runState: "run.state"
        case .error: "error"
        case .unrecognised(let type): type
        }
    }

    /// The opaque id of a durable event, to be given as `since`; nil for all others.
    public var id: String? {
        switch self {
        case .jobState(let event): event.id
        case .takeCreated(let event): event.id
        case .projectChanged(let event): event.id
        case .assetChanged(let event): event.id
        case .runState(let event): event.id
        case .jobProgress, .error, .unrecognised: nil
        }
    }
}

extension StudioEvent: Codable {
    private enum Key: String, CodingKey { case type }

    /// Reads an event; a type that is not known becomes `unrecognised`.
    ///
    /// - Parameter decoder: The decoder positioned at the object.
    /// - Throws: `DecodingError` where there is no `type`, or a known type lacks what belongs to it.
    public init(from decoder: any Decoder) throws {
        let type = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .type)
        switch type {
        case "job.state": self = .jobState(try DurableEvent(from: decoder))
        case "job.progress": self = .jobProgress(try JobProgress(from: decoder))
        case "take.created": self = .takeCreated(try DurableEvent(from: decoder))
        case "project.changed": self = .projectChanged(try DurableEvent(from: decoder))
        case "asset.changed": self = .assetChanged(try DurableEvent(from: decoder))
        case "run.state": self = .runState(try DurableEvent(from: decoder))
        case "error": self = .error(try ErrorNotice(from: decoder))
        default: self = .unrecognised(type)
        }
    }

    /// Writes the event with its `type`.
    ///
    /// - Parameter encoder: The encoder to write to.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(type, forKey: .type)
        switch self {
        case .jobState(let event): try event.encode(to: encoder)
        case .jobProgress(let event): try event.encode(to: encoder)
        case .takeCreated(let event): try event.encode(to: encoder)
        case .projectChanged(let event): try event.encode(to: encoder)
        case .assetChanged(let event): try event.encode(to: encoder)
        case .runState(let event): try event.encode(to: encoder)
        case .error(let event): try event.encode(to: encoder)
        case .unrecognised: break
        }
    }
}
