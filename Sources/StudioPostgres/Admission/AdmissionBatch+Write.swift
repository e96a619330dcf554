import QueueProtocol
import StudioCore

extension AdmissionBatch {
    /// Writes what was decided and commits it: one statement, however many jobs.
    ///
    /// - Parameters:
    ///   - knownRevisions: Digests of function revisions that are known to be there.
    ///   - connection: The transaction.
    /// - Returns: The revisions that are there now, and the units whose key had been used, which were left out.
    /// - Throws: `PostgresError`.
    func write(
        knownRevisions: Set<String>, on connection: PostgresConnection
    ) throws -> (revisions: Set<String>, keyUsed: [Int]) {
        guard !accepted.isEmpty || !acceptedRuns.isEmpty else { return ([], []) }
        let revisions = try writeRevisions(except: knownRevisions, on: connection)
        try writeCeleryTasks(on: connection)
        try writeDocuments(on: connection)
        let dependencies = accepted.flatMap { entry in entry.dependsOn.map { (job: entry.job.id, on: $0) } }
        let parameters =
            try jobColumns() + keyColumns() + [
                .ids(dependencies.map(\.job)), .ids(dependencies.map(\.on)),
            ] + runPlaceColumns() + [
                .optionalTexts(accepted.map { $0.job.partOf?.description }),
                .bools(accepted.map(\.job.isSpared)),
            ]
        let rows =
            acceptedRuns.isEmpty
            ? try connection.queryAndCommit(SQL.write, parameters)
            : try connection.queryAndCommit(SQL.writeWithRuns, try parameters + runColumns())
        guard rows.count < answered.count else { return (revisions, []) }
        var kept: Set<String> = []
        for row in rows {
            kept.insert("\(try row.decode("user_id", as: UserID.self)) \(try row.decode("key", as: String.self))")
        }
        let keyUsed = answered.filter { !kept.contains("\($0.request.user) \($0.request.key)") }
        return (revisions, keyUsed.map(\.place))
    }

    private func writeRevisions(except known: Set<String>, on connection: PostgresConnection) throws -> Set<String> {
        var added: Set<String> = []
        for job in accepted.map(\.job) where !known.contains(job.functionDigest) {
            guard added.insert(job.functionDigest).inserted else { continue }
            try connection.execute(
                SQL.revision,
                [.text(job.functionDigest), .text(job.function), .text(job.functionVersion), try .json(job.manifest)])
        }
        return added
    }

    private func writeCeleryTasks(on connection: PostgresConnection) throws {
        let asked = accepted.map(\.job).filter { $0.celery != nil }
        guard !asked.isEmpty else { return }
        let tasks = asked.compactMap(\.celery)
        try connection.execute(
            SQL.celeryTasks,
            [.texts(tasks.map(\.id)), .ids(asked.map(\.id)), .texts(tasks.map { $0.stored() })])
    }

    private func keyColumns() throws -> [PostgresParameter] {
        [
            .ids(answered.map(\.request.user)), .texts(answered.map(\.request.key)),
            .texts(answered.map(\.request.fingerprint)), .ints(answered.map(\.answer.status)),
            .texts(try answered.map { try Self.json(.object($0.answer.headers.mapValues(JSONValue.string))) }),
            .texts(answered.map(\.answer.body)),
        ]
    }

    private func jobColumns() throws -> [PostgresParameter] {
        let jobs = accepted.map(\.job)
        return [
            .ids(jobs.map(\.id)), .ids(jobs.map(\.tenant)), .ids(jobs.map(\.project)), .ids(jobs.map(\.user)),
            .optionalTexts(jobs.map { $0.shot?.text }), .ints(jobs.map(\.version)), .texts(jobs.map(\.function)),
            .texts(jobs.map(\.functionDigest)), .texts(try jobs.map { try Self.json($0.parameters) }),
            .texts(try jobs.map { try Self.json(.object($0.inputs.mapValues(JSONValue.string))) }),
            .texts(jobs.map(\.quality.rawValue)), .texts(jobs.map(\.queue)), .ints(jobs.map(\.priority)),
            .ints(jobs.map(\.maxAttempts)), .ints(jobs.map(\.timeoutSeconds)),
            .optionalTexts(jobs.map { $0.notBefore.map(Timestamp.text) }),
            .texts(accepted.map(\.state.rawValue)), .ints(jobs.map(\.credits)), .optionalTexts(jobs.map(\.requestID)),
            .optionalTexts(jobs.map(\.traceparent)),
            .optionalTexts(accepted.map { $0.key?.user.description }), .optionalTexts(accepted.map { $0.key?.key }),
            .bools(accepted.map(\.isPushed)), .bools(jobs.map { $0.celery != nil }),
            .optionalTexts(jobs.map { $0.expiresAt.map(Timestamp.text) }),
            .optionalTexts(jobs.map { $0.previewJob?.description }),
            .texts(jobs.map(\.destination.kind.rawValue)), .optionalTexts(jobs.map(\.destination.path)),
            .bools(jobs.map(Self.replaces)),
        ]
    }

