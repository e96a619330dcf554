/// What an ``Assembly`` found and made.
public struct AssemblyOutcome: Sendable, Equatable, Codable {
    /// The frames written, those that were held included.
    public var frames: Int
    /// Whether sound was laid under them.
    public var hasSound: Bool
    /// What the pictures were found to be, those before the sequence's beginning left out.
    public var sequence: SequenceProbe
}
