import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// The store and the model live the same random life side by side: after every step states, attempts, credits and events
/// are the same. A life that goes wrong is made as short as it can be and printed with its seed.
@Suite struct ModelLifeTests {
    @Test(arguments: (1...8).map(UInt64.init)) func theStoreDoesWhatTheModelSays(seed: UInt64) async throws {
        var random = SeededGenerator(state: seed)
        let steps = LifeStep.life(160, using: &random)
        guard let difference = try await Self.difference(after: steps) else { return }
        let (shortest, last) = try await Self.shortened(steps, difference)
        let told = shortest.map(\.description).joined(separator: "\n")
        Issue.record("seed \(seed), in \(shortest.count) of \(steps.count) steps:\n\(told)\n\(last)")
    }

    /// Lives steps in a database of their own; what was different first, or nil.
    private static func difference(after steps: [LifeStep]) async throws -> String? {
        var found: String?
        try await StudioFixture.with(credits: 120, audited: false) { studio in
            let life = SideBySide(studio, credits: 120, quota: 25)
            for (place, step) in steps.enumerated() {
                if let difference = try await life.live(step) {
                    found = "step \(place), \(step): \(difference)"
                    return
                }
            }
            let findings = try await studio.audit.run()
            if !findings.isEmpty { found = "the audit says: \(findings)" }
        }
        return found
    }

    /// Leaves out what is not needed for a difference to be there.
    private static func shortened(_ steps: [LifeStep], _ difference: String) async throws -> ([LifeStep], String) {
        var (steps, last) = (steps, difference)
        var size = steps.count / 2
        while size > 0 {
            var start = 0
            while start < steps.count {
                var fewer = steps
                fewer.removeSubrange(start..<min(start + size, fewer.count))
                if let difference = try await Self.difference(after: fewer) {
                    (steps, last) = (fewer, difference)
                } else {
                    start += size
                }
            }
            size /= 2
        }
        return (steps, last)
    }
}

/// A store and a model that do the same.
private final class SideBySide {
    private let studio: StudioFixture
    private let store: JobStore
    private var model: ModelStudio
    private var ids: [JobID] = []
    /// Every claim there ever was: most are lost, and whoever has one may still come with it.
    private var claims: [(job: Int, attempt: Int)] = []

    init(_ studio: StudioFixture, credits: Int, quota: Int) {
        self.studio = studio
        store = JobStore(studio.database, activeJobsPerUser: quota)
        model = ModelStudio(credits: credits, quota: quota)
    }

    /// Does a step on both sides; what is different then, or nil.
    func live(_ step: LifeStep) async throws -> String? {
        let said: String
        let done: String
        do { said = try model(step) } catch { said = "\(error)" }
        do { done = try await store(step) } catch let error as StudioError {
            done = Self.word(for: error)
        } catch is LeaseLost {
            done = "leaseLost"
        }
        guard said == done else { return "the store answers \(done), the model \(said)" }
        let (expected, found) = (modelPicture, try await storePicture)
        guard expected != found else { return nil }
        return zip(expected, found).first { $0 != $1 }.map { "the store has \($1), the model \($0)" }
            ?? "\(found.count) lines and not \(expected.count)"
    }

    private static func word(for error: StudioError) -> String {
        switch error.code {
        case .invalid: "invalid"
        case .conflict: "conflict"
        case .insufficientCredits: "insufficientCredits"
        case .quotaExceeded: "quotaExceeded"
        default: "\(error)"
        }
    }

    private func jobs(_ numbers: [Int]) -> [Int] {
        guard !ids.isEmpty else { return [] }
        var seen: Set<Int> = []
        return numbers.map { $0 % ids.count }.filter { seen.insert($0).inserted }
    }

    private func held(_ number: Int) -> (job: Int, attempt: Int)? {
        claims.isEmpty ? nil : claims[number % claims.count]
    }

    /// Of several endings those of different jobs: nobody ends a job twice at once.
    private func endings(_ numbers: [(claim: Int, LifeStep.Ending)]) -> [(job: Int, attempt: Int, LifeStep.Ending)] {
        var seen: Set<Int> = []
        return numbers.compactMap { number, ending in
            guard let claim = held(number), seen.insert(claim.job).inserted else { return nil }
            // A job that makes a take succeeds by its publication only.
            let isTakeless = !model.jobs[claim.job].makesTake
            return (claim.job, claim.attempt, ending == .succeeded && !isTakeless ? .released : ending)
        }
    }

    // MARK: the model

    private func model(_ step: LifeStep) throws -> String {
        switch step {
        case .submit(let credits, let attempts, let makesTake, let upstream):
            try model.submit(
                credits: credits, maxAttempts: attempts, makesTake: makesTake, dependsOn: Set(jobs(upstream)))
            return "\(model.jobs[model.jobs.count - 1].state)"
        case .claim(let numbers):
            return "\(model.claim(jobs(numbers)))"
        case .succeed(let number):
            guard let claim = held(number) else { return "" }
            try model.end(claim.job, attempt: claim.attempt, .succeeded)
            return "\(model.jobs[claim.job].state)"
        case .end(let numbers):
            return endings(numbers).map { job, attempt, ending in
                do {
                    try model.end(job, attempt: attempt, ending.outcome, failure: ending.failure)
                    return "\(model.jobs[job].state)"
                } catch { return "leaseLost" }
            }.joined(separator: ",")
        case .cancel(let number):
            guard let job = jobs([number]).first else { return "" }
            model.cancel(job)
            return "\(model.jobs[job].state)"
        case .retry(let number):
            guard let job = jobs([number]).first else { return "" }
            try model.retry(job)
            return "\(model.jobs[job].state)"
        case .expire(let numbers):
            let lost = jobs(numbers).filter { model.jobs[$0].state == .running }
            for job in lost { try model.end(job, attempt: model.jobs[job].attempt, .lost) }
            return "\(lost.sorted())"
        }
    }

