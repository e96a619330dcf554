import Logging
import StudioSystem
import Synchronization

/// Keeps this machine from being taken away by a scale-in while it works: ``ProtectionPlan`` with calls and waiting.
final class ScaleInProtection<C: Clock>: Sendable where C.Duration == Duration {
    typealias Plan = ProtectionPlan<C.Instant>

    private struct State {
        var plan: Plan
        var version = 0
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let agent: ECSAgent
    private let pace: ProtectionPace
    private let clock: C
    private let logger: Logger
    private let state: Mutex<State>

    /// Protection by an agent; nothing is called before ``run()``.
    init(agent: ECSAgent, pace: ProtectionPace = ProtectionPace(), clock: C, logger: Logger) {
        self.agent = agent
        self.pace = pace
        self.clock = clock
        self.logger = logger
        state = Mutex(State(plan: Plan(pace)))
    }

    /// Says that so many jobs are about to be claimed. Waits for the protection where there is none yet, but not for long.
    ///
    /// - Parameter count: How many; each is let go by ``letGo(_:)``.
    func hold(_ count: Int) async {
        let clock = clock
        let isWorthWaiting = change { plan in
            plan.hold(count)
            return plan.isWorthWaiting(at: clock.now)
        }
        guard isWorthWaiting else { return }
        await withTaskGroup(of: Void.self) { race in
            race.addTask {
                while !Task.isCancelled, let seen = self.versionWhile({ $0.isWorthWaiting(at: clock.now) }) {
                    await self.change(since: seen)
                }
            }
            race.addTask { [pace] in try? await clock.sleep(for: pace.patience) }
            await race.next()
            race.cancelAll()
        }
        if versionWhile({ $0.isWorthWaiting(at: clock.now) }) != nil {
            logger.warning("the ECS agent is slow; jobs are claimed before the task is protected")
        }
    }

    /// Says that jobs are done with, or were not to be had.
    func letGo(_ count: Int) {
        guard count > 0 else { return }
        change { $0.letGo(count, at: self.clock.now) }
    }

    /// Calls the agent as the plan says until the task is cancelled, then gives the protection up.
    func run() async {
        while !Task.isCancelled {
            let (step, seen) = state.withLock { ($0.plan.step(at: clock.now), $0.version) }
            switch step {
            case .call(let call): await perform(call, within: pace.callLimit)
            case .wait(let until): await rest(until: until, since: seen)
            }
        }
        guard versionWhile({ $0.mayBeProtected(at: self.clock.now) }) != nil else { return }
        // This task is cancelled, and the call must be made all the same.
        await Task { await perform(.release, within: pace.farewellLimit) }.value
    }

    private func perform(_ call: Plan.Call, within limit: Duration) async {
        let outcome = await agent.setProtection(minutes: call == .protect ? pace.minutes : nil, within: limit)
        let now = clock.now
        let (was, failures) = change { plan in
            let before = (plan.isProtected(at: now), plan.failures)
            plan.answered(call, with: outcome, at: now)
            return before
        }
        switch outcome {
        case .done:
            let isNews = failures > 0 || was != (call == .protect)
            logger.log(
                level: isNews ? .info : .debug,
                call == .protect ? "the task is protected from scale-in" : "the task's scale-in protection is off")
        case .refused(let reason), .unknown(let reason):
            guard !Task.isCancelled else { return }
            logger.log(
                level: failures == 0 ? .warning : .debug, "the ECS agent did not set the task's scale-in protection",
                metadata: [LogKey.error: "\(reason)", "wanted": call == .protect ? "on" : "off"])
        }
    }

    private func rest(until end: C.Instant?, since seen: Int) async {
        await withTaskGroup(of: Void.self) { [clock] race in
            race.addTask { await self.change(since: seen) }
            if let end { race.addTask { try? await clock.sleep(until: end, tolerance: nil) } }
            await race.next()
            race.cancelAll()
        }
    }

    /// The state's version where something holds; nil where it does not.
    private func versionWhile(_ holds: @Sendable (Plan) -> Bool) -> Int? {
        state.withLock { holds($0.plan) ? $0.version : nil }
    }

    @discardableResult
    private func change<Result>(_ body: (inout Plan) -> Result) -> Result {
        let (result, waiters) = state.withLock { state in
            let result = body(&state.plan)
            state.version += 1
            let waiters = Array(state.waiters.values)
            state.waiters.removeAll()
            return (result, waiters)
        }
        for waiter in waiters { waiter.resume() }
        return result
    }

    /// Returns when something has changed since a version was seen, or the task is cancelled.
    private func change(since seen: Int) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state in
                    if Task.isCancelled || state.version != seen { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if now { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}
