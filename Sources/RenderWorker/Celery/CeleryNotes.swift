import Logging
import QueueProtocol
import StudioPostgres
import StudioRedis
import StudioSystem

/// Tells Celery's clients that their tasks have begun and how far they are. What a task came to a gateway tells.
///
/// Nothing here is waited for longer than a command of Redis takes, and no job fails for it: the next note, or the answer,
/// makes up for a lost one.
struct CeleryNotes: Sendable {
    let results: CeleryResults
    /// The name of this worker among Celery's.
    let node: String
    let processID: Int
    /// Who sends what follows a task that is answered here.
    let sender: @Sendable () -> CelerySender
    let logger: Logger

    /// A job has begun. To be called before its work: until then Celery's own workers take its task for one that may still be
    /// revoked.
    func started(_ job: ClaimedJob) async {
        await note(
            CeleryResult(
                .started, .object(["pid": .integer(processID), "hostname": .string(node)])), of: job)
    }

    /// A job came further.
    func progress(_ job: ClaimedJob, _ report: ProgressReport) async {
        await note(.progress(report), of: job)
    }

    private func note(_ result: CeleryResult, of job: ClaimedJob) async {
        guard let task = job.celery else { return }
        do {
            try await results.note(result, of: task, attempt: job.attempt)
        } catch {
            logger.debug("a task's state is not told", metadata: [LogKey.job: "\(job.id)", LogKey.error: "\(error)"])
        }
    }

    /// Says that nobody knows a task, with all that this means to those who wait.
    ///
    /// - Parameter task: The task.
    /// - Throws: `RedisError`, `CanvasError`.
    func refuse(_ task: CeleryTask) async throws {
        let sender = sender()
        try await results.answer(
            CeleryAnswer(task, .failure(.notRegistered(task.name), traceback: nil), from: sender), from: sender)
    }
}
