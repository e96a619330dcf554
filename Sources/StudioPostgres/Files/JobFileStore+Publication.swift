package import QueueProtocol
import StudioCore

/// How a job's files come to be. Everything is fenced by the attempt: where the claim is no longer the job's, `LeaseLost` is
/// thrown and nothing changes.
extension JobFileStore {
    /// Notes which finished files attempts are about to put into their places, so that later attempts finish those very ones;
    /// all of them in one transaction.
    ///
    /// - Parameter recordings: The attempts, each once.
    /// - Returns: For each whether it was noted: `LeaseLost`, or what its `takeBack` threw, and then nothing is noted of it.
    /// - Throws: `PostgresError`; then nothing is noted, of none of them.
    package func record(_ recordings: [FileRecording]) async throws -> [Result<Void, any Error>] {
        try await database.transaction { connection in
            let held = try AttemptFence.lock(recordings.map(\.claim), on: connection)
            let noted = Dictionary(
                grouping: try connection.query(JobFileSQL.notedOfAll, [.ids(held.keys.map(\.job))]).map {
                    try JobFileRecord($0)
                }, by: \.job)
            var kept: [FileRecording] = []
            let results = recordings.map { recording in
                Result {
                    guard held[recording.claim] != nil else { throw LeaseLost(claim: recording.claim) }
                    let known = Set(recording.files.map { "\($0.path) \($0.sha256)" })
                    let stale = (noted[recording.claim.job] ?? []).filter { !known.contains("\($0.path) \($0.sha256)") }
                    try recording.takeBack(stale)
                    kept.append(recording)
                }
            }
            for recording in kept where noted[recording.claim.job] != nil {
                try connection.execute(JobFileSQL.forgetNoted, [.id(recording.claim.job)])
            }
            try JobFileSQL.insert(kept.flatMap { kept in kept.files.map { (kept.claim, $0) } }, on: connection)
            return results
        }
    }

    /// Notes what one attempt is about to put into place; see ``record(_:)``.
    ///
    /// - Parameter recording: The attempt and its files.
    /// - Throws: `LeaseLost`; what `takeBack` throws; `PostgresError`.
    package func record(_ recording: FileRecording) async throws { try await record([recording])[0].get() }

    /// Puts noted files into their places and publishes them: their rows, the jobs' success, the credits and the events
    /// together, all of them in one transaction.
    ///
    /// The jobs are locked from before their files are placed, so that neither the recovery nor a cancel nor another attempt can
    /// come in between. After `commitUnknown`, look at `list(of:)`: files published by this attempt are a success.
    ///
    /// - Parameters:
    ///   - publications: The attempts, each once.
    ///   - closing: Called when all is written and not committed yet; what it throws undoes that.
    /// - Returns: For each what it came to: `LeaseLost`, what its `place` threw, or `StudioError` where none was noted, and then
    ///   nothing is published of it.
    /// - Throws: What `closing` throws; `PostgresError`; then nothing is published, of none of them.
    package func publish(
        _ publications: [FilePublication], closing: @escaping @Sendable () throws -> Void = {}
    ) async throws -> [Result<PublishedFiles, any Error>] {
        try await database.transaction { [database] connection in
            let held = try AttemptFence.lock(publications.map(\.claim), on: connection)
            var refusals: [HeldClaim: any Error] = [:]
            var placed: [HeldClaim] = []
            for publication in publications {
                do {
                    guard held[publication.claim] != nil else { throw LeaseLost(claim: publication.claim) }
                    try publication.place()
                    placed.append(publication.claim)
                } catch {
                    refusals[publication.claim] = error
                }
            }
            let parts = try Self.publish(placed.sorted { $0.job < $1.job }, held: held, on: connection)
            let settled = try JobStore(database).settleDependents(
                of: parts.mapValues { _ in JobState.succeeded }, on: connection)
            try closing()
            return publications.map { publication in
                if let refusal = refusals[publication.claim] { return .failure(refusal) }
                guard let hasParts = parts[publication.claim.job] else {
                    return .failure(StudioError(.internalFault, "the job has no files to publish"))
                }
                return .success(
                    PublishedFiles(releasedJobs: settled.moved[publication.claim.job] ?? [], hasParts: hasParts))
            }
        }
    }

    /// Publishes what one attempt has noted; see ``publish(_:closing:)``.
    ///
    /// - Parameter publication: The attempt.
    /// - Returns: What it came to.
    /// - Throws: `LeaseLost`; what `place` throws; `StudioError` where nothing was noted; `PostgresError`.
    @discardableResult
    package func publish(_ publication: FilePublication) async throws -> PublishedFiles {
        try await publish([publication])[0].get()
    }

    /// Writes the success of attempts whose files are in their places; says of each job whether it has parts.
    private static func publish(
        _ claims: [HeldClaim], held: [HeldClaim: PostgresRow], on connection: PostgresConnection
    ) throws -> [JobID: Bool] {
        guard !claims.isEmpty else { return [:] }
        let jobs = PostgresParameter.ids(claims.map(\.job))
        // A statement of its own: the place must be free before the next one takes it.
        try connection.execute(JobFileSQL.supersede, [jobs])
        var parts: [JobID: Bool] = [:]
        var hasBlocks = false
        for row in try connection.query(JobFileSQL.publish, [jobs, .ints(claims.map(\.attempt))]) {
            parts[try row.decode("id")] = try row.decode("has_parts", as: Bool.self)
            hasBlocks = try row.decode("has_blocks")
        }
        // Where nobody has failed lately, a success changes nothing.
        if hasBlocks {
            let verdicts = try claims.compactMap { claim in
                try held[claim].map { job in
                    WorkerBlockStore.Verdict(
                        worker: try job.decode("worker_id"), function: try job.decode("function"), failure: nil,
                        startedAt: try job.decode("started_at"))
                }
            }
            _ = try WorkerBlockStore.note(verdicts, on: connection)
        }
        return parts
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

    /// Locks the jobs of several attempts, in the order in which rows are locked everywhere.
    ///
    /// - Returns: The rows of those that still hold their jobs.
    /// - Throws: `PostgresError`.
    static func lock(_ claims: [HeldClaim], on connection: PostgresConnection) throws -> [HeldClaim: PostgresRow] {
        let sorted = claims.sorted { $0.job < $1.job }
        var held: [HeldClaim: PostgresRow] = [:]
        for row in try connection.query(allOfThem, [.ids(sorted.map(\.job)), .ints(sorted.map(\.attempt))]) {
            held[HeldClaim(job: try row.decode("id"), attempt: try row.decode("attempt"))] = row
        }
        return held
    }

    private static let columns = "tenant_id, project_id, shot, version, function, worker_id, started_at"
    private static let sql = """
        SELECT \(columns) FROM jobs WHERE id = $1 AND attempt = $2 AND state = 'running' FOR UPDATE
        """
    // By id first and by the rest afterwards: see the claim.
    private static let allOfThem = """
        SELECT id, j.attempt, \(columns) FROM unnest($1::uuid[], $2::integer[]) AS e (job, held)
        CROSS JOIN LATERAL (SELECT * FROM jobs WHERE id = e.job OFFSET 0 FOR UPDATE) j
        WHERE j.attempt = e.held AND j.state = 'running'
        """
}
