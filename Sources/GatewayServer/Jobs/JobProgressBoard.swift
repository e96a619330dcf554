import FoundationEssentials
import QueueProtocol
import Synchronization

/// The newest progress of each running job this gateway heard of. Memory only: progress is never stored, and whoever asks
/// for a job shortly after a gateway started sees 0 until its worker reports again.
final class JobProgressBoard: Sendable {
    private struct State {
        var reports: [JobID: ProgressReport] = [:]
        /// Jobs in the order in which they were first heard of, for the bound.
        var order: [JobID] = []
    }

    private let state = Mutex(State())
    private let limit: Int

    /// A board that remembers at most `limit` jobs; beyond it the oldest is forgotten.
    init(limit: Int = 10_000) {
        self.limit = limit
    }

    /// Notes a report; one of an earlier attempt, or one that was overtaken, is dropped.
    func note(_ report: ProgressReport) {
        state.withLock { state in
            if let known = state.reports[report.job] {
                guard (known.attempt, known.at) <= (report.attempt, report.at) else { return }
            } else {
                state.order.append(report.job)
            }
            state.reports[report.job] = report
            while state.reports.count > limit, !state.order.isEmpty {
                state.reports[state.order.removeFirst()] = nil
            }
        }
    }

    /// Forgets a job that runs no more.
    func forget(_ job: JobID) {
        state.withLock { state in
            guard state.reports.removeValue(forKey: job) != nil else { return }
            state.order.removeAll { $0 == job }
        }
    }

    /// The newest report of a job.
    func report(of job: JobID) -> ProgressReport? {
        state.withLock { $0.reports[job] }
    }
}
