/// How much effort a job is worth: what `low` and `high` change is written in each function's manifest.
public enum QualityTier: String, Sendable, Hashable, Codable, CaseIterable {
    /// Fast and small, for trying things out.
    case low
    /// The default.
    case standard
    /// As good as the function can.
    case high
}
