import QueueProtocol
import StudioCore
import StudioPostgres

/// Turns what becomes of jobs into the board of this worker and into events for monitors.
struct NodeReports: Sendable {
    /// The least time between two words on one job's progress: monitors are read by people.
    static let progressInterval = Duration.milliseconds(500)

    let board: TaskBoard
    let events: NodeEvents

    /// Takes news in; returns at once.
    func tell(_ job: ClaimedJob, _ news: JobNews) {
        let key = AttemptKey(job: job.id, attempt: job.attempt)
        switch news {
        case .began:
            board.begin(job)
            events.tell(Self.beginning(of: job))
        case .progress(let report):
            guard events.isEnabled, board[key]?.isDue(after: Self.progressInterval) ?? false else { return }
            events.tell([.progress(CeleryTaskFacts.id(of: job), result: Self.text(report))])
        case .succeeded, .failed, .cancelled, .released, .lost:
            let running = board.end(key)
            guard events.isEnabled else { return }
            let runtime = running.map { (ContinuousClock.now - $0.began) / .seconds(1) } ?? 0
            events.tell(Self.end(of: job, news, runtime: runtime))
        }
    }

    /// A job that had an attempt before may have ended in a monitor's eyes.
    private static func beginning(of job: ClaimedJob) -> [CeleryEvent] {
        let facts = CeleryTaskFacts(job)
        let first: [CeleryEvent] = job.attempt > 1 ? [.reopened(facts.id)] : []
        return first + [.received(facts, retries: job.countedAttempts), .started(facts.id)]
    }

    private static func end(of job: ClaimedJob, _ news: JobNews, runtime: Double) -> [CeleryEvent] {
        let id = CeleryTaskFacts.id(of: job)
        switch news {
        case .succeeded(let take):
            return [.succeeded(id, result: PythonRepr.text(result(of: job, take)), runtime: runtime)]
        case .failed(let failure, let again):
            let exception = exception(failure)
            return again
                ? [.retried(id, exception: exception)]
                : [.failed(id, exception: exception, traceback: failure.logTail ?? "")]
        case .cancelled: return [.revoked(id, terminated: true)]
        case .released: return [.retried(id, exception: PythonRepr.exception("WorkerStopped", "the worker stops"))]
        case .began, .progress, .lost: return []
        }
    }

    private static func result(of job: ClaimedJob, _ take: TakeRecord?) -> JSONValue {
        guard let take else { return ["job_id": .string(job.id.description)] }
        return [
            "job_id": .string(job.id.description), "take": .string(take.id.description), "path": .string(take.path),
            "number": .integer(Int64(take.number)),
        ]
    }

    /// The exception that Celery's clients get for a failure: its code as the name of a class.
    private static func exception(_ failure: JobFailure) -> String {
        let words = failure.code.rawValue.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }
        return PythonRepr.exception(words.joined(), failure.message)
    }

    private static func text(_ report: ProgressReport) -> String {
        var progress: [String: JSONValue] = [
            "percent": .number((report.progress * 1000).rounded() / 10), "stage": .string(report.stage),
        ]
        if !report.message.isEmpty { progress["message"] = .string(report.message) }
        if let left = report.etaSeconds { progress["eta_seconds"] = .integer(Int64(left.rounded())) }
        return PythonRepr.text(.object(progress))
    }
}
