package import QueueProtocol
import StudioCore

/// How a job's files come to be. Everything is fenced by the attempt: where the claim is no longer the job's, `LeaseLost` is
/// thrown and nothing changes.
extension JobFileStore {
    /// Notes which finished files the attempt is about to put into their places, so that a later attempt finishes those very
    /// ones.
    ///
    /// - Parameters:
    ///   - claim: The attempt.
    ///   - files: All of them.
    ///   - takeBack: Gets, with the job locked, the files that an earlier attempt had noted and that are not these: it may
    ///     have put them into their places. Runs on a database thread.
    /// - Throws: `LeaseLost`; what `takeBack` throws; `PostgresError`.
    package func record(
        _ claim: HeldClaim, _ files: [FinishedJobFile],
        takeBack: @escaping @Sendable ([JobFileRecord]) throws -> Void
    ) async throws {
        try await database.transaction { connection in
            _ = try AttemptFence.lock(claim, on: connection)
            let noted = try connection.query(JobFileSQL.noted, [.id(claim.job)]).map { try JobFileRecord($0) }
            let known = Set(files.map { "\($0.path) \($0.sha256)" })
            try takeBack(noted.filter { !known.contains("\($0.path) \($0.sha256)") })
            try JobFileSQL.record(claim, files, on: connection)
        }
    }

    /// Runs a closure with the attempt's job locked, so that neither the recovery nor a cancel nor another attempt can come
    /// between the files' places and their publication.
    ///
    /// After `commitUnknown`, look at `list(of:)`: files published by this attempt are a success.
    ///
    /// - Parameters:
    ///   - claim: The attempt.
    ///   - body: What to do, on a database thread; it may run more than once.
    /// - Returns: What the closure returns.
    /// - Throws: `LeaseLost`; what the closure throws; `PostgresError`.
    package func withClaim<T: Sendable>(
        _ claim: HeldClaim, _ body: @escaping @Sendable (PostgresConnection) throws -> T
    ) async throws -> T {
        try await database.transaction { connection in
            _ = try AttemptFence.lock(claim, on: connection)
            return try body(connection)
        }
    }

    /// Publishes the noted files: their rows, the job's success, the credits and the event together; inside `withClaim`.
    ///
    /// - Parameters:
    ///   - claim: The attempt.
    ///   - connection: The transaction.
    /// - Returns: The jobs that are queued because of it.
    /// - Throws: `LeaseLost`; `StudioError` where none was noted; `PostgresError`.
    package func publish(_ claim: HeldClaim, on connection: PostgresConnection) throws -> [JobID] {
        let job = try AttemptFence.lock(claim, on: connection)
        // A statement of its own: the place must be free before the next one takes it.
        try connection.execute(JobFileSQL.supersede, [.id(claim.job)])
        guard try !connection.query(JobFileSQL.publish, [.id(claim.job), .int(claim.attempt)]).isEmpty else {
            throw StudioError(.internalFault, "the job has no files to publish")
        }
        let verdict = WorkerBlockStore.Verdict(
            worker: try job.decode("worker_id"), function: try job.decode("function"), failure: nil,
            startedAt: try job.decode("started_at"))
        _ = try WorkerBlockStore.note([verdict], on: connection)
        return try JobStore(database).releaseDependents(of: claim.job, on: connection)
    }

    /// Forgets what an attempt of a job that will not go on was about to put into place, once `remove` has taken it away.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - remove: Takes the files away; runs on a database thread, with the job locked.
    /// - Returns: Whether the job was still one that will not go on.
    /// - Throws: What `remove` throws; `PostgresError`.
    package func abandon(
        _ job: JobID, remove: @escaping @Sendable ([JobFileRecord]) throws -> Void
    ) async throws -> Bool {
        try await database.transaction { connection in
            guard try !connection.query(JobFileSQL.lockEnded, [.id(job)]).isEmpty else { return false }
            try remove(connection.query(JobFileSQL.noted, [.id(job)]).map { try JobFileRecord($0) })
            try connection.execute(JobFileSQL.forgetNoted, [.id(job)])
            return true
        }
    }
}

