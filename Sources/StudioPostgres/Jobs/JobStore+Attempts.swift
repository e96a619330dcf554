import FoundationEssentials
import QueueProtocol
package import StudioCore

/// How attempts end without a take. Each is fenced: where the claim is no longer the job's, nothing changes. Where
/// somebody asked to cancel, a job that did not succeed ends cancelled whatever the attempt came to.
extension JobStore {
    /// Writes down how attempts ended, all of them in one transaction: jobs, attempts, credits, events, and what that
    /// means for the jobs that wait for these.
    ///
    /// A job whose attempt failed is queued again, or fails for good where the failure is not retryable or its attempts
    /// are used up. Then its credits are returned and the jobs that wait for it fail with it.
    ///
    /// - Parameter endings: The attempts, each once.
    /// - Returns: What became of them.
    /// - Throws: `PostgresError`; then nothing is written, of none of them.
    package func end(_ endings: [AttemptEnding]) async throws -> EndedAttempts {
        guard !endings.isEmpty else { return EndedAttempts(ends: []) }
        // In the order in which rows are locked everywhere.
        let parameters = try EndingRows(endings.sorted { $0.claim.job < $1.claim.job }).parameters
        let elsewhere = Set(endings.filter(\.failedElsewhere).map(\.claim))
        let ((ends, alone), blocked) = try await database.transaction { connection in
            let rows = try connection.query(AttemptSQL.endClaims, parameters)
            return (try settle(rows, on: connection), try noteWorkers(rows, but: elsewhere, on: connection))
        }
        return EndedAttempts(ends: endings.map { ends[$0.claim] }, blockedFunctions: blocked, withoutParts: alone)
    }

