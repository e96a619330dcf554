import FoundationEssentials
import QueueProtocol
import StudioCore

extension JobStore {
    /// Admits a job in a transaction of its own.
    ///
    /// Where the answer to COMMIT is lost it looks again: the same job id is admitted once.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - idempotency: The key the request came with; default none.
    ///   - answer: What to keep as the first answer to that key.
    /// - Returns: The job, or the first answer again.
    /// - Throws: `StudioError` for a refusal, which leaves nothing behind; `PostgresError`.
    package func admit(
        _ job: NewJob, idempotency: IdempotencyRequest? = nil,
        answer: (@Sendable (JobRecord) throws -> IdempotentAnswer)? = nil
    ) async throws -> Admission {
        do {
            return try await database.transaction { connection in
                try admit(job, idempotency: idempotency, answer: answer, on: connection)
            }
        } catch let error as PostgresError where error.code == .commitUnknown {
            return try await database.transaction { connection in
                try admit(job, idempotency: idempotency, answer: answer, on: connection)
            }
        }
    }

    /// Admits a job inside the caller's transaction; roll it back where this throws.
    ///
    /// - Parameters:
    ///   - job: The job.
    ///   - idempotency: The key the request came with; default none.
    ///   - answer: What to keep as the first answer to that key.
    ///   - connection: The transaction.
    /// - Returns: The job, or the first answer again.
    /// - Throws: `StudioError` for a refusal; `PostgresError`.
    package func admit(
        _ job: NewJob, idempotency: IdempotencyRequest? = nil,
        answer: ((JobRecord) throws -> IdempotentAnswer)? = nil, on connection: PostgresConnection
    ) throws -> Admission {
        let project = try connection.query(AdmissionSQL.project, [.id(job.project), .id(job.tenant), .id(job.id)]).first
        if let project, try project.decode("is_known") {
            let known = try record(job.id, on: connection)
            guard known.user == job.user, known.project == job.project else {
                throw StudioError(.conflict, "there is another job with this id")
            }
            return .known(known)
        }
        if let idempotency {
            switch try IdempotencyStore(database).claim(idempotency, on: connection) {
            case .fresh: break
            case .replay(let first): return .replayed(first)
            case .mismatch: throw IdempotencyStore.mismatch
            case .inProgress: throw IdempotencyStore.inProgress
            }
        }
        guard let project else { throw StudioError(.notFound, "there is no such project") }
        guard try !project.decode("is_archived") else {
            throw StudioError(.conflict, "the project is archived; restore it to submit jobs")
        }
        let upstream = try dependencies(of: job)
        let state = try stateForDependencies(upstream, project: job.project, on: connection)
        try checkQuotaAndCredits(of: job.user, cost: job.credits, on: connection)
        let record = try insert(job, state: state, dependsOn: upstream.map(\.id), project: project, on: connection)
        if let idempotency, let answer {
            try IdempotencyStore(database).complete(idempotency, answer: answer(record), on: connection)
        }
        return .admitted(record)
    }

    private struct Dependency {
        var id: JobID
        var pointer: String
    }

    /// The jobs it names, each once, with the place that named it first.
    private func dependencies(of job: NewJob) throws -> [Dependency] {
        var found: [Dependency] = []
        var findings: [Finding] = []
        func add(_ id: JobID, _ pointer: String) {
            if id == job.id {
                findings.append(Finding(pointer: pointer, code: "invalid", detail: "a job cannot depend on itself"))
            } else if !found.contains(where: { $0.id == id }) {
                found.append(Dependency(id: id, pointer: pointer))
            }
        }
        for (index, id) in job.dependsOn.enumerated() { add(id, "/dependsOn/\(index)") }
        for (name, source) in job.inputs.sorted(by: { $0.key < $1.key }) where source.hasPrefix("job:") {
            let pointer = "/inputs/" + name.replacing("~", with: "~0").replacing("/", with: "~1")
            if let id = JobID(String(source.dropFirst(4))) {
                add(id, pointer)
            } else {
                findings.append(Finding(pointer: pointer, code: "format", detail: "job: is followed by a job's id"))
            }
        }
        guard findings.isEmpty else { throw StudioError.invalid(findings) }
        return found
    }

    /// Locks the upstream jobs against a change of state until the new row is there to be released by them.
    private func stateForDependencies(
        _ upstream: [Dependency], project: ProjectID, on connection: PostgresConnection
    ) throws -> JobState {
        guard !upstream.isEmpty else { return .queued }
        var states: [JobID: JobState] = [:]
        for row in try connection.query(AdmissionSQL.upstream, [.ids(upstream.map(\.id)), .id(project)]) {
            states[try row.decode("id")] = try row.word("state", as: JobState.self)
        }
        let findings: [Finding] = upstream.compactMap { dependency in
            switch states[dependency.id] {
            case nil:
                Finding(
                    pointer: dependency.pointer, code: "not-found",
                    detail: "the project has no job \(dependency.id)")
            case .failed, .cancelled:
                Finding(
                    pointer: dependency.pointer, code: "dependency-failed",
                    detail: "job \(dependency.id) did not succeed; retry it first")
            default: nil
            }
        }
        guard findings.isEmpty else { throw StudioError.invalid(findings) }
        return states.values.allSatisfy { $0 == .succeeded } ? .queued : .waiting
    }

