import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

@Suite struct AdmissionTests {
    private func request(_ studio: StudioFixture, key: String = "k1", body: Character = "1") -> IdempotencyRequest {
        IdempotencyRequest(user: studio.user, key: key, fingerprint: String(repeating: body, count: 64))
    }

    private let answer: @Sendable (AdmittedJob) throws -> IdempotentAnswer = { job in
        IdempotentAnswer(status: 202, headers: ["Location": "/api/v1/jobs/\(job.id)"], body: "{\"id\":\"\(job.id)\"}")
    }

    @Test func aJobIsKeptAsItWasAskedForAndItsCreditsAreHeld() async throws {
        try await StudioFixture.with(credits: 25) { studio in
            let asked = try studio.newJob(notBefore: Date(timeIntervalSince1970: 4_000_000_000))
            let record = try await studio.admit(asked)
            #expect(record.state == .queued && record.attempt == 0 && record.projectName == "film")
            #expect(record.parameters == asked.parameters)
            #expect(try await studio.jobs.get(asked.id) == record)
            #expect(try await studio.jobs.get(asked.id, tenant: studio.tenant) == record)
            #expect(try await studio.jobs.get(asked.id, tenant: TenantID()) == nil)
            #expect(try await studio.account() == CreditAccount(available: 15, held: 10, settled: 0))
        }
    }

    @Test func aRefusalLeavesNothing() async throws {
        try await StudioFixture.with(credits: 9) { studio in
            let before = try await studio.events.newest()
            let missing = JobID()
            let failed = try await studio.submit(credits: 0)
            _ = try await studio.jobs.cancel(failed)
            await expectRefusal(.insufficientCredits) {
                _ = try await studio.jobs.admit(studio.newJob(), idempotency: request(studio), answer: answer)
            }
            await expectRefusal(.invalid) {
                _ = try await studio.jobs.admit(studio.newJob(credits: 1, dependsOn: [missing]))
            }
            await expectRefusal(.invalid) {
                _ = try await studio.jobs.admit(studio.newJob(credits: 1, dependsOn: [failed]))
            }
            await expectRefusal(.invalid) {
                _ = try await studio.jobs.admit(studio.newJob(credits: 1, inputs: ["plate": "job:nonsense"]))
            }
            let own = JobID()
            await expectRefusal(.invalid) { _ = try await studio.jobs.admit(studio.newJob(id: own, dependsOn: [own])) }
            var elsewhere = try studio.newJob(credits: 1)
            elsewhere.tenant = TenantID()
            await expectRefusal(.notFound) { _ = try await studio.jobs.admit(elsewhere) }
            _ = try await studio.projects.archive(studio.project)
            await expectRefusal(.conflict) { _ = try await studio.jobs.admit(studio.newJob(credits: 1)) }
            #expect(try await studio.jobs.list(project: studio.project).map(\.id) == [failed])
            #expect(try await studio.account() == CreditAccount(available: 9, held: 0, settled: 0))
            let jobEvents = try await studio.told(.all, after: before, count: 3).filter { $0.kind == .jobState }
            #expect(Set(jobEvents.map(\.job)) == [failed])
            // The key of a refused request is as good as new.
            _ = try await studio.projects.restore(studio.project)
            guard
                case .admitted = try await studio.jobs.admit(
                    studio.newJob(credits: 1), idempotency: request(studio), answer: answer)
            else {
                Issue.record("the key was kept")
                return
            }
        }
    }

    @Test func everyFindingIsNamedAtOnce() async throws {
        try await StudioFixture.with { studio in
            let (one, two) = (JobID(), JobID())
            do {
                _ = try await studio.jobs.admit(studio.newJob(dependsOn: [one], inputs: ["a/b": "job:\(two)"]))
                Issue.record("not refused")
            } catch let error as StudioError {
                #expect(error.findings.map(\.pointer) == ["/dependsOn/0", "/inputs/a~1b"])
            }
        }
    }

    @Test func theSameKeyGivesTheFirstAnswerAndPaysOnce() async throws {
        try await StudioFixture.with { studio in
            guard
                case .admitted(let first) = try await studio.jobs.admit(
                    studio.newJob(), idempotency: request(studio), answer: answer),
                case .replayed(let again) = try await studio.jobs.admit(
                    studio.newJob(), idempotency: request(studio), answer: answer)
            else {
                Issue.record("not replayed")
                return
            }
            #expect(again == (try answer(first)))
            await expectRefusal(.idempotencyMismatch) {
                _ = try await studio.jobs.admit(
                    studio.newJob(), idempotency: request(studio, body: "2"), answer: answer)
            }
            #expect(try await studio.account()?.held == 10)
            // After a day the key is as good as new.
            _ = try await studio.database.withConnection {
                try $0.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
            }
            guard
                case .admitted = try await studio.jobs.admit(
                    studio.newJob(), idempotency: request(studio, body: "2"), answer: answer)
            else {
                Issue.record("an old key was kept")
                return
            }
            _ = try await studio.database.withConnection {
                try $0.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
            }
            #expect(try await IdempotencyStore(studio.database).purge() == 1)
        }
    }

    @Test func oneClickRepeatedAtOnceIsOneJob() async throws {
        try await StudioFixture.with { studio in
            let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<16 {
                    group.addTask { [self] in
                        switch try await studio.jobs.admit(
                            studio.newJob(), idempotency: request(studio), answer: answer)
                        {
                        case .admitted: true
                        default: false
                        }
                    }
                }
                return try await group.reduce(into: [Bool]()) { $0.append($1) }
            }
            #expect(outcomes.filter { $0 }.count == 1)
            #expect(try await studio.jobs.list(project: studio.project).count == 1)
            #expect(try await studio.account()?.held == 10)
        }
    }

    @Test func theSameJobIDIsAdmittedOnce() async throws {
        try await StudioFixture.with { studio in
            let job = try studio.newJob()
            try await studio.admit(job)
            guard case .known(let known) = try await studio.jobs.admit(job) else {
                Issue.record("admitted twice")
                return
            }
            #expect(known.id == job.id)
            #expect(try await studio.account()?.held == 10)
        }
    }

    @Test func creditsCannotBeSpentTwiceAtOnce() async throws {
        try await StudioFixture.with(credits: 35) { studio in
            let admitted = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<12 {
                    group.addTask { (try? await studio.jobs.admit(studio.newJob())) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(admitted == 3)
            let account = try await studio.account()
            #expect(account == CreditAccount(available: 5, held: 30, settled: 0))
        }
    }
}
