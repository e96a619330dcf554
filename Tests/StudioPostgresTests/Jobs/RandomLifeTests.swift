import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// Whatever people, workers and the recovery do in whatever order, the audit finds nothing.
@Suite struct RandomLifeTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func theAuditHoldsAfterEveryLife(seed: UInt64) async throws {
        try await StudioFixture.with(credits: 300) { studio in
            var random = SeededGenerator(state: seed)
            var jobs: [JobID] = []
            var claims: [HeldClaim] = []
            for step in 0..<150 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<3:
                    let upstream = (0..<Int.random(in: 0...2, using: &random)).compactMap { _ in
                        jobs.randomElement(using: &random)
                    }
                    let job = try studio.newJob(
                        credits: Int.random(in: 0...20, using: &random),
                        maxAttempts: Int.random(in: 1...3, using: &random), dependsOn: upstream)
                    // Refused for want of credits or a dead dependency, now and then.
                    do {
                        try await studio.admit(job)
                        jobs.append(job.id)
                    } catch is StudioError {}
                case 3..<5:
                    claims += try await studio.jobs.claim(
                        jobs.shuffled(using: &random).prefix(3).map { $0 }, worker: studio.worker, name: "w",
                        lease: .seconds(60)
                    ).map { HeldClaim(job: $0.id, attempt: $0.attempt) }
                case 5:
                    guard let job = jobs.randomElement(using: &random) else { continue }
                    _ = try await studio.jobs.cancel(job)
                case 6:
                    guard let job = jobs.randomElement(using: &random) else { continue }
                    do { _ = try await studio.jobs.retry(job) } catch is StudioError {}
                case 7:
                    guard let claim = claims.randomElement(using: &random) else { continue }
                    try await studio.expireLease(ofRunning: claim.job)
                    _ = try await studio.jobs.returnExpiredLeases(limit: 10)
                default:
                    // Also of claims that were lost long ago: the fence holds.
                    guard let claim = claims.randomElement(using: &random) else { continue }
                    do {
                        switch Int.random(in: 0..<5, using: &random) {
                        case 0: _ = try await studio.jobs.release(claim)
                        case 1: _ = try await studio.jobs.finishCancelled(claim)
                        case 2:
                            _ = try await studio.jobs.fail(
                                claim, failure: JobFailure(.runnerFailed, "exit 1"), retryDelay: .zero)
                        default: try await studio.publish(claim)
                        }
                    } catch is LeaseLost {}
                }
                if step.isMultiple(of: 50) { #expect(try await studio.audit.run() == []) }
            }
            let account = try #require(try await studio.account())
            #expect(account.available + account.held + account.settled == 300)
        }
    }
}

extension StudioFixture {
    /// Only where it runs: another state has no lease.
    func expireLease(ofRunning job: JobID) async throws {
        _ = try await database.withConnection {
            try $0.execute(
                "UPDATE jobs SET lease_expires_at = now() - interval '1 second' WHERE id = $1 AND state = 'running'",
                [.id(job)])
        }
    }
}
