import FoundationEssentials
import QueueProtocol
import StudioCore

/// The units of one transaction: looked up, decided in their order, then written together.
struct AdmissionBatch {
    /// A job that was found good, and what else is written with it.
    struct Accepted {
        var job: NewJob
        var state: JobState
        var dependsOn: [JobID]
        /// Whether it goes to the runway at once.
        var isPushed: Bool
        /// The key that must be free for it to be written.
        var key: IdempotencyRequest?
    }
    /// An idempotency key and what is kept for it.
    struct Answered {
        var place: Int
        var request: IdempotencyRequest
        var answer: IdempotentAnswer
    }

    /// A run that was found good.
    struct AcceptedRun {
        var decision: RunDecision
        var admitted: AdmittedRun
        var key: IdempotencyRequest?
    }

    private let units: [AdmissionUnit]
    /// What is to be made of the units that are runs, by their places.
    private let decisions: [Int: RunDecision]
    private let activeJobsPerUser: Int
    private let mayPush: @Sendable (NewJob) -> Bool
    /// For each unit the jobs that each of its jobs waits for, with the places that name them.
    private let dependencies: [[Result<[AdmissionDependency], StudioError>]]
    private let view: AdmissionView
    private var accounts: [UserID: AdmissionView.Account]
    private(set) var results: [Result<UnitAdmission, any Error>] = []
    private(set) var accepted: [Accepted] = []
    /// Where the accepted jobs stand.
    private var begun: [JobID: AdmissionView.Upstream] = [:]
    private(set) var acceptedRuns: [AcceptedRun] = []
    private(set) var answered: [Answered] = []
    /// Places of units that were refused and came with a key: it may have its first answer.
    private(set) var refusedWithKey: [Int] = []

    /// Reads what there is to know, and locks what must not change until the commit.
    init(
        _ units: [AdmissionUnit], activeJobsPerUser: Int, looksForKnown: Bool,
        mayPush: @escaping @Sendable (NewJob) -> Bool, on connection: PostgresConnection
    ) throws {
        self.mayPush = mayPush
        self.activeJobsPerUser = activeJobsPerUser
        var units = units
        var decisions: [Int: RunDecision] = [:]
        for (place, unit) in units.enumerated() {
            guard let run = unit.run else { continue }
            let decision = try RunDecision(run, on: connection)
            units[place].jobs = decision.jobs
            decisions[place] = decision
        }
        self.units = units
        self.decisions = decisions
        dependencies = units.map { unit in
            unit.jobs.map { job in Result { () throws(StudioError) in try AdmissionDependency.all(of: job) } }
        }
        let upstream = dependencies.joined().flatMap { (try? $0.get().map(\.id)) ?? [] }
        view = try AdmissionView(
            units, upstream: Set(upstream), looksForKnown: looksForKnown, on: connection)
        accounts = view.accounts
    }

    /// Decides about every unit, in order: what one is given the next no longer has.
    mutating func decide() {
        for place in units.indices { results.append(decide(place)) }
    }

    private mutating func decide(_ place: Int) -> Result<UnitAdmission, any Error> {
        let unit = units[place]
        let before = (accounts, accepted.count)
        do {
            if let decision = decisions[place] { try check(decision) }
            var refusals: [Int: StudioError] = [:]
            var verdicts: [AdmissionVerdict] = []
            for (index, job) in unit.jobs.enumerated() {
                let verdict = try verdict(
                    on: job, dependencies: dependencies[place][index], key: unit.idempotency?.request)
                if case .refused(let error) = verdict { refusals[index] = error }
                verdicts.append(verdict)
            }
            guard refusals.isEmpty || (unit.isPartial && refusals.count < unit.jobs.count) else {
                undo(place, to: before)
                return .success(.refused(refusals))
            }
            if let decision = decisions[place] { return .success(try accept(decision, verdicts, at: place)) }
            // Where nothing is written the jobs are known, and their key was kept by the commit that made them.
            if let keyed = unit.idempotency, accepted.count > before.1 {
                answered.append(Answered(place: place, request: keyed.request, answer: try keyed.answer(verdicts)))
            }
            return .success(.decided(verdicts))
        } catch {
            undo(place, to: before)
            return .failure(error)
        }
    }

