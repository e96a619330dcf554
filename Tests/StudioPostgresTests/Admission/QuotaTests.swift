import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

@Suite struct QuotaTests {
    private func limited(_ studio: StudioFixture, to limit: Int) -> JobStore {
        JobStore(studio.database, activeJobsPerUser: limit)
    }

    @Test func atTheLimitNothingIsKept() async throws {
        try await StudioFixture.with(credits: 20) { studio in
            let jobs = limited(studio, to: 2)
            let first = try studio.newJob()
            _ = try await jobs.admit(first)
            _ = try await jobs.admit(studio.newJob(dependsOn: [first.id]))
            let key = IdempotencyRequest(user: studio.user, key: "k", fingerprint: String(repeating: "1", count: 64))
            // Neither are there credits: the quota is said first.
            await expectRefusal(.quotaExceeded) { _ = try await jobs.admit(studio.newJob(), idempotency: key) }
            await expectRefusal(.quotaExceeded) { _ = try await jobs.admit(studio.newJob(credits: 0)) }
            #expect(try await jobs.list(project: studio.project).count == 2)
            #expect(try await studio.account() == CreditAccount(available: 0, held: 20, settled: 0))
            let kept = try await studio.database.withConnection { connection in
                try ["idempotency_keys", "events WHERE kind = 'job.state'", "ledger_entries WHERE kind = 'hold'"].map {
                    try connection.query("SELECT count(*) AS n FROM \($0)")[0].decode("n", as: Int.self)
                }
            }
            #expect(kept == [0, 2, 2])
        }
    }

    @Test func aJobCountsUntilItIsFinished() async throws {
        try await StudioFixture.with { studio in
            let jobs = limited(studio, to: 1)
            let job = try studio.newJob(credits: 0)
            _ = try await jobs.admit(job)
            let claim = try await studio.claim(job.id)
            await expectRefusal(.quotaExceeded) { _ = try await jobs.admit(studio.newJob()) }
            try await studio.publish(claim)
            let second = try studio.newJob()
            _ = try await jobs.admit(second)
            _ = try await jobs.cancel(second.id)
            let third = try studio.newJob()
            _ = try await jobs.admit(third)
            // A job that is known already is not refused, and takes no second place.
            guard case .known = try await jobs.admit(third) else {
                Issue.record("not known")
                return
            }
        }
    }

    @Test func manyAtOnceDoNotPassTheLimit() async throws {
        try await StudioFixture.with { studio in
            let jobs = limited(studio, to: 3)
            let admitted = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<16 {
                    // Some cost nothing: their account is locked all the same.
                    let job = try studio.newJob(credits: number % 2)
                    group.addTask {
                        do {
                            _ = try await jobs.admit(job)
                            return true
                        } catch let error as StudioError where error.code == .quotaExceeded {
                            return false
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(admitted == 3)
            #expect(try await jobs.list(project: studio.project).count == 3)
        }
    }

    @Test func anotherUserHasAQuotaOfTheirOwn() async throws {
        try await StudioFixture.with { studio in
            let jobs = limited(studio, to: 1)
            _ = try await jobs.admit(studio.newJob())
            let other = try await studio.users.create(
                NewUser(email: "bea@example.com", passwordHash: "x", roles: [.artist], credits: 10),
                tenant: studio.tenant)
            var job = try studio.newJob()
            job.user = other.id
            guard case .admitted = try await jobs.admit(job) else {
                Issue.record("not admitted")
                return
            }
        }
    }
}