    /// Ends one attempt that failed; see ``end(_:)``.
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
        try await end(AttemptEnding(claim, .failed(failure, retryDelay: retryDelay)))
    }

    /// Gives a job back that the worker will not finish: queued again, not counted.
    ///
    /// - Parameter claim: The attempt.
    /// - Returns: How it left the job.
    /// - Throws: `LeaseLost`; `PostgresError`.
    package func release(_ claim: HeldClaim) async throws -> AttemptEnd {
        try await end(AttemptEnding(claim, .released))
    }

    /// Ends an attempt that stopped because somebody asked to cancel.
    ///
    /// - Parameter claim: The attempt.
    /// - Returns: How it left the job.
    /// - Throws: `LeaseLost`; `PostgresError`.
    package func finishCancelled(_ claim: HeldClaim) async throws -> AttemptEnd {
        try await end(AttemptEnding(claim, .cancelled))
    }

    private func end(_ ending: AttemptEnding) async throws -> AttemptEnd {
        guard let end = try await end([ending]).ends[0] else { throw LeaseLost(claim: ending.claim) }
        return end
    }

    /// Ends the attempts whose lease has run out by the database's clock: their jobs are queued again, or fail with
    /// `worker-lost` where the attempts are used up, or with `poison` where it is the second worker that was lost with the
    /// job, or are cancelled where somebody asked. One whose file was finished gets up to three attempts more, to publish it.
    /// Safe to run in many programs.
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
        let lost = JobFailure(.workerLost, "the worker that ran this attempt stopped answering")
        let poison = JobFailure(
            .poison, "two workers stopped answering while they ran this job; it is not given to another")
        let parameters: [PostgresParameter] = [
            try .json(lost), .milliseconds(retryDelay), .int(limit), try .json(poison),
        ]
        return try await database.transaction(retries: calmSince == nil ? 3 : 0) { connection in
            if let calmSince, let interruption = connection.lastInterruption, interruption >= calmSince {
                throw PostgresError(.unavailable, operatorDetail: "the server was away a moment ago")
            }
            let rows = try connection.query(AttemptSQL.endExpired, parameters)
            let (ends, _) = try settle(rows, on: connection)
            return try rows.compactMap { row in
                let claim = HeldClaim(job: try row.decode("id"), attempt: try row.decode("attempt"))
                guard let end = ends[claim] else { return nil }
                return RecoveredJob(claim: claim, worker: try row.decode("worker_id"), end: end)
            }
        }
    }

    /// Keeps what the attempts say of their workers.
    ///
    /// - Parameters:
    ///   - rows: The attempts.
    ///   - elsewhere: Those that failed at work that their worker did not do itself.
    ///   - connection: The transaction.
    /// - Returns: The functions that a worker is not given from now on.
    /// - Throws: `PostgresError`.
    private func noteWorkers(
        _ rows: PostgresRows, but elsewhere: Set<HeldClaim>, on connection: PostgresConnection
    ) throws -> [String] {
        let verdicts: [WorkerBlockStore.Verdict] = try rows.compactMap { row in
            let outcome: JobAttempt.Outcome = try row.word("outcome")
            let failure: FailureCode?
            switch outcome {
            // Where nobody has failed lately, a success changes nothing.
            case .succeeded where try row.decode("has_blocks"): failure = nil
            // What is not worth retrying is the job's own fault.
            case .failed where try row.decode("is_retryable"):
                let claim = HeldClaim(job: try row.decode("id"), attempt: try row.decode("attempt"))
                if elsewhere.contains(claim) { return nil }
                failure = try row.word("code")
            default: return nil
            }
            return WorkerBlockStore.Verdict(
                worker: try row.decode("worker_id"), function: try row.decode("function"), failure: failure,
                startedAt: try row.decode("started_at"))
        }
        return verdicts.isEmpty ? [] : try WorkerBlockStore.note(verdicts, on: connection)
    }

    /// Lets the jobs that wait for ended ones know, and says how each of these was left, and which of those go on without
    /// a part that failed.
    private func settle(
        _ rows: PostgresRows, on connection: PostgresConnection
    ) throws -> (ends: [HeldClaim: AttemptEnd], withoutParts: [JobID: JobID]) {
        var states: [JobID: JobState] = [:]
        for row in rows { states[try row.decode("id")] = try row.word("state", as: JobState.self) }
        let settled = try settleDependents(of: states, on: connection)
        var ends: [HeldClaim: AttemptEnd] = [:]
        for row in rows {
            let claim = HeldClaim(job: try row.decode("id"), attempt: try row.decode("attempt"))
            let jobs = settled.moved[claim.job] ?? []
            ends[claim] =
                switch states[claim.job] {
                case .succeeded: .succeeded(releasedJobs: jobs)
                case .failed: .failed(failedDependents: jobs)
                case .cancelled: .cancelled(failedDependents: jobs)
                default: .queued(notBefore: try row.decode("not_before"))
                }
        }
        return (ends, settled.withoutParts)
    }
}

/// Endings as columns, for `unnest`.
private struct EndingRows {
    private var outcomes: [String] = []
    private var failures: [String] = []
    private var retryable: [String] = []
    private var delays: [Int] = []
    private let claims: [HeldClaim]

    init(_ endings: [AttemptEnding]) throws(PostgresError) {
        claims = endings.map(\.claim)
        for ending in endings {
            var failure: JobFailure?
            var delay = Duration.zero
            switch ending.result {
            case .succeeded: outcomes.append(JobAttempt.Outcome.succeeded.rawValue)
            case .released: outcomes.append(JobAttempt.Outcome.released.rawValue)
            case .cancelled: outcomes.append(JobAttempt.Outcome.cancelled.rawValue)
            case .failed(let cause, let pause):
                outcomes.append(JobAttempt.Outcome.failed.rawValue)
                (failure, delay) = (cause, pause)
            }
            failures.append(try PostgresParameter.json(failure).text ?? "null")
            retryable.append(failure?.retryable ?? true ? "t" : "f")
            delays.append(Int(delay.wholeMilliseconds))
        }
    }

    var parameters: [PostgresParameter] {
        [
            .ids(claims.map(\.job)), .ints(claims.map(\.attempt)), .texts(outcomes), .texts(failures),
            .texts(retryable), .ints(delays),
        ]
    }
}