    private func runPlaceColumns() throws -> [PostgresParameter] {
        let jobs = accepted.map(\.job)
        return [
            .optionalTexts(jobs.map { $0.place?.run.description }), .optionalTexts(jobs.map { $0.place?.node }),
            .optionalTexts(jobs.map { $0.place?.index.map { String($0) } }), .optionalTexts(jobs.map(\.contentKey)),
            .optionalTexts(
                try jobs.map {
                    $0.inputHashes.isEmpty ? nil : try Self.json(.object($0.inputHashes.mapValues(JSONValue.string)))
                }),
        ]
    }

    private static func replaces(_ job: NewJob) -> Bool {
        if case .export(_, replaces: true) = job.destination { true } else { false }
    }

    static func json(_ value: JSONValue) throws(PostgresError) -> String {
        do {
            return try JSONText.string(value)
        } catch {
            throw PostgresError(.invalidValue, operatorDetail: "a value cannot be written as JSON")
        }
    }

    private enum SQL {
        static let revision = """
            INSERT INTO function_revisions (digest, name, version, manifest) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
            """
        static let celeryTasks = """
            INSERT INTO celery_tasks (task_id, job_id, follows, request)
            SELECT task_id, job_id, false, request
            FROM unnest($1::text[], $2::uuid[], $3::text[]) AS a (task_id, job_id, request)
            """
        static let write = statement("")
        static let writeWithRuns = statement(runs)
        // Keys first: a job whose key was used is not written, and then nothing else of its unit is.
        private static func statement(_ runs: String) -> String {
            """
            WITH kept AS (
                INSERT INTO idempotency_keys AS k (user_id, key, fingerprint, status, headers, body)
                SELECT * FROM unnest($30::uuid[], $31::text[], $32::text[], $33::integer[], $34::jsonb[], $35::text[])
                    AS a (user_id, key, fingerprint, status, headers, body)
                ORDER BY user_id, key
                ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, resource_id = NULL,
                    status = excluded.status, headers = excluded.headers, body = excluded.body, created_at = now()
                WHERE k.created_at < now() - interval '24 hours'
                RETURNING k.user_id, k.key
            ), j AS (
                INSERT INTO jobs (id, tenant_id, project_id, user_id, shot, version, function, function_revision,
                    parameters, inputs, quality, queue, priority, max_attempts, timeout_seconds, not_before, state,
                    credits, request_id, traceparent, queued_at, pushed_at, place, delayed, has_celery_task,
                    expires_at, preview_job, held_at, destination, target_path, replaces, run_id, run_node, run_index,
                    content_key, input_hashes, part_of, is_spared)
                SELECT id, tenant_id, project_id, user_id, shot, version, function, function_revision, parameters,
                    inputs, quality, queue, priority, max_attempts, timeout_seconds, not_before, state, credits,
                    request_id, traceparent, CASE WHEN state = 'queued' THEN now() END,
                    CASE WHEN is_pushed THEN now() END, \(JobStore.nextPlace) + number - 1,
                    coalesce(not_before > now(), false), has_celery_task, expires_at,
                    preview_job, CASE WHEN preview_job IS NOT NULL THEN now() END, destination, target_path, replaces,
                    run_id, run_node, run_index, content_key, input_hashes, part_of, is_spared
                FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::integer[], $7::text[],
                    $8::text[], $9::jsonb[], $10::jsonb[], $11::text[], $12::text[], $13::smallint[], $14::integer[],
                    $15::integer[], $16::timestamptz[], $17::text[], $18::bigint[], $19::text[], $20::text[],
                    $21::uuid[], $22::text[], $23::boolean[], $24::boolean[], $25::timestamptz[],
                    $26::uuid[], $27::text[], $28::text[], $29::boolean[], $38::uuid[], $39::text[], $40::integer[],
                    $41::text[], $42::jsonb[], $43::uuid[], $44::boolean[])
                    WITH ORDINALITY
                    AS a (id, tenant_id, project_id, user_id, shot, version, function, function_revision, parameters,
                    inputs, quality, queue, priority, max_attempts, timeout_seconds, not_before, state, credits,
                    request_id, traceparent, key_user, key, is_pushed, has_celery_task, expires_at,
                    preview_job, destination, target_path, replaces, run_id, run_node, run_index, content_key,
                    input_hashes, part_of, is_spared, number)
                WHERE key IS NULL OR (key_user, key) IN (SELECT user_id, key FROM kept)
                RETURNING id, user_id, round, credits
            ), hold AS (
                INSERT INTO ledger_entries (user_id, job_id, round, kind, amount)
                SELECT user_id, id, round, 'hold', credits FROM j WHERE credits > 0
            ), dependencies AS (
                INSERT INTO job_dependencies (job_id, depends_on)
                SELECT d.job_id, d.depends_on FROM unnest($36::uuid[], $37::uuid[]) AS d (job_id, depends_on)
                JOIN j ON j.id = d.job_id
            )\(runs)
            SELECT user_id, key FROM kept
            """
        }
    }
}
