import Synchronization

/// Why a running attempt is to end before its work does.
enum StopReason: Sendable, Hashable {
    /// A person asked.
    case cancelled
    /// It takes longer than the job allows.
    case timedOut
    /// The worker is going; the job goes back to its queue and the attempt does not count.
    case released
    /// The lease is no longer ours: the files are discarded and nothing is written.
    case leaseLost
}

/// Thrown out of a run that was stopped.
struct RunStopped: Error, Sendable, Hashable {
    let reason: StopReason
}

/// Asks one attempt to end: set once by whoever is first, except that a lost lease wins over everything.
final class RunStop: Sendable {
    private struct State {
        var reason: StopReason?
        /// When it was asked first, by the monotonic clock.
        var askedAt: ContinuousClock.Instant?
        /// Whether work is under way that has to heed it.
        var isWorking = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Why the attempt is to end; nil while it is not.
    var reason: StopReason? { state.withLock { $0.reason } }

    /// Whether work that was asked to end so long before that time goes on all the same.
    func isIgnored(at now: ContinuousClock.Instant, after grace: Duration) -> Bool {
        state.withLock { state in
            guard state.isWorking, let asked = state.askedAt else { return false }
            return asked.advanced(by: grace) <= now
        }
    }

    /// Asks the attempt to end.
    func stop(_ reason: StopReason) {
        let waiter = state.withLock { state in
            if state.reason == nil || reason == .leaseLost { state.reason = reason }
            if state.askedAt == nil { state.askedAt = .now }
            let waiter = state.waiter
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    /// Runs work that ends early, by cancellation of its task, when the attempt is asked to end.
    ///
    /// One at a time. Returns only after the work has ended.
    ///
    /// - Throws: ``RunStopped`` when the attempt was asked to end and the work did not succeed first, else what the work
    ///   threw.
    func whileWanted<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
        if let reason { throw RunStopped(reason: reason) }
        state.withLock { $0.isWorking = true }
        defer { state.withLock { $0.isWorking = false } }
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                await self.asked()
                return nil
            }
            defer { group.cancelAll() }
            do {
                while let first = try await group.next() {
                    if let first { return first }
                    group.cancelAll()
                }
            } catch {
                if let reason = self.reason { throw RunStopped(reason: reason) }
                throw error
            }
            throw RunStopped(reason: self.reason ?? .released)
        }
    }

    private func asked() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state in
                    if state.reason != nil || Task.isCancelled { return true }
                    state.waiter = continuation
                    return false
                }
                if now { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.waiter
                state.waiter = nil
                return waiter
            }
            waiter?.resume()
        }
    }
}
