import Synchronization

/// A bounded wait ran out before what it waited for happened.
public struct WaitTimedOut: Error, CustomStringConvertible {
    /// What was waited for, in the test's words.
    public let what: String
    /// How long it was waited for.
    public let bound: Duration

    /// The sentence a failing test shows.
    public var description: String { "waited \(bound) in vain for: \(what)" }
}

/// Runs an operation that must be done within a bound.
///
/// The operation is cancelled when the bound runs out; it has to react to cancellation for this function to return.
///
/// - Parameters:
///   - bound: The longest the operation may take.
///   - what: What is waited for, for the failure's text.
///   - operation: The work.
/// - Returns: What the operation returned.
/// - Throws: What the operation threw, or `WaitTimedOut`.
public func within<Result: Sendable>(
    _ bound: Duration, _ what: String, _ operation: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            try await Task.sleep(for: bound)
            throw WaitTimedOut(what: what, bound: bound)
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw CancellationError() }
        return first
    }
}

/// Waits until a condition holds that nothing announces (a row in a database, a file on disk).
///
/// The condition is looked at every 5 ms, less often where a look takes long: who waits leaves the processors to what is
/// waited for. Where there is a signal to wait for, wait for that instead.
///
/// - Parameters:
///   - what: What is waited for, for the failure's text.
///   - bound: The longest wait.
///   - isolation: The caller's isolation, taken by itself.
///   - condition: Looks once; a thrown error ends the wait.
/// - Throws: `WaitTimedOut` when the bound ran out, or what the condition threw.
public func eventually(
    _ what: String, within bound: Duration = .seconds(300),
    isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now.advanced(by: bound)
    while true {
        let look = clock.now
        if try await condition() { return }
        let now = clock.now
        guard now < end else { throw WaitTimedOut(what: what, bound: bound) }
        // A look at a program from outside starts `curl`, which takes 20 ms of a processor.
        try await Task.sleep(for: min(max(.milliseconds(5), (now - look) * 4), .milliseconds(200)))
    }
}

/// A value that one side changes and the other waits on: no polling, no lost wake-up, every wait bounded.
public final class Watched<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var version: UInt64 = 0
        var nextWaiter: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let state: Mutex<State>

    /// Starts with a first value.
    ///
    /// - Parameter value: The first value.
    public init(_ value: Value) {
        state = Mutex(State(value: value))
    }

    /// The value as it is now.
    public var value: Value { state.withLock { $0.value } }

    /// Changes the value and wakes everyone who waits.
    ///
    /// - Parameter change: Runs under a lock; must not block and must not touch this object.
    /// - Returns: What the change returned.
    @discardableResult
    public func update<Result: Sendable>(_ change: (inout Value) -> Result) -> Result {
        let (result, waiters) = state.withLock { state in
            let result = change(&state.value)
            state.version += 1
            let waiters = Array(state.waiters.values)
            state.waiters.removeAll()
            return (result, waiters)
        }
        for waiter in waiters { waiter.resume() }
        return result
    }

    /// Waits until the probe finds what it looks for; looks at the present value first.
    ///
    /// - Parameters:
    ///   - what: What is waited for, for the failure's text.
    ///   - bound: The longest wait.
    ///   - probe: Looks at one state of the value; runs under a lock.
    /// - Returns: What the probe found.
    /// - Throws: `WaitTimedOut`, or `CancellationError` when the waiting task is cancelled.
    public func wait<Result: Sendable>(
        _ what: String, within bound: Duration = .seconds(300), until probe: @escaping @Sendable (Value) -> Result?
    ) async throws -> Result {
        try await StudioTestKit.within(bound, what) {
            while true {
                let (found, version) = self.state.withLock { (probe($0.value), $0.version) }
                if let found { return found }
                await self.change(after: version)
                try Task.checkCancellation()
            }
        }
    }

    private func change(after version: UInt64) async {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let changed = state.withLock { state in
                    // Cancellation marks the task before its handler runs, so one of the two sees the other.
                    if state.version != version || Task.isCancelled { return true }
                    state.waiters[waiter] = continuation
                    return false
                }
                if changed { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
    }
}

/// An event that happens once: fired by the code under test, awaited by the test.
public final class Signal: Sendable {
    private let fired = Watched(false)
    private let name: String

    /// Makes a signal that has not fired.
    ///
    /// - Parameter name: What it stands for, for the failure's text.
    public init(_ name: String) {
        self.name = name
    }

    /// Whether it has fired.
    public var isFired: Bool { fired.value }

    /// Lets every present and later wait return. Firing twice is harmless.
    public func fire() {
        fired.update { $0 = true }
    }

    /// Waits until it has fired.
    ///
    /// - Parameter bound: The longest wait.
    /// - Throws: `WaitTimedOut`, or `CancellationError`.
    public func wait(within bound: Duration = .seconds(300)) async throws {
        try await fired.wait(name, within: bound) { $0 ? () : nil }
    }
}
