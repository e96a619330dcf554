import FoundationEssentials
import QueueProtocol
package import StudioCore

/// How attempts end that do not succeed. Each is fenced: where the claim is no longer the job's, `LeaseLost` is thrown
/// and nothing changes. Where somebody asked to cancel, the job ends cancelled whatever the attempt came to.
extension JobStore {
    /// Ends an attempt that failed: the job is queued again, or fails for good where the failure is not retryable or its
    /// attempts are used up. Then its credits are returned and the jobs that wait for it fail with it.
    ///
    /// - Parameters:
    ///   - claim: The attempt.
    ///   - failure: Why.
    ///   - retryDelay: How long before the next attempt.
    /// - Returns: How it left the job.
    /// - Throws: `LeaseLost`; `PostgresError`.
    package func fail(
        _ claim: HeldClaim, failure: JobFailure, retryDelay: Duration
    ) async throws -> AttemptEnd {
        try await end(claim, as: .failed, failure: failure, delay: retryDelay)
    }

    /// Gives a job back that the worker will not finish: queued again, not counted.
    ///
    /// - Parameter claim: The attempt.
    /// - Returns: How it left the job.
    /// - Throws: `LeaseLost`; `PostgresError`.
    package func release(_ claim: HeldClaim) async throws -> AttemptEnd { try await end(claim, as: .released) }

    /// Ends an attempt that stopped because somebody asked to cancel.
    ///
    /// - Parameter claim: The attempt.
    /// - Returns: How it left the job.
    /// - Throws: `LeaseLost`; `PostgresError`.
    package func finishCancelled(_ claim: HeldClaim) async throws -> AttemptEnd { try await end(claim, as: .cancelled) }

    private func end(
        _ claim: HeldClaim, as outcome: JobAttempt.Outcome, failure: JobFailure? = nil, delay: Duration = .zero
    ) async throws -> AttemptEnd {
        try await database.transaction { connection in
            let parameters: [PostgresParameter] = [
                .text(outcome.rawValue), try .json(failure), .bool(failure?.retryable ?? true), .milliseconds(delay),
                .id(claim.job), .int(claim.attempt),
            ]
            guard let row = try connection.query(AttemptSQL.endClaim, parameters).first else {
                throw LeaseLost(claim: claim)
            }
            return try attemptEnd(row, on: connection)
        }
    }

    private func attemptEnd(_ row: PostgresRow, on connection: PostgresConnection) throws -> AttemptEnd {
        let job: JobID = try row.decode("id")
        return switch try row.word("state", as: JobState.self) {
        case .failed: .failed(failedDependents: try failDependents(of: [job], on: connection))
        case .cancelled: .cancelled(failedDependents: try failDependents(of: [job], on: connection))
        default: .queued(notBefore: try row.decode("not_before"))
        }
    }

    /// Ends the attempts whose lease has run out by the database's clock: their jobs are queued again, or fail with
    /// `worker-lost` where the attempts are used up, or are cancelled where somebody asked. Safe to run in many programs.
    ///
    /// - Parameters:
    ///   - limit: How many at most.
    ///   - retryDelay: How long before the next attempt; default at once.
    ///   - calmSince: Where the server was away, or a connection to it lost, since then, nothing is done: living workers
    ///     could not renew either, and come first. Default nil, whatever was.
    /// - Returns: What was done, for the log.
    /// - Throws: `PostgresError`, `unavailable` also for the sake of `calmSince`.
    package func returnExpiredLeases(
        limit: Int, retryDelay: Duration = .zero, calmSince: ContinuousClock.Instant? = nil
    ) async throws -> [RecoveredJob] {
        let failure = JobFailure(.workerLost, "the worker that ran this attempt stopped answering")
        return try await database.transaction(retries: calmSince == nil ? 3 : 0) { connection in
            if let calmSince, let interruption = connection.lastInterruption, interruption >= calmSince {
                throw PostgresError(.unavailable, operatorDetail: "the server was away a moment ago")
            }
            let parameters: [PostgresParameter] = [
                .text(JobAttempt.Outcome.lost.rawValue), try .json(failure), .bool(failure.retryable),
                .milliseconds(retryDelay), .int(limit),
            ]
            return try connection.query(AttemptSQL.endExpired, parameters).map { row in
                RecoveredJob(
                    claim: HeldClaim(job: try row.decode("id"), attempt: try row.decode("attempt")),
                    worker: try row.decode("worker_id"), end: try attemptEnd(row, on: connection))
            }
        }
    }

    private enum AttemptSQL {
        static let endClaim = end(selecting: "j.id = $5 AND j.attempt = $6 AND j.state = 'running' FOR UPDATE")
        static let endExpired = end(
            selecting: """
                j.state = 'running' AND j.lease_expires_at < now()
                        ORDER BY j.lease_expires_at LIMIT $5 FOR UPDATE SKIP LOCKED
                """)

        /// $1 outcome, $2 failure, $3 retryable, $4 delay in milliseconds. Job, attempt, and the credits of a job that
        /// is finished by it, in one statement.
        private static func end(selecting condition: String) -> String {
            """
            WITH ending AS (
                SELECT j.id, j.worker_id, CASE
                    WHEN $1 = 'cancelled' OR j.cancel_requested_at IS NOT NULL THEN 'cancelled'
                    WHEN $1 = 'released' OR ($3::boolean AND j.counted_attempts + 1 < j.max_attempts) THEN 'queued'
                    ELSE 'failed' END AS next
                FROM jobs j WHERE \(condition)
            ), ended AS (
                UPDATE jobs j SET state = e.next, worker_id = NULL, lease_expires_at = NULL, pushed_at = NULL,
                    counted_attempts = j.counted_attempts + CASE WHEN $1 IN ('failed', 'lost') THEN 1 ELSE 0 END,
                    failure = CASE WHEN e.next = 'failed' THEN $2::jsonb END,
                    not_before = CASE WHEN e.next = 'queued' AND $4::bigint > 0
                        THEN now() + $4 * interval '1 millisecond' END,
                    -- One that was given back keeps its place.
                    queued_at = CASE WHEN e.next = 'queued' AND $1 <> 'released' THEN now() ELSE j.queued_at END,
                    finished_at = CASE WHEN e.next <> 'queued' THEN now() END
                FROM ending e WHERE j.id = e.id
                RETURNING j.id, j.attempt, e.worker_id, j.state, j.not_before, j.user_id, j.round, j.credits
            ), attempts AS (
                UPDATE job_attempts a SET finished_at = now(), outcome = $1, failure = $2
                FROM ended e WHERE a.job_id = e.id AND a.attempt = e.attempt
            ), returned AS (
                INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
                SELECT user_id, id, round, 'return', credits FROM ended
                WHERE state <> 'queued' AND credits > 0 ORDER BY user_id, id
            )
            SELECT id, attempt, worker_id, state, not_before FROM ended
            """
        }
    }
}
