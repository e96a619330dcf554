import QueueProtocol
import StudioRedis
import Synchronization

/// Which projects' progress is listened to: one subscription for each project that any session has an interest in.
final class ProgressWatch: Sendable {
    private struct Watched {
        var holders = 0
        var stream: EventStream<ProgressReport>?
        var isFollowed = false
    }

    private let watched = Mutex<[ProjectID: Watched]>([:])

    /// One more has an interest; true where somebody must begin to ``follow(_:on:_:)``.
    func retain(_ project: ProjectID) -> Bool {
        watched.withLock { watched in
            watched[project, default: Watched()].holders += 1
            guard watched[project]?.isFollowed == false else { return false }
            watched[project]?.isFollowed = true
            return true
        }
    }

    /// One has lost it; with the last the subscription ends.
    func release(_ project: ProjectID) {
        let stream = watched.withLock { watched -> EventStream<ProgressReport>? in
            watched[project]?.holders -= 1
            guard let entry = watched[project], entry.holders <= 0 else { return nil }
            if !entry.isFollowed { watched[project] = nil }
            return entry.stream
        }
        stream?.cancel()
    }

    /// Nobody follows the project any more, such as when it could not be found.
    func stopped(_ project: ProjectID) {
        watched.withLock { watched in
            watched[project]?.isFollowed = false
            watched[project]?.stream = nil
            if let entry = watched[project], entry.holders <= 0 { watched[project] = nil }
        }
    }

    /// Hears a project's progress until nobody has an interest any more or the task is cancelled.
    func follow(_ project: ProjectID, on bus: EventBus, _ body: @Sendable (ProgressReport) -> Void) async {
        while goesOn(project) {
            guard !Task.isCancelled, let stream = try? await bus.progress(of: [project]) else {
                return stopped(project)
            }
            guard keep(stream, for: project) else { continue }
            for await event in stream {
                // What was missed while Redis was away is made up for by the next report.
                if case .value(let report) = event { body(report) }
            }
        }
    }

    /// Whether anybody still has an interest; where nobody has, the next one begins anew.
    private func goesOn(_ project: ProjectID) -> Bool {
        watched.withLock { watched in
            if let entry = watched[project], entry.holders > 0 { return true }
            watched[project] = nil
            return false
        }
    }

    private func keep(_ stream: EventStream<ProgressReport>, for project: ProjectID) -> Bool {
        watched.withLock { watched in
            guard let entry = watched[project], entry.holders > 0 else { return false }
            watched[project]?.stream = stream
            return true
        }
    }
}
