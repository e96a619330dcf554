package import QueueProtocol
import StudioCore

/// What people ask of a job that is there.
extension JobStore {
    /// Cancels a job: at once where it has not started, by its worker where it runs. Asking again changes nothing.
    ///
    /// - Parameters:
    ///   - id: The job.
    ///   - tenant: Whose it must be; default anyone's.
    ///   - evenRunning: Whether one that runs is asked to stop; otherwise it is left alone. Default yes.
    ///   - author: Who asks, for the log of actions; default nobody.
    /// - Returns: What it did.
    /// - Throws: `StudioError` with code `notFound`; `PostgresError`.
    package func cancel(
        _ id: JobID, tenant: TenantID? = nil, evenRunning: Bool = true, by author: ActionAuthor? = nil
    ) async throws -> Cancellation {
        try await database.transaction { connection in
            let effect: Cancellation.Effect
            var failed: [JobID] = []
            // Asked for again it does nothing, and is nothing to tell.
            var isNew = true
            switch try lockedState(of: id, tenant: tenant, on: connection) {
            case .waiting, .queued:
                failed = try cancelNow(id, on: connection)
                effect = .cancelled
            case .running where !evenRunning: effect = .leftRunning
            case .running:
                isNew = try connection.execute(RequestSQL.requestCancel, [.id(id)]) == 1
                effect = .requested
            case .succeeded, .failed, .cancelled:
                effect = .alreadyFinished
            }
            let job = try record(id, on: connection)
            if isNew, effect == .cancelled || effect == .requested {
                try ActionLog.write(job.action(.jobCancelled), by: author, on: connection)
            }
            return Cancellation(job: job, effect: effect, failedDependents: failed)
        }
    }

    /// Cancels a job that has not started, whose row is locked; returns the jobs that failed with it.
    @discardableResult
    func cancelNow(_ id: JobID, on connection: PostgresConnection) throws -> [JobID] {
        try connection.execute(RequestSQL.cancelNow, [.id(id)])
        return try failDependents(of: id, on: connection)
    }

    /// Begins a new round of a job that failed or was cancelled: credits held anew, attempts counted anew, history kept.
    /// Jobs that failed because they waited for it stay failed. Its parts that did not succeed begin a new round with it.
    ///
    /// - Parameters:
    ///   - id: The job.
    ///   - tenant: Whose it must be; default anyone's.
    ///   - author: Who asks, for the log of actions; default nobody.
    /// - Returns: The job, queued or waiting.
    /// - Throws: `StudioError` with code `notFound`, `conflict`, `exportExists` or `insufficientCredits`; `PostgresError`.
    package func retry(
        _ id: JobID, tenant: TenantID? = nil, by author: ActionAuthor? = nil
    ) async throws -> JobRecord {
        try await database.transaction { try retry(id, tenant: tenant, by: author, on: $0) }
    }

    /// The same for a request with an idempotency key: key, retry and first answer are kept in one transaction or not at
    /// all. Of two requests with one key at once the second waits for the first and gets its answer.
    ///
    /// Where the answer to COMMIT is lost it looks again: the key tells whether it was done.
    ///
    /// - Parameters:
    ///   - id: The job.
    ///   - tenant: Whose it must be; default anyone's.
    ///   - idempotency: The key the request came with.
    ///   - author: Who asks, for the log of actions; default nobody.
    ///   - answer: What to keep as the first answer to that key; may be asked again when the transaction has to run again.
    /// - Returns: The job, queued or waiting, or the first answer again.
    /// - Throws: `StudioError` with code `notFound`, `conflict`, `insufficientCredits` or `idempotencyMismatch`, which
    ///   leaves the key free; `PostgresError`.
    package func retry(
        _ id: JobID, tenant: TenantID? = nil, idempotency: IdempotencyRequest, by author: ActionAuthor? = nil,
        answer: @escaping @Sendable (JobRecord) throws -> IdempotentAnswer
    ) async throws -> RetryOutcome {
        let work: @Sendable (PostgresConnection) throws -> RetryOutcome = { connection in
            let keys = IdempotencyStore(database)
            switch try keys.claim(idempotency, on: connection) {
            case .fresh: break
            case .replay(let first): return .replayed(first)
            case .mismatch: throw IdempotencyStore.mismatch
            case .inProgress: throw IdempotencyStore.inProgress
            }
            let job = try retry(id, tenant: tenant, by: author, on: connection)
            try keys.complete(idempotency, answer: answer(job), on: connection)
            return .retried(job)
        }
        do {
            return try await database.transaction(work)
        } catch let error as PostgresError where error.code == .commitUnknown {
            return try await database.transaction(work)
        }
    }

