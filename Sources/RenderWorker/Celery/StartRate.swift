import QueueProtocol
import Synchronization

/// A bucket that fills with one permit after the other. A pure value; time comes from outside.
struct TokenBucket: Sendable {
    /// Permits a second.
    let perSecond: Double
    private var permits = 1.0
    private var filledAt: Duration

    /// A bucket with one permit.
    init(perSecond: Double, at now: Duration) {
        self.perSecond = perSecond
        filledAt = now
    }

    /// It never holds more than a tenth of a second's permits, or one: what was not used is not made up for.
    private var capacity: Double { max(1, perSecond / 10) }

    /// Takes permits.
    ///
    /// - Returns: How many there were, at most `count`.
    mutating func take(upTo count: Int, at now: Duration) -> Int {
        fill(at: now)
        let taken = min(count, Int(permits))
        permits -= Double(taken)
        return taken
    }

    /// Puts permits back that were not used.
    mutating func giveBack(_ count: Int) { permits = min(capacity, permits + Double(count)) }

    /// How long until there is a permit.
    mutating func wait(at now: Duration) -> Duration {
        fill(at: now)
        return permits >= 1 ? .zero : .seconds((1 - permits) / perSecond)
    }

    private mutating func fill(at now: Duration) {
        permits = min(capacity, permits + max(0, (now - filledAt) / .seconds(1)) * perSecond)
        filledAt = now
    }
}

/// How often this worker may begin jobs: ``TokenBucket`` with waiting.
final class StartRate<C: Clock>: Sendable where C.Duration == Duration {
    private struct State {
        var rate: TaskRate?
        var bucket: TokenBucket?
        var isOpen = true
        var waiter: CheckedContinuation<Void, Never>?
        var version = 0
    }

    private let clock: C
    private let start: C.Instant
    private let state = Mutex(State())

    /// No limit.
    init(clock: C) {
        self.clock = clock
        start = clock.now
    }

    /// The limit; nil is none.
    var rate: TaskRate? { state.withLock { $0.rate } }

    /// Sets the limit, or none.
    func limit(to rate: TaskRate?) {
        let now = now
        change { state in
            state.rate = rate
            state.bucket = rate.map { TokenBucket(perSecond: $0.perSecond, at: now) }
        }
    }

    /// Lets whoever waits go, without a permit, and all after it: the worker stops.
    func close() { change { $0.isOpen = false } }

    /// Waits for permits to begin jobs. For one caller at a time.
    ///
    /// - Parameter count: How many are wanted.
    /// - Returns: How many jobs may be begun, 1 to `count`; 0 where the worker stops or the task was cancelled. Those that
    ///   are not begun are to be given back.
    func permits(upTo count: Int) async -> Int {
        while !Task.isCancelled {
            let now = now
            let (taken, wait, version) = state.withLock { state -> (Int?, Duration, Int) in
                guard state.isOpen else { return (0, .zero, state.version) }
                guard state.bucket != nil else { return (count, .zero, state.version) }
                let taken = state.bucket?.take(upTo: count, at: now) ?? 0
                return (taken > 0 ? taken : nil, state.bucket?.wait(at: now) ?? .zero, state.version)
            }
            if let taken { return taken }
            await withTaskGroup(of: Void.self) { [clock] race in
                race.addTask { try? await clock.sleep(for: wait) }
                race.addTask { await self.change(since: version) }
                await race.next()
                race.cancelAll()
            }
        }
        return 0
    }

    /// Gives permits back that were not used.
    func giveBack(_ count: Int) {
        guard count > 0 else { return }
        state.withLock { $0.bucket?.giveBack(count) }
    }

    private var now: Duration { start.duration(to: clock.now) }

    private func change(_ body: (inout State) -> Void) {
        let waiter = state.withLock { state in
            body(&state)
            state.version += 1
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    private func change(since version: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state in
                    if Task.isCancelled || state.version != version { return true }
                    state.waiter = continuation
                    return false
                }
                if now { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }
}
