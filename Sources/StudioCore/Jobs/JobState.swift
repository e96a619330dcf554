/// Where a job stands. PostgreSQL holds the same table of what may follow what in a trigger.
public enum JobState: String, Sendable, Hashable, Codable, CaseIterable {
    /// A job it depends on has not succeeded yet; the success of the last one moves it on.
    case waiting
    /// Ready to be taken by a worker; a claim moves it on.
    case queued
    /// A worker holds its lease; the worker, or the recovery when the lease runs out, moves it on. It waits again where the
    /// worker finds a file of a canvas' cache gone that it was to read: until that is made anew.
    case running
    /// Done, its take published. Nothing moves it on.
    case succeeded
    /// Given up, with a cause; only a retry that a person asks for moves it on.
    case failed
    /// Stopped because somebody asked; only a retry moves it on.
    case cancelled

    /// Whether the job is done with, unless a person retries it.
    public var isFinished: Bool { self == .succeeded || self == .failed || self == .cancelled }

    /// The states that may follow this one.
    public var successors: Set<JobState> {
        switch self {
        case .waiting: [.queued, .failed, .cancelled]
        case .queued: [.running, .failed, .cancelled]
        case .running: [.succeeded, .failed, .cancelled, .queued, .waiting]
        case .failed, .cancelled: [.queued, .waiting]
        case .succeeded: []
        }
    }
}
