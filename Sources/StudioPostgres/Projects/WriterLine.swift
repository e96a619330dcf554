import QueueProtocol
import StudioCore
import Synchronization

/// Lets so many writers in at a time, one for each project. The others wait in the order they came.
package final class WriterLine: Sendable {
    /// What the line holds.
    package struct Bounds: Sendable {
        /// Writers that wait, of all projects; the next is refused.
        package var waiting = 128
        /// Writers that wait for one project; the next is refused.
        package var waitingForOne = 32
        /// How long one waits before it is refused.
        package var patience: Duration = .seconds(30)

        package init() {}
    }

    /// Too many wait, or one has waited long enough.
    static let busy = StudioError(
        .unavailable, "others are writing to this project at the moment; please try again", retryAfterSeconds: 2)

    private struct Waiter {
        let id: UInt64
        let project: ProjectID
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var writing: Set<ProjectID> = []
        var waiting: [Waiter] = []
        var nextID: UInt64 = 0
    }

    private let places: Int
    private let bounds: Bounds
    private let clock: any Clock<Duration>
    private let state = Mutex(State())

    init(places: Int, bounds: Bounds, clock: any Clock<Duration>) {
        self.places = places
        self.bounds = bounds
        self.clock = clock
    }

    /// How many wait.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Waits for a turn; to be followed by ``leave(_:)``.
    ///
    /// - Throws: ``busy``; `CancellationError`. Then the writer has no turn.
    func enter(_ project: ProjectID) async throws {
        if state.withLock({ admits(project, &$0) }) { return }
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let alarm = Task {
            try await clock.sleep(for: bounds.patience)
            giveUp(id, because: Self.busy)
        }
        defer { alarm.cancel() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let decided = state.withLock { state -> Result<Void, any Error>? in
                    // Cancellation marks the task before its handler runs, so one of the two sees the other.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if admits(project, &state) { return .success(()) }
                    guard state.waiting.count < bounds.waiting,
                        state.waiting.count(where: { $0.project == project }) < bounds.waitingForOne
                    else { return .failure(Self.busy) }
                    state.waiting.append(Waiter(id: id, project: project, continuation: continuation))
                    return nil
                }
                if let decided { continuation.resume(with: decided) }
            }
        } onCancel: {
            giveUp(id, because: CancellationError())
        }
    }

    /// Ends a turn, and gives the place to the first who can have it.
    func leave(_ project: ProjectID) {
        let next = state.withLock { state -> Waiter? in
            state.writing.remove(project)
            return state.waiting.firstIndex { !state.writing.contains($0.project) }.map { index in
                state.writing.insert(state.waiting[index].project)
                return state.waiting.remove(at: index)
            }
        }
        next?.continuation.resume()
    }

    /// Nobody waits who could be let in, so whoever can be is first.
    private func admits(_ project: ProjectID, _ state: inout State) -> Bool {
        guard state.writing.count < places, !state.writing.contains(project) else { return false }
        state.writing.insert(project)
        return true
    }

    private func giveUp(_ id: UInt64, because error: any Error) {
        let waiter = state.withLock { state in
            state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0) }
        }
        waiter?.continuation.resume(throwing: error)
    }
}
