package import QueueProtocol
import StudioCore

/// How a take comes to be. Everything is fenced by the attempt: where the claim is no longer the job's, `LeaseLost` is
/// thrown and nothing changes.
extension TakeStore {
    /// Gives the job its take number; the same job gets the same take again, whichever attempt asks.
    ///
    /// - Parameters:
    ///   - claim: The attempt.
    ///   - fileExtension: Of the media file, without a dot.
    ///   - mediaType: Such as `video/mp4`.
    ///   - minimumNumber: The least number to give, above what lies on disk; default 1.
    /// - Returns: The take, not yet published.
    /// - Throws: `LeaseLost`; `PostgresError`.
    package func allocate(
        _ claim: HeldClaim, fileExtension: String, mediaType: String, minimumNumber: Int = 1
    ) async throws -> TakeRecord {
        try await database.transaction { connection in
            let job = try AttemptFence.lock(claim, on: connection)
            if let row = try connection.query(PublicationSQL.ofJob, [.id(claim.job)]).first {
                return try TakeRecord(row)
            }
            let project: ProjectID = try job.decode("project_id")
            let shot = try ShotName(try job.decode("shot"))
            let version: Int = try job.decode("version")
            let number: Int = try connection.query(
                PublicationSQL.nextNumber,
                [.id(project), .text(shot.text), .int(version), .int(max(1, minimumNumber))]
            )[0].decode("last_number")
            let name = TakeName(shot: shot, version: version, number: number, fileExtension: fileExtension)
            return try TakeRecord(
                connection.query(
                    PublicationSQL.insert,
                    [
                        .id(TakeID()), .id(try job.decode("tenant_id", as: TenantID.self)), .id(project),
                        .id(claim.job), .text(shot.text), .int(version), .int(number), .text(name.path),
                        .text(mediaType),
                    ])[0])
        }
    }

    /// Notes which finished file the attempt is about to link into place, so that a later attempt finishes that very one.
    ///
    /// - Parameters:
    ///   - claim: The attempt.
    ///   - sha256: Of the file, in hexadecimal.
    ///   - sizeBytes: Of the file.
    ///   - origin: What made it, for the attempt that finishes it; default nothing is known.
    ///   - companions: The files that go beside it; default none.
    /// - Returns: The take.
    /// - Throws: `LeaseLost`; `StudioError` where no take was allocated; `PostgresError`.
    package func recordFile(
        _ claim: HeldClaim, sha256: String, sizeBytes: Int64, origin: [String: JSONValue] = [:],
        companions: [FinishedJobFile] = []
    ) async throws -> TakeRecord {
        let provenance: JSONValue = ["runner": .object(origin)]
        let parameters: [PostgresParameter] = [
            .id(claim.job), .text(sha256), .int64(sizeBytes), .int(claim.attempt), try .json(provenance),
        ]
        return try await database.transaction { connection in
            _ = try AttemptFence.lock(claim, on: connection)
            guard let row = try connection.query(PublicationSQL.recordFile, parameters).first else {
                throw Self.notAllocated
            }
            try JobFileSQL.record(claim, companions, on: connection)
            return try TakeRecord(row)
        }
    }

    /// Runs a closure as the only writer of the project's Git repository across all machines, with the attempt's job
    /// locked, so that neither the recovery nor a cancel can come between the commit and `publish`.
    ///
    /// Keep it short: no event of the studio is told past an open transaction. After `commitUnknown`, look at
    /// `get(job:)`: a take published by this attempt is a success.
    ///
    /// - Parameters:
    ///   - claim: The attempt.
    ///   - project: The job's project.
    ///   - body: What to do, on a database thread; it may run more than once.
    /// - Returns: What the closure returns.
    /// - Throws: `LeaseLost`; what the closure throws; `PostgresError`.
    package func withProjectWriter<T: Sendable>(
        _ claim: HeldClaim, project: ProjectID, _ body: @escaping @Sendable (PostgresConnection) throws -> T
    ) async throws -> T {
        try await database.transaction { connection in
            // First the lock that may take long to get: while it is waited for, the lease can be renewed.
            try connection.execute(ProjectWriters.lock, [.id(project)])
            _ = try AttemptFence.lock(claim, on: connection)
            return try body(connection)
        }
    }

