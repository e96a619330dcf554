public import FoundationEssentials

/// An event that is stored with the change it reports and can be replayed: what happened, and around it which event it
/// is, whose and when. On the wire it is one flat object.
public struct DurableEvent<Content: Sendable & Hashable & Codable>: Sendable, Hashable {
    /// The event's opaque id.
    public var id: String
    /// The project's name.
    public var project: String
    /// What happened.
    public var content: Content
    /// When it happened.
    public var at: Date

    /// The event.
    ///
    /// - Parameters:
    ///   - id: The event's opaque id.
    ///   - project: The project's name.
    ///   - content: What happened.
    ///   - at: When it happened.
    public init(id: String, project: String, _ content: Content, at: Date) {
        self.id = id
        self.project = project
        self.content = content
        self.at = at
    }
}

extension DurableEvent: Codable {
    private enum Key: String, CodingKey { case id, project, at }

    /// Reads an event.
    ///
    /// - Parameter decoder: The decoder positioned at the object.
    /// - Throws: `DecodingError` where the object lacks what belongs to it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            id: try container.decode(String.self, forKey: .id),
            project: try container.decode(String.self, forKey: .project), try Content(from: decoder),
            at: try container.decode(Date.self, forKey: .at))
    }

    /// Writes the event, its content's members beside its own.
    ///
    /// - Parameter encoder: The encoder to write to.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(id, forKey: .id)
        try container.encode(project, forKey: .project)
        try container.encode(at, forKey: .at)
        try content.encode(to: encoder)
    }
}