    private var modelPicture: [String] {
        let account = model.account
        return [
            "available \(account.available), held \(account.held), settled \(account.settled), \(account.active) active"
        ]
            + model.jobs.enumerated().map { place, job in
                let attempts = job.attempts.map { "\($0.number):\($0.outcome?.rawValue ?? "open")" }
                return
                    "job \(place): \(job.state) \(job.attempt), \(job.counted) counted, \(job.lost) lost, round \(job.round), "
                    + "\(job.isCancelRequested ? "to be cancelled, " : "")\(job.failure?.rawValue ?? "no failure"), "
                    + "\(attempts.joined(separator: " ")); \(job.told.joined(separator: ", "))"
            }
    }

    // MARK: the store

    private func store(_ step: LifeStep) async throws -> String {
        switch step {
        case .submit(let credits, let attempts, let makesTake, let upstream):
            let job = try studio.newJob(
                credits: credits, maxAttempts: attempts, dependsOn: jobs(upstream).map { ids[$0] },
                function: makesTake ? "mock-video" : "noop", makesTake: makesTake)
            guard case .admitted(let admitted) = try await store.admit(job) else { return "not admitted" }
            ids.append(job.id)
            return "\(admitted.state)"
        case .claim(let numbers):
            // A worker of its own each time: none fails a function so often that it is not given it any more.
            let claimed = try await store.claim(
                jobs(numbers).map { ids[$0] }, worker: WorkerID(), name: "w", lease: .seconds(600))
            let places = claimed.compactMap { one in ids.firstIndex(of: one.id).map { (job: $0, attempt: one.attempt) }
            }
            claims += places
            return "\(places.map(\.job))"
        case .succeed(let number):
            guard let claim = held(number) else { return "" }
            let fence = HeldClaim(job: ids[claim.job], attempt: claim.attempt)
            if model.jobs[claim.job].makesTake {
                try await studio.publish(fence)
            } else if try await store.end([AttemptEnding(fence, .succeeded)]).ends[0] == nil {
                return "leaseLost"
            }
            return "\(try await state(claim.job))"
        case .end(let numbers):
            let endings = endings(numbers)
            let ended = try await store.end(
                endings.map { job, attempt, ending in
                    let result: AttemptEnding.Result =
                        switch ending {
                        case .succeeded: .succeeded
                        case .released: .released
                        case .cancelled: .cancelled
                        case .failed, .failedForGood:
                            .failed(ending.failure ?? JobFailure(.runnerFailed, ""), retryDelay: .zero)
                        }
                    return AttemptEnding(HeldClaim(job: ids[job], attempt: attempt), result)
                })
            var words: [String] = []
            for (ending, end) in zip(endings, ended.ends) {
                words.append(end == nil ? "leaseLost" : "\(try await state(ending.job))")
            }
            return words.joined(separator: ",")
        case .cancel(let number):
            guard let job = jobs([number]).first else { return "" }
            return "\(try await store.cancel(ids[job]).job.state)"
        case .retry(let number):
            guard let job = jobs([number]).first else { return "" }
            return "\(try await store.retry(ids[job]).state)"
        case .expire(let numbers):
            for job in jobs(numbers) { try await studio.expireLease(ofRunning: ids[job]) }
            let lost = try await store.returnExpiredLeases(limit: 100)
            return "\(lost.compactMap { one in ids.firstIndex(of: one.claim.job) }.sorted())"
        }
    }

    private func state(_ job: Int) async throws -> JobState {
        guard let record = try await store.get(ids[job]) else { throw Unexpected(what: "job \(job) is gone") }
        return record.state
    }

    private var storePicture: [String] {
        get async throws {
            let parameters: [PostgresParameter] = [.ids(ids), .id(studio.user)]
            return try await studio.database.withConnection { connection in
                let account = try connection.query(Self.account, [parameters[1]]).map {
                    try $0.decode("line") as String
                }
                return try account + connection.query(Self.picture, [parameters[0]]).map { try $0.decode("line") }
            }
        }
    }

    private static let account = """
        SELECT format('available %s, held %s, settled %s, %s active', available, held, settled, active_jobs) AS line
        FROM credit_accounts WHERE user_id = $1
        """
    private static let picture = """
        SELECT format('job %s: %s %s, %s counted, %s lost, round %s, %s%s, %s; %s', n - 1, j.state, j.attempt,
            j.counted_attempts, j.lost_attempts, j.round,
            CASE WHEN j.cancel_requested_at IS NOT NULL THEN 'to be cancelled, ' ELSE '' END,
            coalesce(j.failure ->> 'code', 'no failure'), a.attempts, e.told) AS line
        FROM unnest($1::uuid[]) WITH ORDINALITY AS i (id, n) JOIN jobs j USING (id)
        CROSS JOIN LATERAL (
            SELECT string_agg(format('%s:%s', attempt, coalesce(outcome, 'open')), ' ' ORDER BY attempt) AS attempts
            FROM job_attempts WHERE job_id = j.id) a
        CROSS JOIN LATERAL (
            SELECT string_agg(format('%s %s', payload ->> 'state', payload ->> 'attempt'), ', ' ORDER BY xid, id) AS told
            FROM events WHERE job_id = j.id AND kind = 'job.state') e
        ORDER BY n
        """
}
