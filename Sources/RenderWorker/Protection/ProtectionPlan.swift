/// How this machine asks to be spared by a scale-in while it works.
struct ProtectionPace: Sendable {
    /// For how many minutes a protection is asked; ECS takes 1 to 2,880. A worker that hangs is spared no longer than this.
    var minutes = 30
    /// How long an idle worker stays protected: between two jobs that follow each other nothing is called.
    var linger = Duration.seconds(10)
    /// How long a claim waits for the protection. Most agents answer within this. It is no longer because a machine that is
    /// taken away unprotected loses nothing: its jobs are given back uncounted, or come back with their leases. A slow agent
    /// must not cost more than it can save.
    var patience = Duration.seconds(1)
    /// How long a call may take; the agent itself waits 4 s for ECS.
    var callLimit = Duration.seconds(5)
    /// How long the last call of a worker that stops may take.
    var farewellLimit = Duration.seconds(2)
    /// The pause after a call that failed; twice as long each time.
    var retry = Duration.seconds(5)
    /// The longest of these pauses.
    var longestRetry = Duration.seconds(60)

    var lifetime: Duration { .seconds(60 * minutes) }
}

/// When protection is to be asked for, renewed and given up. A pure value: it decides, ``ScaleInProtection`` calls.
///
/// One call when the worker begins to work, one each half lifetime while it does, one when it has been idle for a while.
struct ProtectionPlan<Instant: InstantProtocol>: Sendable where Instant.Duration == Duration {
    enum Call: Sendable, Hashable {
        case protect, release
    }

    /// What is to be done now.
    enum Step: Sendable, Hashable {
        case call(Call)
        /// Nothing until then; nil: until something happens.
        case wait(until: Instant?)
    }

    let pace: ProtectionPace
    /// Messages that are being claimed, and attempts that run.
    private(set) var held = 0
    /// Calls that failed since the last that did not.
    private(set) var failures = 0
    private var idleSince: Instant?
    /// Until when the machine is protected, by the agent's word.
    private var protectedUntil: Instant?
    /// Until when it may be: the answer to a call was lost.
    private var perhapsUntil: Instant?
    private var renewAt: Instant?
    private var nextTry: Instant?
    private var calledAt: Instant?

    init(_ pace: ProtectionPace) { self.pace = pace }

    /// Whether the agent has said that the machine is protected, and that still holds.
    func isProtected(at now: Instant) -> Bool { protectedUntil.map { now < $0 } ?? false }

    /// Whether it cannot be ruled out that the machine is protected.
    func mayBeProtected(at now: Instant) -> Bool { isProtected(at: now) || (perhapsUntil.map { now < $0 } ?? false) }

    /// Whether a claim gains by waiting: an answer is due, and the last one was no failure. So an agent that does not work
    /// holds up one claim, not each.
    func isWorthWaiting(at now: Instant) -> Bool { !isProtected(at: now) && failures == 0 }

    /// Takes in work.
    mutating func hold(_ count: Int) {
        held += count
        if held > 0 { idleSince = nil }
    }

    /// Work is done, or was not to be had.
    mutating func letGo(_ count: Int, at now: Instant) {
        precondition(count <= held, "more is let go than was held")
        held -= count
        if held == 0, count > 0 { idleSince = now }
    }

    /// Decides; a call that this asks for must be answered by ``answered(_:with:)``.
    mutating func step(at now: Instant) -> Step {
        guard calledAt == nil else { return .wait(until: nil) }
        let wanted: (call: Call, at: Instant)
        if held > 0 {
            wanted = (.protect, isProtected(at: now) ? renewAt ?? now : now)
        } else if mayBeProtected(at: now), let idleSince {
            wanted = (.release, idleSince.advanced(by: pace.linger))
        } else {
            return .wait(until: nil)
        }
        let due = max(wanted.at, nextTry ?? wanted.at)
        guard due <= now else { return .wait(until: due) }
        calledAt = now
        return .call(wanted.call)
    }

    /// Takes in what became of a call.
    mutating func answered(_ call: Call, with outcome: ECSAgent.Outcome, at now: Instant) {
        let begun = calledAt ?? now
        calledAt = nil
        switch (outcome, call) {
        case (.done, .protect):
            protectedUntil = begun.advanced(by: pace.lifetime)
            renewAt = begun.advanced(by: pace.lifetime / 2)
        case (.done, .release): (protectedUntil, perhapsUntil) = (nil, nil)
        case (.refused, _): break
        case (.unknown, .protect): perhapsUntil = now.advanced(by: pace.lifetime)
        case (.unknown, .release):
            // It may not be any more: a claim asks again.
            perhapsUntil = protectedUntil ?? perhapsUntil
            protectedUntil = nil
        }
        if case .done = outcome {
            (failures, nextTry) = (0, nil)
        } else {
            failures += 1
            nextTry = now.advanced(by: min(pace.retry * (1 << min(failures - 1, 10)), pace.longestRetry))
        }
    }
}
