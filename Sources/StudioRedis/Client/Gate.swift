import Synchronization

/// What tasks wait at until it is opened. Any number may wait.
///
/// A gate that stays open is a condition that holds or not. One that closes itself is a signal: opening it wakes all who
/// wait, or, when nobody does, lets the next one through, so that a signal is never lost between looking and waiting.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var lastTicket: UInt64 = 0
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var cancelled: Set<UInt64> = []
    }

    private let closesItself: Bool
    private let state = Mutex(State())

    init(closesItself: Bool = false) { self.closesItself = closesItself }

    /// Whether somebody waits.
    var isAwaited: Bool { state.withLock { !$0.waiting.isEmpty } }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = !closesItself || state.waiting.isEmpty
            let waiting = state.waiting
            state.waiting = [:]
            return waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }

    func close() { state.withLock { $0.isOpen = false } }

    /// Returns when the gate is open, or when the task is cancelled.
    func wait() async {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if passes(ticket, continuation) { continuation.resume() }
            }
            // Cancelled just after it was let through: nobody else will take the ticket away.
            state.withLock { _ = $0.cancelled.remove(ticket) }
        } onCancel: {
            let continuation = state.withLock { state in
                let continuation = state.waiting.removeValue(forKey: ticket)
                if continuation == nil { state.cancelled.insert(ticket) }
                return continuation
            }
            continuation?.resume()
        }
    }

    private func passes(_ ticket: UInt64, _ continuation: CheckedContinuation<Void, Never>) -> Bool {
        state.withLock { state in
            if state.cancelled.remove(ticket) != nil { return true }
            if state.isOpen {
                state.isOpen = !closesItself
                return true
            }
            state.waiting[ticket] = continuation
            return false
        }
    }
}
