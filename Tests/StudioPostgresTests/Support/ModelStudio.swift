import QueueProtocol
import StudioCore

@testable import StudioPostgres

/// What jobs, attempts, credits, events and dependents should come to, in memory and without a database: the design's "life
/// of a job" once more, as simple as it can be said. The store is held against it after every step.
struct ModelStudio {
    struct Attempt: Equatable {
        var number: Int
        var outcome: JobAttempt.Outcome?
    }
    struct Job: Equatable {
        var state: JobState
        var attempt = 0
        /// Attempts that count since the last retry, and those of them that took their worker down.
        var counted = 0
        var lost = 0
        var round = 0
        var isCancelRequested = false
        var failure: FailureCode?
        var attempts: [Attempt] = []
        /// Every state it was in, with the attempt at that time: what its events must say, in order.
        var told: [String] = []
        let credits: Int
        let maxAttempts: Int
        let makesTake: Bool
        let dependsOn: Set<Int>
    }
    struct Account: Equatable {
        var available: Int
        var held = 0
        var settled = 0
        var active = 0
    }
    /// Why something is refused; nothing changes then.
    enum Refusal: Error, Equatable {
        case invalid, conflict, insufficientCredits, quotaExceeded, leaseLost
    }

    var jobs: [Job] = []
    var account: Account
    let quota: Int

    init(credits: Int, quota: Int) {
        account = Account(available: credits)
        self.quota = quota
    }

    private mutating func move(_ job: Int, to state: JobState) {
        precondition(jobs[job].state.successors.contains(state), "\(jobs[job].state) to \(state)")
        if jobs[job].state.isFinished != state.isFinished { account.active += state.isFinished ? -1 : 1 }
        jobs[job].state = state
        if state == .running { jobs[job].attempt += 1 }
        jobs[job].told.append("\(state.rawValue) \(jobs[job].attempt)")
        let credits = jobs[job].credits
        switch state {
        case .succeeded:
            account.held -= credits
            account.settled += credits
        case .failed, .cancelled:
            account.held -= credits
            account.available += credits
        case .waiting, .queued, .running: break
        }
    }

    private mutating func hold(_ credits: Int) throws(Refusal) {
        guard quota == 0 || account.active < quota else { throw .quotaExceeded }
        guard account.available >= credits else { throw .insufficientCredits }
        account.available -= credits
        account.held += credits
    }

    /// The state a job begins in, by those it depends on; nil where one of them did not succeed.
    private func beginning(_ upstream: Set<Int>) -> JobState? {
        let states = upstream.map { jobs[$0].state }
        if states.contains(.failed) || states.contains(.cancelled) { return nil }
        return states.allSatisfy { $0 == .succeeded } ? .queued : .waiting
    }

    mutating func submit(credits: Int, maxAttempts: Int, makesTake: Bool, dependsOn: Set<Int>) throws(Refusal) {
        guard let state = beginning(dependsOn) else { throw .invalid }
        try hold(credits)
        account.active += 1
        jobs.append(
            Job(
                state: state, told: ["\(state.rawValue) 0"], credits: credits, maxAttempts: maxAttempts,
                makesTake: makesTake, dependsOn: dependsOn))
    }

    /// Of these, what is queued is claimed.
    mutating func claim(_ asked: [Int]) -> [Int] {
        let claimed = asked.filter { jobs[$0].state == .queued }
        for job in claimed {
            move(job, to: .running)
            jobs[job].attempts.append(Attempt(number: jobs[job].attempt, outcome: nil))
        }
        return claimed
    }

    /// An attempt ends; whoever no longer holds the job changes nothing.
    mutating func end(_ job: Int, attempt: Int, _ outcome: JobAttempt.Outcome, failure: JobFailure? = nil)
        throws(Refusal)
    {
        guard jobs[job].state == .running, jobs[job].attempt == attempt else { throw .leaseLost }
        jobs[job].attempts[attempt - 1].outcome = outcome
        if outcome == .succeeded || outcome == .failed || outcome == .lost { jobs[job].counted += 1 }
        let isPoison = outcome == .lost && jobs[job].lost > 0
        if outcome == .lost { jobs[job].lost += 1 }
        let hasAttemptsLeft = jobs[job].counted < jobs[job].maxAttempts
        switch outcome {
        case .succeeded: move(job, to: .succeeded)
        case .cancelled: move(job, to: .cancelled)
        case .released, .failed, .lost:
            if jobs[job].isCancelRequested {
                move(job, to: .cancelled)
            } else if outcome == .released || (!isPoison && hasAttemptsLeft && (failure?.retryable ?? true)) {
                move(job, to: .queued)
            } else {
                jobs[job].failure = isPoison ? .poison : outcome == .lost ? .workerLost : failure?.code
                move(job, to: .failed)
            }
        }
        settleDependents(of: job)
    }

    mutating func cancel(_ job: Int) {
        switch jobs[job].state {
        case .waiting, .queued:
            jobs[job].isCancelRequested = true
            move(job, to: .cancelled)
            settleDependents(of: job)
        case .running: jobs[job].isCancelRequested = true
        case .succeeded, .failed, .cancelled: break
        }
    }

    mutating func retry(_ job: Int) throws(Refusal) {
        guard jobs[job].state == .failed || jobs[job].state == .cancelled,
            let state = beginning(jobs[job].dependsOn)
        else { throw .conflict }
        try hold(jobs[job].credits)
        jobs[job].round += 1
        jobs[job].counted = 0
        jobs[job].lost = 0
        jobs[job].failure = nil
        jobs[job].isCancelRequested = false
        move(job, to: state)
    }

    private mutating func settleDependents(of job: Int) {
        guard jobs[job].state.isFinished else { return }
        // As it is now: the job before in the list may have taken this one with it.
        for place in jobs.indices where jobs[place].state == .waiting && jobs[place].dependsOn.contains(job) {
            switch beginning(jobs[place].dependsOn) {
            case nil:
                jobs[place].failure = .dependencyFailed
                move(place, to: .failed)
                settleDependents(of: place)
            case .queued?: move(place, to: .queued)
            default: break
            }
        }
    }
}