    /// Whether a run as a whole can begin: what holds for each of its jobs is asked with them.
    private func check(_ decision: RunDecision) throws(StudioError) {
        let run = decision.run
        guard let project = view.projects[run.project], project.tenant == run.tenant else {
            throw StudioError(.notFound, "there is no such project")
        }
        guard !project.isArchived else {
            throw StudioError(.conflict, "the project is archived; restore it to run canvases")
        }
        if let refusal = decision.refusal { throw refusal }
        let cost = CanvasPlan.sum(decision.jobs.lazy.filter { view.known[$0.id] == nil }.map(\.credits))
        let available = accounts[run.user]?.available ?? 0
        guard available >= cost else {
            throw StudioError(.insufficientCredits, "this run costs \(cost) credits and \(available) are available")
        }
    }

    private mutating func accept(
        _ decision: RunDecision, _ verdicts: [AdmissionVerdict], at place: Int
    ) throws -> UnitAdmission {
        var jobs: [AdmittedJob] = []
        for verdict in verdicts {
            switch verdict {
            case .admitted(let job), .known(let job): jobs.append(job)
            case .refused(let error): throw error
            }
        }
        let admitted = decision.admitted(jobs, at: view.now)
        if !decision.isKnown {
            let keyed = units[place].idempotency
            acceptedRuns.append(AcceptedRun(decision: decision, admitted: admitted, key: keyed?.request))
            if let keyed, let answer = decision.run.answer {
                answered.append(Answered(place: place, request: keyed.request, answer: try answer(admitted)))
            }
        }
        return .run(admitted)
    }

    private mutating func undo(_ place: Int, to before: (accounts: [UserID: AdmissionView.Account], accepted: Int)) {
        accounts = before.accounts
        for entry in accepted[before.accepted...] { begun[entry.job.id] = nil }
        accepted.removeSubrange(before.accepted...)
        if units[place].idempotency != nil { refusedWithKey.append(place) }
    }

    private mutating func verdict(
        on job: NewJob, dependencies: Result<[AdmissionDependency], StudioError>, key: IdempotencyRequest?
    ) throws -> AdmissionVerdict {
        if let known = view.known[job.id] {
            guard known.user == job.user, known.project == job.project else {
                return .refused(StudioError(.conflict, "there is another job with this id"))
            }
            return .known(AdmittedJob(known))
        }
        guard let project = view.projects[job.project], project.tenant == job.tenant else {
            return .refused(StudioError(.notFound, "there is no such project"))
        }
        if let revision = job.projectRevision, revision != project.revision { throw ProjectChanged() }
        guard !project.isArchived else {
            return .refused(StudioError(.conflict, "the project is archived; restore it to submit jobs"))
        }
        do throws(StudioError) {
            let upstream = try dependencies.get()
            let state = try AdmissionDependency.state(of: upstream, for: job) { [view, begun] id in
                view.upstream[id] ?? begun[id]
            }
            try pay(for: job)
            let isPushed = state == .queued && job.notBefore == nil && !project.isPaused && mayPush(job)
            accepted.append(
                Accepted(job: job, state: state, dependsOn: upstream.map(\.id), isPushed: isPushed, key: key))
            begun[job.id] = .init(tenant: job.tenant, project: job.project, state: state)
            return .admitted(
                AdmittedJob(
                    job, state: state, isPushed: isPushed, projectName: project.name, createdAt: view.now))
        } catch {
            return .refused(error)
        }
    }

    private mutating func pay(for job: NewJob) throws(StudioError) {
        var account = accounts[job.user] ?? AdmissionView.Account()
        // There is a place for a part where there is one for its whole, which stands for it.
        try account.check(cost: job.credits, activeJobsPerUser: job.partOf == nil ? activeJobsPerUser : 0)
        account.available -= job.credits
        if job.partOf == nil { account.activeJobs += 1 }
        accounts[job.user] = account
    }
}

extension AdmissionView.Account {
    /// Whether there is a place and the money for one more job.
    func check(cost: Int, activeJobsPerUser: Int) throws(StudioError) {
        guard activeJobsPerUser == 0 || activeJobs < activeJobsPerUser else {
            throw StudioError(
                .quotaExceeded,
                "you have \(activeJobsPerUser) jobs that are not finished, as many as one user may have; "
                    + "wait until some are, or cancel some")
        }
        guard available >= cost else {
            throw StudioError(.insufficientCredits, "this job costs \(cost) credits and \(available) are available")
        }
    }
}
