import Synchronization

/// The worker's slots, shared by the intake, the runs and the stop: ``SlotTable`` with waiting.
final class Slots: Sendable {
    private struct State {
        var table: SlotTable
        var nextWaiter = 0
        var waiters: [Int: Waiter] = [:]
    }

    private struct Waiter {
        let isMet: @Sendable (SlotTable) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private let state: Mutex<State>

    init(capacity: Int) {
        state = Mutex(State(table: SlotTable(capacity: capacity)))
    }

    /// The slots as they are now.
    var table: SlotTable { state.withLock { $0.table } }

    /// Waits for a free slot, then asks for all that are free.
    ///
    /// - Returns: How many slots were asked for; 0 when the worker drains or the task was cancelled.
    func askWhenFree() async -> Int {
        await wait { $0.free > 0 || $0.phase == .draining }
        return Task.isCancelled ? 0 : change { $0.ask() }
    }

    /// See ``SlotTable/answer(asked:with:)``.
    func answer(asked count: Int, with attempts: [AttemptKey]) {
        change { $0.answer(asked: count, with: attempts) }
    }

    /// See ``SlotTable/finish(_:)``.
    func finish(_ attempt: AttemptKey) { change { $0.finish(attempt) } }

    /// See ``SlotTable/resize(to:)``.
    func resize(to capacity: Int) { change { $0.resize(to: capacity) } }

    /// See ``SlotTable/drain()``.
    func drain() { change { $0.drain() } }

    /// Waits until nothing runs and nothing will, or the task is cancelled.
    func waitUntilDrained() async { await wait(for: \.isDrained) }

    private func change<Result>(_ body: (inout SlotTable) -> Result) -> Result {
        let (result, met) = state.withLock { state in
            let result = body(&state.table)
            let met = state.waiters.filter { $0.value.isMet(state.table) }
            for id in met.keys { state.waiters.removeValue(forKey: id) }
            return (result, met.values.map(\.continuation))
        }
        for continuation in met { continuation.resume() }
        return result
    }

    private func wait(for isMet: @escaping @Sendable (SlotTable) -> Bool) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state in
                    // The handler may have run before the continuation existed: look again under the lock.
                    if Task.isCancelled || isMet(state.table) { return true }
                    state.waiters[id] = Waiter(isMet: isMet, continuation: continuation)
                    return false
                }
                if now { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume()
        }
    }
}
