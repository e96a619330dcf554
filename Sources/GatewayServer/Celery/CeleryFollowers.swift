import Logging
import QueueProtocol
import StudioRedis
import Synchronization

/// Passes the progress of jobs on to tasks that follow them. A job that was made for a task is told of by its worker; those
/// who come to a job that is there already are known to this gateway alone, and with it they lose the news, not the answer.
final class CeleryFollowers: Sendable {
    /// How many jobs are followed at most; of more no progress is told.
    private static let most = 10_000

    private let results: CeleryResults
    private let logger: Logger
    private let tasks = Mutex<[JobID: [CeleryTask]]>([:])

    /// Followers of nobody yet.
    init(results: CeleryResults, logger: Logger) {
        self.results = results
        self.logger = logger
    }

    /// Has a task told of a job's progress from now on.
    func add(_ task: CeleryTask, to job: JobID) {
        guard !task.ignoresResult else { return }
        tasks.withLock { tasks in
            guard tasks[job] != nil || tasks.count < Self.most else { return }
            tasks[job, default: []].append(task)
        }
    }

    /// Forgets those who were answered.
    func forget(_ task: CeleryTask, of job: JobID) {
        tasks.withLock { tasks in
            tasks[job]?.removeAll { $0.id == task.id }
            if tasks[job]?.isEmpty ?? false { tasks[job] = nil }
        }
    }

    /// Tells those who follow a job how far it is.
    func tell(_ report: ProgressReport) async {
        for task in tasks.withLock({ $0[report.job] ?? [] }) {
            do {
                try await results.note(.progress(report), of: task, attempt: report.attempt)
            } catch {
                logger.debug("progress is not told", error: error, metadata: ["id": "\(task.id)"])
            }
        }
    }
}
