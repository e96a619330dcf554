import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// Attempts that end together are written down together.
@Suite struct EndingTests {
    private static let failure = JobFailure(.runnerFailed, "exit 1")

    @Test func endsOfEveryKindShareOneTransaction() async throws {
        try await StudioFixture.with { studio in
            var claims: [HeldClaim] = []
            for attempts in [3, 3, 1, 3, 3, 3] {
                claims.append(try await studio.claim(studio.submitTakeless(maxAttempts: attempts)))
            }
            let stale = HeldClaim(job: claims[5].job, attempt: 7)
            _ = try await studio.jobs.cancel(claims[4].job)
            let ends = try await studio.ends([
                AttemptEnding(claims[0], .succeeded),
                AttemptEnding(claims[1], .failed(Self.failure, retryDelay: .zero)),
                AttemptEnding(claims[2], .failed(Self.failure, retryDelay: .zero)),
                AttemptEnding(claims[3], .released),
                AttemptEnding(claims[4], .cancelled),
                AttemptEnding(stale, .succeeded),
            ])
            #expect(
                ends == [
                    .succeeded(releasedJobs: []), .queued(notBefore: nil), .failed(failedDependents: []),
                    .queued(notBefore: nil), .cancelled(failedDependents: []), nil,
                ])
            var states: [JobState?] = []
            for claim in claims { states.append(try await studio.state(claim.job)) }
            #expect(states == [.succeeded, .queued, .failed, .queued, .cancelled, .running])
            let outcomes = try await claims.asyncMap { try await studio.jobs.attempts(of: $0.job).last?.outcome }
            #expect(outcomes == [.succeeded, .failed, .failed, .released, .cancelled, nil])
            // One settled, two returned, three still held.
            #expect(try await studio.account() == CreditAccount(available: 960, held: 30, settled: 10))
            // One transaction tells of all of them.
            let settled = claims.prefix(4).map(\.job)
            let transactions = try await studio.database.withConnection { connection in
                try connection.query(
                    """
                    SELECT count(DISTINCT xid) AS n FROM events
                    WHERE job_id = ANY ($1) AND payload->>'attempt' = '1' AND payload->>'state' <> 'running'
                    """, [.ids(settled)])[0].decode("n", as: Int.self)
            }
            #expect(transactions == 1)
        }
    }

    @Test func aSuccessWithoutATakeIsNoGapInTheAuditAndOneWithATakeMissingIs() async throws {
        try await StudioFixture.with(audited: false) { studio in
            let without = try await studio.claim(studio.submitTakeless())
            #expect(try await studio.ends([AttemptEnding(without, .succeeded)]) == [.succeeded(releasedJobs: [])])
            #expect(try await studio.audit.run() == [])
            let with = try await studio.claim(studio.submit())
            _ = try await studio.jobs.end([AttemptEnding(with, .succeeded)])
            let findings = try await studio.audit.run()
            #expect(findings.map(\.rule) == ["take-of-success"])
            #expect(findings.first?.subject == "job \(with.job)")
        }
    }

    @Test func whatWaitsIsReleasedOrFailsWithTheJobItWaitedFor() async throws {
        try await StudioFixture.with { studio in
            let (good, bad, gone) = (
                try await studio.submitTakeless(), try await studio.submitTakeless(maxAttempts: 1),
                try await studio.submitTakeless()
            )
            let ready = try await studio.submit(dependsOn: [good])
            let both = try await studio.submit(dependsOn: [good, bad])
            let further = try await studio.submit(dependsOn: [both])
            let late = try await studio.submit(dependsOn: [good, gone])
            let claims = [try await studio.claim(good), try await studio.claim(bad)]
            let ends = try await studio.ends([
                AttemptEnding(claims[1], .failed(Self.failure, retryDelay: .zero)),
                AttemptEnding(claims[0], .succeeded),
            ])
            #expect(ends == [.failed(failedDependents: [both, further]), .succeeded(releasedJobs: [ready])])
            #expect(try await studio.state(ready) == .queued)
            #expect(try await studio.state(both) == .failed)
            #expect(try await studio.jobs.get(further)?.failure?.code == .dependencyFailed)
            #expect(try await studio.state(late) == .waiting)
        }
    }

    @Test func aFailureIsKeptWithTheAttemptAndADelayWithTheJob() async throws {
        try await StudioFixture.with { studio in
            let failure = JobFailure(.runnerFailed, "a \"quoted\" {brace}, and a \\ backslash", logTail: "one\ntwo")
            let claim = try await studio.claim(studio.submit())
            guard case .queued(let due?) = try await studio.jobs.fail(claim, failure: failure, retryDelay: .seconds(90))
            else {
                Issue.record("not queued with a delay")
                return
            }
            #expect((60...120).contains(due.timeIntervalSinceNow))
            #expect(try await studio.jobs.attempts(of: claim.job).first?.failure == failure)
            #expect(try await studio.jobs.get(claim.job)?.failure == nil)
        }
    }

    /// Workers end what each holds while people cancel: whoever waits for whom, all of it goes through.
    @Test func endsAndCancelsFromManySidesAllGoThrough() async throws {
        try await StudioFixture.with(credits: 10_000) { studio in
            var claims: [HeldClaim] = []
            for _ in 0..<40 {
                let job = try await studio.submitTakeless()
                _ = try await studio.submit(dependsOn: [job])
                claims.append(try await studio.claim(job))
            }
            let all = claims
            try await withThrowingTaskGroup(of: Void.self) { group in
                for side in 0..<4 {
                    group.addTask {
                        let mine = all.indices.filter { $0 % 4 == side }.map { AttemptEnding(all[$0], .succeeded) }
                        let ends = try await studio.ends(side.isMultiple(of: 2) ? mine : mine.reversed())
                        #expect(ends.allSatisfy { $0 != nil })
                    }
                }
                group.addTask { for claim in all.reversed() { _ = try await studio.jobs.cancel(claim.job) } }
                try await group.waitForAll()
            }
            for claim in all { #expect(try await studio.state(claim.job) == .succeeded) }
        }
    }
}

extension StudioFixture {
    func ends(_ endings: [AttemptEnding]) async throws -> [AttemptEnd?] { try await jobs.end(endings).ends }
}

extension Sequence {
    /// `map` with a closure that waits.
    func asyncMap<T>(_ transform: (Element) async throws -> T) async throws -> [T] {
        var results: [T] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