private enum AttemptSQL {
    // The row is looked up by its id and by nothing else: a planner that believes that next to nothing runs would rather
    // read all of an index on running jobs.
    static let endClaims = end(
        """
        SELECT j.id, j.worker_id, e.outcome, nullif(e.failure, 'null') AS cause, nullif(e.failure, 'null') AS failure,
               e.delay, CASE
            WHEN e.outcome = 'succeeded' THEN 'succeeded'
            WHEN e.outcome = 'cancelled' OR j.cancel_requested_at IS NOT NULL THEN 'cancelled'
            WHEN e.outcome = 'released' OR (e.retryable AND j.counted_attempts + 1 < j.max_attempts) THEN 'queued'
            ELSE 'failed' END AS next
        FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::jsonb[], $5::boolean[], $6::bigint[])
            AS e (id, attempt, outcome, failure, retryable, delay)
        CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id = e.id OFFSET 0 FOR UPDATE) j
        WHERE j.state = 'running' AND j.attempt = e.attempt
        """)
    static let endExpired = end(
        """
        SELECT j.id, j.worker_id, 'lost' AS outcome, $1::jsonb AS cause,
               CASE WHEN j.lost_attempts > 0 THEN $4::jsonb ELSE $1::jsonb END AS failure, $2::bigint AS delay, CASE
            WHEN j.cancel_requested_at IS NOT NULL THEN 'cancelled'
            -- Its file was finished and may be committed: all that is left is to publish it, which harms no worker.
            WHEN j.counted_attempts < j.max_attempts + 3 AND (EXISTS (
                SELECT FROM takes t WHERE t.job_id = j.id AND t.published_at IS NULL AND t.sha256 IS NOT NULL)
                OR EXISTS (SELECT FROM job_files f WHERE f.job_id = j.id AND f.published_at IS NULL))
                THEN 'queued'
            WHEN j.lost_attempts > 0 THEN 'failed'
            WHEN j.counted_attempts + 1 < j.max_attempts THEN 'queued'
            ELSE 'failed' END AS next
        FROM jobs j WHERE j.state = 'running' AND j.lease_expires_at < now()
        ORDER BY j.lease_expires_at LIMIT $3 FOR UPDATE SKIP LOCKED
        """)

    /// Job, attempt, and the credits of a job that is finished by it, in one statement.
    private static func end(_ ending: String) -> String {
        """
        WITH ending AS (
            \(ending)
        ), ended AS (
            UPDATE jobs j SET state = e.next, worker_id = NULL, lease_expires_at = NULL, pushed_at = NULL,
                counted_attempts = j.counted_attempts
                    + CASE WHEN e.outcome IN ('succeeded', 'failed', 'lost') THEN 1 ELSE 0 END,
                lost_attempts = j.lost_attempts + CASE e.outcome WHEN 'lost' THEN 1 ELSE 0 END,
                failure = CASE WHEN e.next = 'failed' THEN e.failure END,
                not_before = CASE WHEN e.next = 'queued' AND e.delay > 0
                    THEN now() + e.delay * interval '1 millisecond' END,
                delayed = e.next = 'queued' AND e.delay > 0,
                -- One that was given back keeps its place.
                queued_at = CASE WHEN e.next = 'queued' AND e.outcome <> 'released' THEN now() ELSE j.queued_at END,
                finished_at = CASE WHEN e.next <> 'queued' THEN now() END
            FROM ending e WHERE j.id = e.id
            RETURNING j.id, j.attempt, e.worker_id, e.outcome, e.cause, j.state, j.not_before, j.user_id, j.round,
                j.credits, j.function, j.started_at
        ), attempts AS (
            UPDATE job_attempts a SET finished_at = now(), outcome = e.outcome, failure = e.cause
            FROM ended e WHERE a.job_id = e.id AND a.attempt = e.attempt
        ), moved AS (
            INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
            SELECT user_id, id, round, CASE state WHEN 'succeeded' THEN 'settle' ELSE 'return' END, credits FROM ended
            WHERE state <> 'queued' AND credits > 0 ORDER BY user_id, id
        )
        SELECT id, attempt, worker_id, state, not_before, outcome, cause ->> 'code' AS code,
               coalesce((cause ->> 'retryable')::boolean, false) AS is_retryable, function, started_at,
               EXISTS (SELECT FROM worker_blocks) AS has_blocks
        FROM ended
        """
    }
}