    private func retry(
        _ id: JobID, tenant: TenantID?, by author: ActionAuthor?, on connection: PostgresConnection
    ) throws -> JobRecord {
        try connection.execute(RequestSQL.lockParts, [.id(id)])
        let state = try lockedState(of: id, tenant: tenant, on: connection)
        guard state == .failed || state == .cancelled else {
            throw StudioError(
                .conflict, "only a failed or cancelled job can be retried, and this one is \(state.rawValue)")
        }
        let job = try record(id, on: connection)
        if let whole = job.partOf {
            throw StudioError(.conflict, "the job is a part of job \(whole); retry that one")
        }
        // Before credits are looked at; its own parts begin a new round with it.
        _ = try beginning(of: id, retriesParts: true, on: connection)
        guard try !connection.query(RequestSQL.isArchived, [.id(job.project)])[0].decode("is_archived") else {
            throw StudioError(.conflict, "the project is archived; restore it to retry jobs")
        }
        try checkQuotaAndCredits(of: job.user, cost: job.credits, on: connection)
        try retryParts(of: id, on: connection)
        try beginRound(of: id, on: connection)
        try ActionLog.write(job.action(.jobRetried), by: author, on: connection)
        return try record(id, on: connection)
    }

    /// Queues a locked job anew, or lets it wait for those it depends on.
    ///
    /// - Throws: `StudioError` with code `conflict` where one of those did not succeed, or `exportExists`; `PostgresError`.
    func beginRound(of id: JobID, on connection: PostgresConnection) throws {
        let next = try beginning(of: id, on: connection)
        do {
            try connection.execute(RequestSQL.retry, [.id(id), .text(next.rawValue)])
        } catch {
            throw Self.refusal(of: error) ?? error
        }
    }

    /// Where a job stands when it begins a round, by those it depends on: `conflict` where one of them did not succeed.
    /// With `retriesParts` its own parts are to begin a round too, and are waited for however they ended.
    private func beginning(
        of id: JobID, retriesParts: Bool = false, on connection: PostgresConnection
    ) throws -> JobState {
        var next = JobState.queued
        for row in try connection.query(RequestSQL.upstream, [.id(id)]) {
            switch try row.word("state", as: JobState.self) {
            case .succeeded: break
            case .failed, .cancelled:
                guard try retriesParts && row.decode("is_part", as: Bool.self) else {
                    throw StudioError(.conflict, "a job that this one depends on did not succeed; retry it first")
                }
                next = .waiting
            case .waiting, .queued, .running: next = .waiting
            }
        }
        return next
    }

    /// Locks the user's account, so that two jobs cannot both take the last place or spend the last credit.
    private func checkQuotaAndCredits(of user: UserID, cost: Int, on connection: PostgresConnection) throws {
        var account = AdmissionView.Account()
        if let row = try connection.query(RequestSQL.account, [.id(user)]).first {
            account = AdmissionView.Account(
                available: try row.decode("available"), activeJobs: try row.decode("active_jobs"))
        }
        try account.check(cost: cost, activeJobsPerUser: activeJobsPerUser)
    }

    private func lockedState(
        of id: JobID, tenant: TenantID?, on connection: PostgresConnection
    ) throws -> JobState {
        guard let row = try connection.query(RequestSQL.lock, [.id(id), .id(tenant)]).first else { throw Self.missing }
        return try row.word("state")
    }

    private enum RequestSQL {
        static let lock = """
            SELECT state FROM jobs WHERE id = $1 AND ($2::uuid IS NULL OR tenant_id = $2) FOR UPDATE
            """
        // By id, as everywhere: a part that ends at the moment goes first.
        static let lockParts = "SELECT FROM jobs WHERE id = $1 OR part_of = $1 ORDER BY id FOR UPDATE"
        static let cancelNow = """
            WITH cancelled AS (
                UPDATE jobs SET state = 'cancelled', finished_at = now(), pushed_at = NULL,
                    cancel_requested_at = coalesce(cancel_requested_at, now())
                WHERE id = $1
                RETURNING id, user_id, round, credits
            )
            INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
            SELECT user_id, id, round, 'return', credits FROM cancelled WHERE credits > 0
            """
        static let requestCancel = """
            UPDATE jobs SET cancel_requested_at = now() WHERE id = $1 AND cancel_requested_at IS NULL
            """
        static let upstream = """
            SELECT u.state, coalesce(u.part_of = $1, false) AS is_part FROM jobs u
            WHERE u.id IN (SELECT depends_on FROM job_dependencies WHERE job_id = $1) ORDER BY u.id FOR SHARE
            """
        static let account = "SELECT available, active_jobs FROM credit_accounts WHERE user_id = $1 FOR NO KEY UPDATE"
        static let isArchived = "SELECT archived_at IS NOT NULL AS is_archived FROM projects WHERE id = $1"
        static let retry = """
            WITH retried AS (
                UPDATE jobs SET state = $2, round = round + 1, counted_attempts = 0, lost_attempts = 0, put_offs = 0, failure = NULL,
                    cancel_requested_at = NULL, not_before = NULL, expires_at = NULL, delayed = false, pushed_at = NULL,
                    held_at = CASE WHEN preview_job IS NOT NULL AND approved_at IS NULL THEN now() END,
                    place = \(JobStore.nextPlace), started_at = NULL,
                    finished_at = NULL, queued_at = CASE WHEN $2 = 'queued' THEN now() END
                WHERE id = $1
                RETURNING id, user_id, round, credits
            )
            INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
            SELECT user_id, id, round, 'hold', credits FROM retried WHERE credits > 0
            """
    }
}
