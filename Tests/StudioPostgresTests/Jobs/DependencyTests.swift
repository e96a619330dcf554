import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

@Suite struct DependencyTests {
    @Test func aJobIsReleasedByTheLastOfThoseItWaitsFor() async throws {
        try await StudioFixture.with { studio in
            let (one, two) = (try await studio.submit(), try await studio.submit())
            let waiting = try await studio.submit(dependsOn: [one], inputs: ["plate": "job:\(two)"])
            #expect(try await studio.state(waiting) == .waiting)
            #expect(try await studio.jobs.get(waiting).map { Set($0.dependsOn) } == [one, two])
            #expect(try await studio.publish(studio.claim(one)).releasedJobs == [])
            #expect(try await studio.publish(studio.claim(two)).releasedJobs == [waiting])
            #expect(try await studio.state(waiting) == .queued)
            // All there already: queued at once.
            #expect(try await studio.state(studio.submit(dependsOn: [one, two])) == .queued)
        }
    }

    @Test func ofTwoThatEndAtOnceOneReleases() async throws {
        try await StudioFixture.with(credits: 10_000) { studio in
            for _ in 0..<10 {
                let upstream = [try await studio.submit(), try await studio.submit(), try await studio.submit()]
                let waiting = try await studio.submit(dependsOn: upstream)
                var claims: [HeldClaim] = []
                for job in upstream { claims.append(try await studio.claim(job)) }
                let released = try await withThrowingTaskGroup(of: [JobID].self) { group in
                    for claim in claims { group.addTask { try await studio.publish(claim).releasedJobs } }
                    return try await group.reduce(into: [JobID]()) { $0 += $1 }
                }
                #expect(released == [waiting])
            }
        }
    }

    @Test func aJobAdmittedWhileItsUpstreamEndsIsNotForgotten() async throws {
        try await StudioFixture.with(credits: 10_000) { studio in
            for round in 0..<20 {
                let upstream = try await studio.submit()
                let claim = try await studio.claim(upstream)
                async let ending: Void = {
                    if round.isMultiple(of: 2) {
                        _ = try await studio.publish(claim)
                    } else {
                        _ = try await studio.jobs.fail(
                            claim, failure: JobFailure(.inputInvalid, "no"), retryDelay: .zero)
                    }
                }()
                let job = try studio.newJob(dependsOn: [upstream])
                do {
                    _ = try await studio.jobs.admit(job)
                } catch let error as StudioError {
                    #expect(error.findings.first?.code == "dependency-failed")
                }
                try await ending
                let state = try await studio.state(job.id)
                #expect(state == (round.isMultiple(of: 2) ? .queued : state == nil ? nil : .failed))
            }
        }
    }

    @Test func afterAFailureAllThatWaitedFailsAndIsPaidBack() async throws {
        try await StudioFixture.with { studio in
            let first = try await studio.submit()
            let second = try await studio.submit(dependsOn: [first])
            let third = try await studio.submit(dependsOn: [second, first])
            let apart = try await studio.submit()
            let end = try await studio.jobs.fail(
                studio.claim(first), failure: JobFailure(.inputInvalid, "no media"), retryDelay: .zero)
            guard case .failed(let dependents) = end else {
                Issue.record("\(end)")
                return
            }
            #expect(Set(dependents) == [second, third])
            for job in [second, third] {
                #expect(try await studio.jobs.get(job)?.failure?.code == .dependencyFailed)
            }
            #expect(try await studio.state(apart) == .queued)
            #expect(try await studio.account() == CreditAccount(available: 990, held: 10, settled: 0))
        }
    }

    @Test func cancelIsAtOnceWhereNothingRunsAndAskedForWhereItDoes() async throws {
        try await StudioFixture.with { studio in
            let queued = try await studio.submit()
            let dependent = try await studio.submit(dependsOn: [queued])
            let first = try await studio.jobs.cancel(queued)
            #expect(first.effect == .cancelled && first.failedDependents == [dependent])
            #expect(first.job.state == .cancelled)
            let again = try await studio.jobs.cancel(queued)
            #expect(again.effect == .alreadyFinished && again.job == first.job)

            let running = try await studio.submit()
            let claim = try await studio.claim(running)
            #expect(try await studio.jobs.cancel(running).effect == .requested)
            let asked = try await studio.jobs.cancel(running)
            #expect(asked.effect == .requested && asked.job.state == .running)
            // Whatever the attempt comes to, it is not tried again.
            #expect(
                try await studio.jobs.fail(claim, failure: JobFailure(.runnerFailed, "x"), retryDelay: .zero)
                    == .cancelled(failedDependents: []))
            #expect(try await studio.account() == CreditAccount(available: 1000, held: 0, settled: 0))
            await expectRefusal(.notFound) { _ = try await studio.jobs.cancel(running, tenant: TenantID()) }
            await expectRefusal(.notFound) { _ = try await studio.jobs.cancel(JobID()) }
        }
    }

    @Test func aRetryIsANewRoundWithItsHistoryKept() async throws {
        try await StudioFixture.with(credits: 20) { studio in
            let upstream = try await studio.submit(maxAttempts: 1)
            let dependent = try await studio.submit(dependsOn: [upstream])
            await expectRefusal(.conflict) { _ = try await studio.jobs.retry(upstream) }
            _ = try await studio.jobs.fail(
                studio.claim(upstream), failure: JobFailure(.runnerFailed, "exit 1"), retryDelay: .zero)
            // Its upstream must be retried first, and then it waits for it.
            await expectRefusal(.conflict) { _ = try await studio.jobs.retry(dependent) }
            let retried = try await studio.jobs.retry(upstream)
            #expect(retried.state == .queued && retried.round == 1 && retried.attempt == 1)
            #expect(retried.countedAttempts == 0 && retried.failure == nil && retried.pushedAt == nil)
            #expect(try await studio.state(dependent) == .failed)
            #expect(try await studio.jobs.retry(dependent).state == .waiting)
            #expect(try await studio.account() == CreditAccount(available: 0, held: 20, settled: 0))
            let publication = try await studio.publish(studio.claim(upstream))
            #expect(publication.releasedJobs == [dependent])
            await expectRefusal(.conflict) { _ = try await studio.jobs.retry(upstream) }
            #expect(try await studio.jobs.attempts(of: upstream).count == 2)
            // Not without the credits.
            _ = try await studio.jobs.cancel(dependent)
            _ = try await studio.submit()
            await expectRefusal(.insufficientCredits) { _ = try await studio.jobs.retry(dependent) }
            #expect(try await studio.state(dependent) == .cancelled)
        }
    }
}