    /// Locks the user's account, so that two jobs cannot both take the last place or spend the last credit.
    func checkQuotaAndCredits(of user: UserID, cost: Int, on connection: PostgresConnection) throws {
        guard cost > 0 || activeJobsPerUser > 0 else { return }
        let available = try connection.query(AdmissionSQL.funds, [.id(user)]).first?.decode("available") ?? 0
        if activeJobsPerUser > 0 { try checkQuota(of: user, on: connection) }
        guard available >= cost else {
            throw StudioError(
                .insufficientCredits, "this job costs \(cost) credits and \(available) are available")
        }
    }

    /// Counts once the account is locked, in a statement of its own: one that had waited for the lock would count as of
    /// when it began, without the job that it waited for.
    private func checkQuota(of user: UserID, on connection: PostgresConnection) throws {
        let active: Int = try connection.query(AdmissionSQL.active, [.id(user), .int(activeJobsPerUser)])[0]
            .decode("active")
        guard active < activeJobsPerUser else {
            throw StudioError(
                .quotaExceeded,
                "you have \(activeJobsPerUser) jobs that are not finished, as many as one user may have; "
                    + "wait until some are, or cancel some")
        }
    }

    private func insert(
        _ job: NewJob, state: JobState, dependsOn: [JobID], project: PostgresRow, on connection: PostgresConnection
    ) throws -> JobRecord {
        let parameters: [PostgresParameter] = [
            .id(job.id), .id(job.tenant), .id(job.project), .id(job.user), .text(job.shot.text), .int(job.version),
            .text(job.function), .text(job.functionDigest), .text(job.functionVersion), try .json(job.manifest),
            try .json(job.parameters), try .json(job.inputs), .text(job.quality.rawValue), .text(job.queue),
            .int(job.priority), .int(job.maxAttempts), .int(job.timeoutSeconds), .date(job.notBefore),
            .text(state.rawValue), .int(job.credits), .text(job.requestID), .text(job.traceparent), .ids(dependsOn),
            .text(try project.decode("name")),
        ]
        guard let row = try connection.query(AdmissionSQL.insert, parameters).first else {
            throw PostgresError(.decoding, operatorDetail: "the new job was not returned")
        }
        return try JobRecord(row)
    }

    private enum AdmissionSQL {
        static let project = """
            SELECT p.name, p.archived_at IS NOT NULL AS is_archived,
                   EXISTS (SELECT FROM jobs WHERE id = $3) AS is_known
            FROM projects p WHERE p.id = $1 AND p.tenant_id = $2 AND p.scaffolded_at IS NOT NULL
            """
        // FOR SHARE: what one of them does when it ends waits until the new job can be seen, and then finds it.
        static let upstream = "SELECT id, state FROM jobs WHERE id = ANY ($1) AND project_id = $2 ORDER BY id FOR SHARE"
        static let funds = "SELECT available FROM credit_accounts WHERE user_id = $1 FOR NO KEY UPDATE"
        // The words of the index jobs_active_user; reads no more of it than the limit.
        static let active = """
            SELECT count(*) AS active FROM (
                SELECT FROM jobs WHERE user_id = $1 AND state IN ('waiting', 'queued', 'running') LIMIT $2
            ) counted
            """
        // One round trip for the revision, the job, what it depends on and the credits held for it.
        static let insert = """
            WITH revision AS (
                INSERT INTO function_revisions (digest, name, version, manifest) VALUES ($8, $7, $9, $10)
                ON CONFLICT DO NOTHING
            ), j AS (
                INSERT INTO jobs (id, tenant_id, project_id, user_id, shot, version, function, function_revision,
                    parameters, inputs, quality, queue, priority, max_attempts, timeout_seconds, not_before, state,
                    credits, request_id, traceparent, queued_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                    CASE WHEN $19 = 'queued' THEN now() END)
                RETURNING *
            ), dependencies AS (
                INSERT INTO job_dependencies (job_id, depends_on) SELECT j.id, unnest($23::uuid[]) FROM j
            ), hold AS (
                INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
                SELECT user_id, id, round, 'hold', credits FROM j WHERE credits > 0
            )
            SELECT j.id, j.tenant_id, j.project_id, $24::text AS project_name, j.user_id, j.shot, j.version, j.function,
                   $9::text AS function_version, j.parameters, j.inputs, j.quality, j.queue, j.priority, j.max_attempts,
                   j.timeout_seconds, j.not_before, j.state, j.attempt, j.counted_attempts, j.round, j.worker_id,
                   j.cancel_requested_at, j.failure, j.credits, j.request_id, j.traceparent, j.created_at, j.queued_at,
                   j.pushed_at, j.started_at, j.finished_at, $23::uuid[] AS depends_on, NULL::uuid AS take_id
            FROM j
            """
    }
}
