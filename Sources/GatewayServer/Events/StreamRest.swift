import StudioCore
import Synchronization

/// Whether the gateway follows the stream of events at all: nobody has to read what nobody hears.
///
/// Without sessions it rests. The first session that comes makes it pick the stream up where it is by then, and what
/// clients ask for meanwhile waits for that, so that every subscription begins at a place the stream is read from.
final class StreamRest: Sendable {
    private struct State {
        var sessions = 0
        var isResting = false
        var isOver = false
        /// One for each session at most: a session's commands are worked on one by one.
        var waiting: [CheckedContinuation<Void, any Error>] = []
    }

    private let state = Mutex(State())

    /// A session was opened.
    ///
    /// - Returns: Whether the stream has to be picked up for it.
    func opened() -> Bool {
        state.withLock { state in
            state.sessions += 1
            return state.isResting
        }
    }

    /// A session was closed.
    func closed() { state.withLock { $0.sessions -= 1 } }

    /// Whether to rest: there is no session. From then on the stream counts as left. Who waits has gone meanwhile.
    func begin() -> Bool {
        let (rests, gone) = state.withLock { state -> (Bool, [CheckedContinuation<Void, any Error>]) in
            guard state.sessions == 0 else { return (false, []) }
            state.isResting = true
            defer { state.waiting = [] }
            return (true, state.waiting)
        }
        for waiting in gone { waiting.resume(throwing: Self.isOver) }
        return rests
    }

    private static let isOver = StudioError(.unavailable, "events are not told here any more")

    /// Whether the stream was left and is not picked up again.
    var isResting: Bool { state.withLock { $0.isResting } }

    /// The stream is followed again.
    func end() {
        for waiting in takeWaiting({ $0.isResting = false }) { waiting.resume() }
    }

    /// The stream cannot be picked up now: who waits is told, and who comes waits for the next try.
    func fail(_ error: any Error) {
        for waiting in takeWaiting({ _ in }) { waiting.resume(throwing: error) }
    }

    /// The stream will not be followed any more.
    func stop() {
        for waiting in takeWaiting({ $0.isOver = true }) { waiting.resume(throwing: Self.isOver) }
    }

    /// Returns when the stream is followed. To be asked for an open session only.
    ///
    /// - Throws: What ``fail(_:)`` was told, or `unavailable` after ``stop()`` or where the session has gone.
    func untilFollowed() async throws {
        try await withCheckedThrowingContinuation { continuation in
            let answer: Result<Void, any Error>? = state.withLock { state in
                if state.isOver { return .failure(Self.isOver) }
                guard state.isResting else { return .success(()) }
                state.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(with: answer) }
        }
    }

    private func takeWaiting(_ change: (inout State) -> Void) -> [CheckedContinuation<Void, any Error>] {
        state.withLock { state in
            change(&state)
            defer { state.waiting = [] }
            return state.waiting
        }
    }
}