    /// Publishes the take: its row, the job's success, the credits and the events together; inside `withProjectWriter`.
    ///
    /// - Parameters:
    ///   - take: What is known now.
    ///   - connection: The transaction.
    /// - Returns: The take, and the jobs that are queued because of it.
    /// - Throws: `LeaseLost`; `StudioError` where the job has no such take; `PostgresError`.
    package func publish(_ take: PublishedTake, on connection: PostgresConnection) throws -> Publication {
        let claim = HeldClaim(job: take.job, attempt: take.attempt)
        let job = try AttemptFence.lock(claim, on: connection)
        let parameters: [PostgresParameter] = [
            .id(take.take), .id(take.job), .int(take.attempt), .text(take.sha256), .int64(take.sizeBytes),
            try .json(take.probe), try .json(take.provenance), .text(take.commit), .bool(take.hasThumbnail),
            .text(take.port),
        ]
        try connection.execute(JobFileSQL.publishBeside, [.id(claim.job), .int(claim.attempt)])
        guard let row = try connection.query(PublicationSQL.publish, parameters).first else { throw Self.notAllocated }
        let verdict = WorkerBlockStore.Verdict(
            worker: try job.decode("worker_id"), function: try job.decode("function"), failure: nil,
            startedAt: try job.decode("started_at"))
        _ = try WorkerBlockStore.note([verdict], on: connection)
        return Publication(
            take: try TakeRecord(row),
            releasedJobs: try JobStore(database).releaseDependents(of: take.job, on: connection))
    }

    private static let notAllocated = StudioError(.internalFault, "the job has no take to publish")

    private enum PublicationSQL {
        static let ofJob = "SELECT \(TakeRecord.columns) FROM takes t WHERE t.job_id = $1"
        static let nextNumber = """
            INSERT INTO take_counters AS c (project_id, shot, version, last_number) VALUES ($1, $2, $3, $4)
            ON CONFLICT (project_id, shot, version)
            DO UPDATE SET last_number = greatest(c.last_number + 1, excluded.last_number)
            RETURNING last_number
            """
        static let insert = """
            INSERT INTO takes AS t (id, tenant_id, project_id, job_id, shot, version, number, path, media_type)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            RETURNING \(TakeRecord.columns)
            """
        static let recordFile = """
            UPDATE takes t SET sha256 = $2, size_bytes = $3, attempt = $4, provenance = $5
            WHERE t.job_id = $1 AND t.published_at IS NULL
            RETURNING \(TakeRecord.columns)
            """
        // Nothing else happens where the take is not there to be published: every part hangs on its row.
        static let publish = """
            WITH published AS (
                UPDATE takes t SET sha256 = $4, size_bytes = $5, attempt = $3, probe = $6, provenance = $7,
                    commit_id = $8, has_thumbnail = $9, port = $10, published_at = now()
                WHERE t.id = $1 AND t.job_id = $2 AND t.published_at IS NULL
                RETURNING t.*
            ), succeeded AS (
                UPDATE jobs j SET state = 'succeeded', worker_id = NULL, lease_expires_at = NULL, finished_at = now(),
                    counted_attempts = j.counted_attempts + 1, not_before = NULL
                FROM published p WHERE j.id = p.job_id
                RETURNING j.id, j.user_id, j.round, j.credits
            ), attempts AS (
                UPDATE job_attempts a SET finished_at = now(), outcome = 'succeeded'
                FROM published p WHERE a.job_id = p.job_id AND a.attempt = $3
            ), settled AS (
                INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
                SELECT user_id, id, round, 'settle', credits FROM succeeded WHERE credits > 0
            ), told AS (
                INSERT INTO events (tenant_id, project_id, job_id, kind, payload)
                SELECT tenant_id, project_id, job_id, 'take.created', jsonb_build_object(
                    'take', id, 'job', job_id, 'shot', shot, 'version', version, 'number', number, 'path', path,
                    'mediaType', media_type, 'sha256', sha256, 'sizeBytes', size_bytes)
                FROM published
            )
            SELECT \(TakeRecord.columns) FROM published t
            """
    }
}
