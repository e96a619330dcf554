import StudioSystem
import Synchronization

/// What is under way by name: whoever asks for the same waits for the first.
///
/// There are as many as callers at a time; who goes away waits no longer, and work that nobody waits for any more is
/// cancelled.
final class ObjectFlights: Sendable {
    typealias Landing = CheckedContinuation<Result<Void, StorageError>, Never>

    struct Flight {
        let number: Int
        let task: Task<Void, Never>
        var waiting: [Int: Landing]
    }

    struct State {
        var flights: [String: Flight] = [:]
        var last = 0

        mutating func number() -> Int {
            last += 1
            return last
        }
    }

    /// Seen by tests, which wait until somebody waits.
    let state = Mutex(State())

    /// Does work, or waits for the same work of somebody else. It goes on where one of those who wait for it goes away, and
    /// is cancelled where all have.
    ///
    /// - Parameters:
    ///   - name: What is done.
    ///   - work: Does it.
    /// - Throws: What the work threw; `StorageError` with `cancelled` as soon as the caller is cancelled.
    func join(_ name: String, _ work: @escaping @Sendable () async throws(StorageError) -> Void)
        async throws(StorageError)
    {
        let ticket = state.withLock { $0.number() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { landing in
                if !board(name, ticket, landing, work) { landing.resume(returning: .failure(Self.cancelled)) }
            }
        } onCancel: {
            leave(name, ticket)
        }
        try result.get()
    }

    private static var cancelled: StorageError { StorageError(.cancelled, "the caller was cancelled") }

    /// - Returns: False where the caller is cancelled: then nothing announces it any more.
    private func board(
        _ name: String, _ ticket: Int, _ landing: Landing,
        _ work: @escaping @Sendable () async throws(StorageError) -> Void
    ) -> Bool {
        state.withLock { state in
            // A caller that is cancelled after this look finds its ticket here.
            guard !Task.isCancelled else { return false }
            if state.flights[name] != nil {
                state.flights[name]?.waiting[ticket] = landing
                return true
            }
            let number = state.number()
            let task = Task {
                do throws(StorageError) {
                    try await work()
                    self.land(name, number, .success(()))
                } catch {
                    self.land(name, number, .failure(error))
                }
            }
            state.flights[name] = Flight(number: number, task: task, waiting: [ticket: landing])
            return true
        }
    }

    private func land(_ name: String, _ number: Int, _ result: Result<Void, StorageError>) {
        let waiting = state.withLock { state -> [Int: Landing] in
            // One that all have left may have been followed by another already.
            guard let flight = state.flights[name], flight.number == number else { return [:] }
            state.flights[name] = nil
            return flight.waiting
        }
        for landing in waiting.values { landing.resume(returning: result) }
    }

    private func leave(_ name: String, _ ticket: Int) {
        let (landing, abandoned) = state.withLock { state -> (Landing?, Task<Void, Never>?) in
            guard let landing = state.flights[name]?.waiting.removeValue(forKey: ticket) else { return (nil, nil) }
            guard let flight = state.flights[name], flight.waiting.isEmpty else { return (landing, nil) }
            state.flights[name] = nil
            return (landing, flight.task)
        }
        abandoned?.cancel()
        landing?.resume(returning: .failure(Self.cancelled))
    }
}
