import FoundationEssentials
import QueueProtocol
import StudioCore
import StudioTestKit
import Testing

@testable import StudioPostgres

/// The database itself refuses what may not follow.
@Suite struct TransitionTests {
    /// Brings a job into a state by the ways there are.
    private func job(in state: JobState, _ studio: StudioFixture) async throws -> JobID {
        switch state {
        case .waiting: return try await studio.submit(dependsOn: [try await studio.submit()])
        case .queued: return try await studio.submit()
        case .running:
            let job = try await studio.submit()
            try await studio.claim(job)
            return job
        case .succeeded:
            let job = try await studio.submit()
            try await studio.publish(studio.claim(job))
            return job
        case .failed:
            let job = try await studio.submit()
            _ = try await studio.jobs.fail(
                studio.claim(job), failure: JobFailure(.inputInvalid, "no media"), retryDelay: .zero)
            return job
        case .cancelled:
            let job = try await studio.submit()
            _ = try await studio.jobs.cancel(job)
            return job
        }
    }

    /// What a program that knows nothing of the rules would write.
    private func force(_ job: JobID, into state: JobState, _ studio: StudioFixture) async throws {
        let parameters: [PostgresParameter] = [.id(job), .text(state.rawValue), .id(studio.worker)]
        try await studio.database.transaction { connection in
            try connection.execute(
                """
                UPDATE jobs SET state = $2, attempt = attempt + CASE WHEN $2 = 'running' AND state <> 'running' THEN 1 ELSE 0 END,
                    worker_id = CASE WHEN $2 = 'running' THEN $3::uuid END,
                    lease_expires_at = CASE WHEN $2 = 'running' THEN now() END, queued_at = now(),
                    finished_at = CASE WHEN $2 IN ('succeeded', 'failed', 'cancelled') THEN now() END,
                    failure = CASE WHEN $2 = 'failed' THEN '{}'::jsonb END
                WHERE id = $1
                """, parameters)
            // Only whether it is allowed is asked here.
            throw StudioError(.conflict, "allowed")
        }
    }

    @Test(arguments: JobState.allCases) func theTriggerAllowsWhatTheCoreAllowsAndNothingElse(from: JobState)
        async throws
    {
        try await StudioFixture.with { studio in
            let job = try await job(in: from, studio)
            #expect(try await studio.state(job) == from)
            for to in JobState.allCases where to != from {
                if from.successors.contains(to) {
                    await expectRefusal(.conflict) { try await force(job, into: to, studio) }
                } else {
                    let error = await expectFault(.checkViolation) { try await force(job, into: to, studio) }
                    #expect(error?.constraint == "job_state_transition", "\(from) to \(to)")
                }
            }
        }
    }

    @Test func theTokenRisesWithAClaimAndWithNothingElse() async throws {
        try await StudioFixture.with { studio in
            let running = try await job(in: .running, studio)
            let queued = try await job(in: .queued, studio)
            for sql in [
                "UPDATE jobs SET attempt = attempt - 1 WHERE id = $1",
                "UPDATE jobs SET attempt = attempt + 1 WHERE id = $1",
            ] {
                let error = await expectFault(.checkViolation) {
                    _ = try await studio.database.transaction { try $0.execute(sql, [.id(running)]) }
                }
                #expect(error?.constraint == "attempt_rises_with_claim")
            }
            let claimed = """
                UPDATE jobs SET state = 'running', worker_id = id, lease_expires_at = now() WHERE id = $1
                """
            let error = await expectFault(.checkViolation) {
                _ = try await studio.database.transaction { try $0.execute(claimed, [.id(queued)]) }
            }
            #expect(error?.constraint == "attempt_rises_with_claim")
        }
    }

    @Test func everyChangeOfStateTellsOfItself() async throws {
        try await StudioFixture.with { studio in
            let start = try await studio.events.newest()
            let job = try await studio.submit()
            let first = try await studio.claim(job)
            _ = try await studio.jobs.fail(first, failure: JobFailure(.runnerFailed, "exit 1"), retryDelay: .zero)
            let second = try await studio.claim(job)
            try await studio.publish(second)
            let events = try await studio.told(.job(job), after: start, count: 6)
            let told = events.filter { $0.kind == .jobState }.map { $0.payload["state"]?.stringValue }
            #expect(told == ["queued", "running", "queued", "running", "succeeded"])
            #expect(events.filter { $0.kind == .takeCreated }.count == 1)
            let attempts = events.filter { $0.kind == .jobState }.map { $0.payload["attempt"]?.intValue }
            #expect(attempts == [0, 1, 1, 2, 2])
            #expect(events.allSatisfy { $0.projectName == "film" && $0.job == job })
            #expect(try await studio.jobs.attempts(of: job).map(\.outcome) == [.failed, .succeeded])
        }
    }
}
