import Logging
import QueueProtocol
import ServiceLifecycle
import StudioRedis
import Synchronization

/// Hears the progress of projects that somebody submitted to or asked about, and notes it on the board.
final class ProgressListener: Service {
    private let bus: EventBus
    private let board: JobProgressBoard
    private let limit: Int
    private let onReport: @Sendable (ProgressReport) async -> Void
    private let watched = Mutex<Set<ProjectID>>([])
    private let wanted: AsyncStream<ProjectID>
    private let want: AsyncStream<ProjectID>.Continuation

    /// A listener for at most `limit` projects; of more than that no progress is remembered. What is heard is also handed to
    /// `onReport`.
    init(
        bus: EventBus, board: JobProgressBoard, limit: Int = 2000,
        onReport: @escaping @Sendable (ProgressReport) async -> Void = { _ in }
    ) {
        self.onReport = onReport
        self.bus = bus
        self.board = board
        self.limit = limit
        // As many as may be watched: a project is yielded once.
        (wanted, want) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(limit))
    }

    /// Hears a project's progress from now on; returns at once.
    func watch(_ project: ProjectID) {
        let isNew = watched.withLock { watched in
            guard watched.count < limit else { return false }
            return watched.insert(project).inserted
        }
        if isNew { want.yield(project) }
    }

    /// Listens until the task is cancelled or the process is asked to stop.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for await project in self.wanted {
                    group.addTask { await self.listen(to: project) }
                }
                group.cancelAll()
            }
        }
    }

    private func listen(to project: ProjectID) async {
        guard let stream = try? await bus.progress(of: [project]) else { return }
        for await event in stream {
            guard case .value(let report) = event else { continue }
            board.note(report)
            await onReport(report)
        }
    }
}
