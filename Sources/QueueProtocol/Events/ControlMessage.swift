/// What a gateway tells workers over pub/sub. A worker that misses one learns the same from its heartbeat.
public enum ControlMessage: Sendable, Hashable {
    /// Cancel a job, where this worker runs it; with an attempt only that one.
    case cancel(job: JobID, attempt: Int?)
    /// Take no more jobs, finish those that run, and stop.
    case drain
    /// Something that a newer gateway says; the kind it named. To be ignored.
    case unrecognised(String)
}

extension ControlMessage: Codable {
    private enum Key: String, CodingKey { case kind, job, attempt }

    /// Reads a control message; a kind that is not known becomes `unrecognised`.
    ///
    /// - Parameter decoder: The decoder positioned at the object.
    /// - Throws: `DecodingError` where there is no `kind`, or a known kind lacks what belongs to it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let kind = try container.decode(String.self, forKey: .kind)
        switch kind {
        case "cancel":
            self = .cancel(
                job: try container.decode(JobID.self, forKey: .job),
                attempt: try container.decodeIfPresent(Int.self, forKey: .attempt))
        case "drain": self = .drain
        default: self = .unrecognised(kind)
        }
    }

    /// Writes the control message as an object with its `kind`.
    ///
    /// - Parameter encoder: The encoder to write to.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .cancel(let job, let attempt):
            try container.encode("cancel", forKey: .kind)
            try container.encode(job, forKey: .job)
            try container.encodeIfPresent(attempt, forKey: .attempt)
        case .drain: try container.encode("drain", forKey: .kind)
        case .unrecognised(let kind): try container.encode(kind, forKey: .kind)
        }
    }
}
