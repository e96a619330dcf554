import Dispatch
import Synchronization

/// Calls that wait for a connection, in the order they came.
final class WorkQueue: Sendable {
    /// One call.
    struct Work: Sendable {
        let ticket: Ticket
        /// Until when it may wait for a server that is away.
        let deadline: ContinuousClock.Instant
        /// Runs it, or tells it why not. Called exactly once.
        let perform: @Sendable (Result<PostgresConnection, PostgresError>) -> Void
    }

    /// Names a call, so that its caller can take it back.
    final class Ticket: Sendable {
        fileprivate let isCancelled = Atomic(false)
    }

    private struct State {
        var waiting: [Work] = []
        var isClosed = false
        var threads = 0
        /// Those who wait for the last thread to leave.
        var leaving: [CheckedContinuation<Void, Never>] = []
    }

    private let limit: Int
    private let state = Mutex(State())
    /// Counts what was added; a thread that finds nothing (it was cancelled) waits again.
    private let added = DispatchSemaphore(value: 0)
    /// Left when the queue closes: wakes those that wait for a server.
    private let closing = DispatchGroup()

    init(limit: Int) {
        self.limit = limit
        closing.enter()
    }

    deinit { close() }

    func threadBegins() { state.withLock { $0.threads += 1 } }

    func threadEnds() {
        let leaving = state.withLock { state in
            state.threads -= 1
            guard state.threads == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.leaving = [] }
            return state.leaving
        }
        for continuation in leaving { continuation.resume() }
    }

    /// Returns when no thread takes calls any more.
    func waitUntilThreadsEnded() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.threads > 0 { state.leaving.append(continuation) }
                return state.threads == 0
            }
            if isOver { continuation.resume() }
        }
    }

    func add(_ work: Work) {
        let refusal: PostgresError? = state.withLock { state in
            if work.ticket.isCancelled.load(ordering: .acquiring) { return PostgresError(.cancelled) }
            if state.isClosed { return PostgresError(.unavailable, operatorDetail: "the database is closed") }
            if state.waiting.count >= limit { return PostgresError(.overloaded) }
            state.waiting.append(work)
            return nil
        }
        if let refusal { work.perform(.failure(refusal)) } else { added.signal() }
    }

    /// Takes back a call that has not begun; one that has runs on.
    func cancel(_ ticket: Ticket) {
        ticket.isCancelled.store(true, ordering: .releasing)
        let work = state.withLock { state -> Work? in
            state.waiting.firstIndex { $0.ticket === ticket }.map { state.waiting.remove(at: $0) }
        }
        work?.perform(.failure(PostgresError(.cancelled)))
    }

    /// The next call; blocks until there is one, and is nil once the queue is closed.
    func next() -> Work? {
        while true {
            added.wait()
            let (work, isClosed) = state.withLock { state in
                (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), state.isClosed)
            }
            if let work { return work }
            if isClosed { return nil }
        }
    }

    /// Blocks until then, or until the queue closes.
    func sleep(until instant: ContinuousClock.Instant) {
        let left = instant - .now
        guard left > .zero else { return }
        _ = closing.wait(timeout: .now() + .milliseconds(Int(left.wholeMilliseconds) + 1))
    }

    var isClosed: Bool { state.withLock(\.isClosed) }

    /// Refuses what waits and what comes, and lets the threads go. Closing twice is harmless.
    func close() {
        let (waiting, threads, isFirst) = state.withLock { state in
            defer {
                state.waiting = []
                state.isClosed = true
            }
            return (state.waiting, state.threads, !state.isClosed)
        }
        guard isFirst else { return }
        closing.leave()
        for _ in 0..<threads { added.signal() }
        for work in waiting {
            work.perform(.failure(PostgresError(.unavailable, operatorDetail: "the database is closed")))
        }
    }
}
