import QueueProtocol
import StudioCore
import StudioPostgres

/// What becomes of a job that runs here, told as it happens to whoever watches this worker.
enum JobNews: Sendable {
    /// It begins.
    case began
    /// It came further.
    case progress(ProgressReport)
    /// It is done; the take is what it made.
    case succeeded(TakeRecord?)
    /// It failed, and there will be another attempt where `again` says so.
    case failed(JobFailure, again: Bool)
    /// It was stopped because somebody asked to cancel.
    case cancelled
    /// It goes back to its queue, for this worker stops.
    case released
    /// It went on without this attempt, or how it ended could not be written down: others will tell.
    case lost
}