/// The fence of everything an attempt writes.
enum AttemptFence {
    /// Locks the job's row where the attempt still holds it.
    ///
    /// - Throws: `LeaseLost`; `PostgresError`.
    static func lock(_ claim: HeldClaim, on connection: PostgresConnection) throws -> PostgresRow {
        guard let row = try connection.query(sql, [.id(claim.job), .int(claim.attempt)]).first else {
            throw LeaseLost(claim: claim)
        }
        return row
    }

    private static let sql = """
        SELECT tenant_id, project_id, shot, version, function, worker_id, started_at FROM jobs
        WHERE id = $1 AND attempt = $2 AND state = 'running' FOR UPDATE
        """
}

/// The statements that write files, also those beside takes.
enum JobFileSQL {
    /// Notes finished files in the place of whatever was noted before; the job is locked.
    static func record(_ claim: HeldClaim, _ files: [FinishedJobFile], on connection: PostgresConnection) throws {
        try connection.execute(forgetNoted, [.id(claim.job)])
        guard !files.isEmpty else { return }
        try connection.execute(
            insert,
            [
                .id(claim.job), .int(claim.attempt), .texts(files.map(\.port)), .texts(files.map(\.path)),
                .bools(files.map(\.isPrimary)), .texts(files.map(\.mediaType)), .texts(files.map(\.sha256)),
                .texts(files.map { String($0.sizeBytes) }),
                .optionalTexts(try files.map { try PostgresParameter.json($0.probe).text }),
            ])
    }

    static let noted = """
        SELECT \(JobFileRecord.columns) FROM job_files f WHERE f.job_id = $1 AND f.published_at IS NULL
        """
    static let forgetNoted = "DELETE FROM job_files WHERE job_id = $1 AND published_at IS NULL"
    static let lockEnded = "SELECT FROM jobs WHERE id = $1 AND state IN ('failed', 'cancelled') FOR UPDATE"
    private static let insert = """
        INSERT INTO job_files (job_id, port, project_id, path, is_primary, media_type, sha256, size_bytes, attempt, probe)
        SELECT j.id, a.port, j.project_id, a.path, a.is_primary, a.media_type, a.sha256, a.size_bytes, $2, a.probe
        FROM jobs j, unnest($3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[], $8::bigint[], $9::jsonb[])
            AS a (port, path, is_primary, media_type, sha256, size_bytes, probe)
        WHERE j.id = $1
        """
    /// Files of other jobs in the places that this one's take.
    static let supersede = """
        UPDATE job_files f SET removed_at = now() FROM job_files own
        WHERE own.job_id = $1 AND f.job_id <> $1 AND f.project_id = own.project_id AND f.path = own.path
          AND f.published_at IS NOT NULL AND f.removed_at IS NULL
        """
    /// Nothing else happens where there is no file to be published: every part hangs on it.
    static let publish = """
        WITH published AS (
            UPDATE job_files f SET published_at = now()
            WHERE f.job_id = $1 AND f.attempt = $2 AND f.published_at IS NULL
            RETURNING f.job_id, f.is_primary
        ), succeeded AS (
            UPDATE jobs j SET state = 'succeeded', worker_id = NULL, lease_expires_at = NULL, finished_at = now(),
                counted_attempts = j.counted_attempts + 1, not_before = NULL
            FROM published p WHERE j.id = p.job_id AND p.is_primary
            RETURNING j.id, j.user_id, j.round, j.credits
        ), attempts AS (
            UPDATE job_attempts a SET finished_at = now(), outcome = 'succeeded'
            FROM succeeded s WHERE a.job_id = s.id AND a.attempt = $2
        ), settled AS (
            INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
            SELECT user_id, id, round, 'settle', credits FROM succeeded WHERE credits > 0
        )
        SELECT id FROM succeeded
        """
    /// The files beside a take that is being published.
    static let publishBeside = """
        UPDATE job_files f SET published_at = now() WHERE f.job_id = $1 AND f.attempt = $2 AND f.published_at IS NULL
        """
}
